"""Finished episodes as replays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.envs.episodes import EpisodeEnd, EpisodeStart
from griddly_lit.envs.spec import GriddlyEnvSpec
from griddly_lit.recording import EpisodeReplay


def replay_of(spec: GriddlyEnvSpec, end: EpisodeEnd, env_steps: int | None = None) -> EpisodeReplay:
    """Returns a finished episode as a replay that stands by itself.

    Args:
        spec: The environment.
        end: The episode.
        env_steps: Environment steps of training before it, where known.
    """
    return replay_from(
        spec,
        end.start,
        end.actions,
        end.rewards,
        outcomes=end.outcomes,
        terminated=end.terminated,
        env_steps=env_steps,
    )


def replay_from(
    spec: GriddlyEnvSpec,
    start: EpisodeStart,
    actions: NDArray[np.integer[Any]],
    rewards: NDArray[np.float32],
    *,
    outcomes: tuple[str, ...],
    terminated: bool,
    env_steps: int | None = None,
) -> EpisodeReplay:
    """Returns the replay of a finished episode of which this much is known.

    Args:
        spec: The environment.
        start: How it began.
        actions: Integers (length, players, parts).
        rewards: float32 (length, players).
        outcomes: ``win``, ``lose`` or ``end`` for each player when terminated, otherwise empty.
        terminated: The game's own rules ended it; otherwise the step limit did.
        env_steps: Environment steps of training before it, where known.
    """
    return EpisodeReplay(
        text=spec.text,
        level=start.level,
        seed=start.seed,
        actions=actions,
        rewards=rewards,
        terminated=terminated,
        truncated=not terminated,
        outcomes=outcomes,
        max_steps=spec.max_steps,
        player_observers=spec.game.player_observers,
        global_observer=spec.global_observer_type,
        player_done_variable=spec.player_done_variable,
        game_dir=spec.game_dir,
        image_path=spec.image_path,
        shader_path=spec.shader_path,
        env_steps=env_steps,
    )
