"""Our NumPy pictures against the engine's, which a Vulkan driver draws.

The engine plays and draws in a child process (this file, run as a script), since pytest's own must
not touch Vulkan: what it forks afterwards would hang. Debian's software driver comes with
``apt-get install libvulkan1 mesa-vulkan-drivers``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from griddly_lit import engine
from griddly_lit.recording.renderers import make_renderer, needed_observers
from picture_game import DUEL, SHAPES, picture_game

pytestmark = pytest.mark.slow

FRAMES = 20
SEED = 7
# Pixels that differ, by view ("global" or "players"), where not all are equal. With Mesa 22.3's
# software driver there are none: all 32 games are equal to the last bit, in both observers.
EXCEPTIONS: dict[tuple[str, str, str], int] = {}

WALLS = {"Image": [SHAPES + f"{n}.png" for n in ("square", "circle")] * 8, "TilingMode": "WALL_16"}
NEAR = {"TrackAvatar": True, "Width": 5, "Height": 5}
TURNING = {**NEAR, "RotateWithAvatar": True}
TWO = {"player": {"Count": 2}, "level": DUEL}
FEATURES = {
    "tiling": {"wall": WALLS},
    "tiling in a turning view": {"wall": WALLS, "player_observer": TURNING},
    "turning without tracking": {
        "wall": WALLS,
        "player_observer": {"RotateWithAvatar": True, "Width": 5, "Height": 5},
    },
    "two-part walls": {
        "wall": {"Image": WALLS["Image"][:2], "TilingMode": "WALL_2"},
        "player_observer": TURNING,
    },
    "even size": {"player_observer": {**TURNING, "Width": 4, "Height": 6}},
    "odd tiles": {
        "observer": {"TileSize": [11, 16]},
        "player_observer": {**TURNING, "Width": 4},
    },
    "offset": {"player_observer": {**TURNING, "Height": 3, "OffsetX": 1, "OffsetY": 2}},
    "offset of a whole view": {
        "observer": {"Width": 5, "Height": 3, "OffsetX": 1, "OffsetY": -1},
    },
    "upright images": {"observer": {"RotateAvatarImage": False}, "player_observer": TURNING},
    "scale": {
        "observer": {"TileSize": 17},
        "box": {"Image": SHAPES + "pentagon.png", "Scale": 0.3},
    },
    "blocks": {
        "kind": "BLOCK_2D",
        "observer": {"TileSize": 20, "BackgroundColor": [0.3, 0.1, 0.7]},
        "player_observer": TURNING,
    },
    "padding": {"observer": {"PaddingTile": SHAPES + "circle.png"}, "player_observer": TURNING},
    "outlines": TWO,
    "outlines over a floor": {"observer": {"BackgroundTile": SHAPES + "hexagon.png"}, **TWO},
    "outlines for one": {"observer": {"HighlightPlayers": True}},
    "no outlines": {"observer": {"HighlightPlayers": False}, **TWO},
    "player colours": {
        **TWO,
        "player": {"Count": 2, "Colors": [[1.0, 0.5, 0.3], [0.2, 0.3, 0.9]]},
    },
    **{
        mode: {
            "observer": {
                "BackgroundTile": SHAPES + "hexagon.png",
                "Shader": {
                    "ObserverAvatarMode": mode,
                    "ObserverAvatarHighlightColor": [0.2, 0.1, 0.0],
                },
            },
            "player_observer": {**NEAR, "Width": 3, "Height": 3},
        }
        for mode in ("GRAYSCALE", "DARKEN", "REMOVE", "HIGHLIGHT")
    },
}


def play(game, renderers):
    """Returns one list of frames a renderer, from a random play of level 0."""
    info = game.info
    nvec = info.action_nvec_on(*info.grid_sizes[0])
    rng = np.random.default_rng(SEED)
    game.reset(0, SEED)
    frames = [[renderer.render(game)] for renderer in renderers]
    while len(frames[0]) < FRAMES:
        actions = rng.integers(0, nvec, size=(info.player_count, len(nvec)))
        terminated = game.step(actions).terminated
        for drawn, renderer in zip(frames, renderers, strict=True):
            drawn.append(renderer.render(game))
        if terminated:
            game.reset(0, SEED)
    return frames


def draw(text, info, observer, renderer):
    document = yaml.safe_load(text)
    renderers = [
        make_renderer(document, info, observer=observer, player=player, renderer=renderer)
        for player in (None, *range(info.player_count))
    ]
    game = engine.Game(engine.load_gdy(text), info, **needed_observers(info, renderers))
    frames = play(game, renderers)
    game.close()
    return [np.stack(drawn) for drawn in frames]


def engine_frames(text, info, observer, folder):
    """Returns what :func:`draw` gives in a child process, drawn by the engine."""
    request, answer = folder / "request.json", folder / "frames.npz"
    request.write_text(json.dumps({"text": text, "info": info.to_dict(), "observer": observer}))
    tests = Path(__file__).resolve().parents[1]
    subprocess.run(
        [sys.executable, __file__, request, answer],
        check=True,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), *sys.path])},
    )
    with np.load(answer) as frames:
        return [frames[f"arr_{number}"] for number in range(len(frames))]


def compared(text, observer, folder):
    """Returns the differing pixels and the largest difference of the global view and the players'."""
    info, _ = engine.probe(text, yaml.safe_load(text), "game", observer)
    theirs = engine_frames(text, info, observer, folder)
    off = []
    for ours, expected in zip(draw(text, info, observer, "numpy"), theirs, strict=True):
        assert ours.shape == expected.shape
        off.append(np.abs(ours.astype(np.int16) - expected).max(axis=-1))
    return {
        view: (sum(int((each > 0).sum()) for each in part), max(int(each.max()) for each in part))
        for view, part in (("global", off[:1]), ("players", off[1:]))
    }


@pytest.fixture(scope="module", autouse=True)
def _driver(tmp_path_factory):
    text = picture_game()
    info, _ = engine.probe(text, yaml.safe_load(text), "game", "Vector")
    try:
        engine_frames(text, info, "View", tmp_path_factory.mktemp("driver"))
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().splitlines()[-1]
        if "ObserverError" not in reason:
            raise
        pytest.skip(reason)


@pytest.mark.parametrize("observer", ["Sprite2D", "Block2D"])
@pytest.mark.parametrize("game", engine.bundled_games())
def test_bundled_game_equals_the_engine_s_picture(game, observer, tmp_path):
    for view, (pixels, largest) in compared(engine.read_game(game), observer, tmp_path).items():
        assert pixels == EXCEPTIONS.get((game, observer, view), 0), (view, largest)
        assert largest <= 1


@pytest.mark.parametrize("feature", FEATURES)
def test_feature_equals_the_engine_s_picture(feature, tmp_path):
    text = picture_game(**FEATURES[feature])
    assert compared(text, "View", tmp_path) == {"global": (0, 0), "players": (0, 0)}


def test_isometric_views_come_from_the_engine(tmp_path):
    text = engine.read_game("Single-Player/Mini-Grid/minigrid-spiders.yaml")
    info, _ = engine.probe(text, yaml.safe_load(text), "game", "Vector")
    frames, _ = engine_frames(text, info, "Isometric", tmp_path)
    # (6 + 6) halves of a tile of 32 pixels wide and of a floor 16 high, and one tile of 48.
    assert frames.shape[1:] == (12 * 8 + 48, 12 * 16, 3)
    assert (frames[0] != frames[-1]).any()


if __name__ == "__main__":
    asked = json.loads(Path(sys.argv[1]).read_text())
    drawn = draw(
        asked["text"], engine.GameInfo.from_dict(asked["info"]), asked["observer"], "vulkan"
    )
    np.savez(sys.argv[2], *drawn)
    sys.stdout.flush()
    # The engine's destructors may crash after the work is done.
    os._exit(0)
