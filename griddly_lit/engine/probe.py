"""Describes a game, or names its fault, without risking the caller's process.

A malformed game, or a sprite observer on a machine without a Vulkan driver, can make the engine
abort. So a game is first loaded in a child process: ``python -m griddly_lit.engine.probe``, which
takes a request as JSON on its standard input and answers in JSON.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from griddly_lit.engine.document import Document, game_name, possible_outcomes
from griddly_lit.engine.info import GameInfo, Shape
from griddly_lit.engine.level_map import check_level
from griddly_lit.engine.observers import checked_player_observers, needs_vulkan
from griddly_lit.errors import GameLoadError, LevelError, ObserverError

_TIMEOUT_S = 120


def probe(
    text: str,
    document: Document,
    name: str,
    player_observers: str | Sequence[str],
    extra_level: str | None = None,
) -> tuple[GameInfo, tuple[Shape, ...] | None]:
    """Loads a game in a child process and returns what it learned.

    Args:
        text: The game's GDY document.
        document: The same, parsed by :func:`parse_game`.
        name: What to call it in error messages.
        player_observers: Observer name, or one for each player.
        extra_level: A level string to try beside the game's own levels.

    Returns:
        The facts of the game, and the observation shape of each player on ``extra_level``.

    Raises:
        ObserverError: An observer is unknown, not configured, or cannot be drawn here.
        LevelError: The engine refuses one of the levels.
        GameLoadError: The engine refuses the game, or crashed on it.
    """
    observers = checked_player_observers(document, player_observers)
    check_levels(document, name)
    drawn = tuple(observer for observer in observers if needs_vulkan(document, observer))
    answer = _ask_child(text, name, observers, drawn, extra_level)
    if "level" in answer:
        raise LevelError(
            f"{name}, level={answer['level']!r}",
            f"the engine refuses it: {answer['error']}",
            "Mend the level's map",
        )
    if "error" in answer:
        raise GameLoadError(
            name, f"the engine refuses the game: {answer['error']}", "Mend the GDY document"
        )
    known = {"name": game_name(document), "outcomes": possible_outcomes(document)}
    info = GameInfo.from_dict({**answer["info"], **known})
    extra = answer["extra_shapes"]
    return info, None if extra is None else tuple(tuple(shape) for shape in extra)


def check_levels(document: Document, name: str) -> None:
    """Checks the maps of a game's own levels, see :func:`check_level`."""
    levels = document["Environment"].get("Levels") or []
    if not levels:
        raise LevelError(
            f"{name}: Levels",
            "the game has no level",
            "Add at least one level to Environment.Levels",
        )
    characters = {
        str(found["MapCharacter"]) for found in document["Objects"] if "MapCharacter" in found
    }
    for number, level in enumerate(levels):
        check_level(str(level), f"{name}, level={number}", characters)


@functools.lru_cache(maxsize=256)
def _ask_child(
    text: str,
    name: str,
    observers: tuple[str, ...],
    drawn: tuple[str, ...],
    extra_level: str | None,
) -> dict[str, Any]:
    request = json.dumps({"text": text, "observers": observers, "extra_level": extra_level})
    command = [sys.executable, "-m", "griddly_lit.engine.probe"]
    try:
        child = subprocess.run(
            command,
            input=request,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
    except subprocess.TimeoutExpired as error:
        raise GameLoadError(
            name,
            f"the engine did not load it within {_TIMEOUT_S} s",
            "Look for a rule of the game that repeats itself for ever",
        ) from error
    if child.returncode == 0:
        answer: dict[str, Any] = json.loads(child.stdout)
        return answer
    if child.returncode > 0:
        raise GameLoadError(
            name,
            f"the probe failed: {child.stderr.strip()[-500:]}",
            "Check the installation of griddly and griddly_lit",
        )
    death = signal.Signals(-child.returncode).name
    if drawn:
        raise ObserverError(
            f"player_observer_type={drawn[0]!r}",
            f"the engine crashed ({death}) while drawing it, most likely for want of a Vulkan driver",
            "Use Vector observations, or install a Vulkan driver (Debian: libvulkan1 mesa-vulkan-drivers)",
        )
    raise GameLoadError(
        name,
        f"the engine crashed on it ({death})",
        "Check that every level holds an avatar for every player, and every rule names declared objects",
    )


def _describe(request: dict[str, Any]) -> dict[str, Any]:
    """Runs in the child: loads the game, and resets and observes each of its levels."""
    import numpy as np

    from griddly_lit.engine import binding
    from griddly_lit.engine.level_map import load_level_string

    gdy = binding.load_gdy(request["text"])
    engine = binding.create_game(gdy)
    players = [
        engine.register_player(f"player_{n}", name) for n, name in enumerate(request["observers"])
    ]
    engine.init(False)
    shapes, grids = [], []

    def shapes_now() -> list[list[int]]:
        engine.seed(0)
        engine.reset()
        arrays = [np.asarray(player.observe()) for player in players]
        return [[array.shape[2], array.shape[1], array.shape[0]] for array in arrays]

    for level in range(gdy.get_level_count()):
        try:
            engine.load_level(level)
            shapes.append(shapes_now())
        except (ValueError, RuntimeError) as error:
            return {"level": level, "error": str(error)}
        grids.append([engine.get_width(), engine.get_height()])
    names, mappings = list(gdy.get_action_names()), gdy.get_action_input_mappings()
    info = {
        "player_count": gdy.get_player_count(),
        "player_observers": request["observers"],
        "level_shapes": shapes,
        "grid_sizes": grids,
        "avatar": gdy.get_avatar_object() or None,
        "action_names": names,
        "action_sizes": [max(map(int, mappings[name]["InputMappings"])) + 1 for name in names],
        "channel_names": list(engine.get_object_names()),
        "variable_names": list(engine.get_object_variable_names()),
    }
    extra_shapes = None
    if request["extra_level"] is not None:
        try:
            load_level_string(engine, request["extra_level"])
            extra_shapes = shapes_now()
        except (ValueError, RuntimeError) as error:
            # A LevelError of ours would repeat itself in the one that is made of it.
            cause = error.__cause__ or getattr(error, "rule", error)
            return {"level": request["extra_level"][:60], "error": str(cause)}
    return {"info": info, "extra_shapes": extra_shapes}


def _main() -> None:
    # The engine writes to file descriptor 1; the answer leaves through a copy of it.
    answer_fd = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        answer = _describe(json.load(sys.stdin))
    except (ValueError, RuntimeError, KeyError) as error:
        answer = {"error": str(error)}
    with os.fdopen(answer_fd, "w") as out:
        json.dump(answer, out)
        out.flush()
        # Skips the engine's destructors, which may crash after an answer was found.
        os._exit(0)


if __name__ == "__main__":
    _main()
