"""Episodes played for the tests, and what is in a video file."""

from __future__ import annotations

import imageio.v3 as iio
import numpy as np

from griddly_lit.engine import Game
from griddly_lit.recording import EpisodeReplay
from griddly_lit.recording.replay import open_game


def play(text, level=0, seed=1, steps=100, actions=None, **options):
    """Plays one episode, at random unless ``actions`` (steps, players, parts) are given.

    Returns:
        The replay, and the hash of the engine's last state.
    """
    _, info, gdy = open_game(text)
    max_steps = options.pop("max_steps", None)
    game = Game(gdy, info, max_steps=max_steps)
    game.reset(level, seed)
    rng = np.random.default_rng(seed)
    size = (info.player_count, len(info.action_nvec))
    played, rewards = [], []
    for step in range(steps if actions is None else len(actions)):
        chosen = rng.integers(0, info.action_nvec, size) if actions is None else actions[step]
        result = game.step(chosen)
        played.append(chosen)
        rewards.append(result.rewards)
        if result.terminated or result.truncated:
            break
    state = game.state()["Hash"]
    game.close()
    values = {
        "player_observers": info.player_observers,
        "rewards": np.array(rewards),
        "actions": np.array(played),
        **options,
    }
    replay = EpisodeReplay(
        text=text,
        level=level,
        seed=seed,
        terminated=result.terminated,
        truncated=result.truncated,
        outcomes=result.outcomes,
        max_steps=max_steps,
        **values,
    )
    return replay, state


def pictures(path):
    """Returns the decoded pictures of a video, uint8 (T, H, W, 3)."""
    return np.stack([picture[..., :3] for picture in iio.imiter(path)])


def assert_shows(path, replay):
    """Asserts that a video has a picture of each state and is neither black nor constant."""
    seen = pictures(path)
    assert len(seen) == replay.length + 1
    assert seen.max() > 60
    assert len({picture.tobytes() for picture in seen}) > 1
    assert all(picture.std() > 5 for picture in seen)
