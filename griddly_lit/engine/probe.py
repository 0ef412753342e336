"""Describes a game, or names its fault, without risking the caller's process.

A malformed game, or a sprite observer on a machine without a Vulkan driver, can make the engine
abort, hang or eat the machine's memory. So a game is first loaded and played for some steps in a
child process of bounded time and memory, see :mod:`griddly_lit.engine.trial`.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Sequence
from typing import Any

from griddly_lit import errors
from griddly_lit.engine.document import Document, game_name, possible_outcomes
from griddly_lit.engine.info import GameInfo, Shape
from griddly_lit.engine.level_map import check_level
from griddly_lit.engine.observers import check_player_observers, needs_vulkan
from griddly_lit.engine.schema import first_fault
from griddly_lit.errors import (
    GameFileError,
    GameLoadError,
    GriddlyLitError,
    LevelError,
    ObserverError,
)

_TIMEOUT_S = 120
# Of computing, for loading a game and for each of its levels, which take some milliseconds.
_PHASE_TIMEOUT_S = 15
_MEMORY_BYTES = 768 * 2**20
# The software driver of Vulkan takes more.
_DRAWING_MEMORY_BYTES = 4 * 2**30
_log = logging.getLogger("griddly_lit")


def probe(
    text: str,
    document: Document,
    name: str,
    player_observers: str | Sequence[str],
    extra_level: str | None = None,
    levels: Collection[int] | None = None,
) -> tuple[GameInfo, tuple[Shape, ...] | None]:
    """Loads a game in a child process, plays each level a little, and returns what it learned.

    Args:
        text: The game's GDY document.
        document: The same, parsed by :func:`parse_game`.
        name: What to call it in error messages.
        player_observers: Observer name, or one for each player.
        extra_level: A level string to try beside the game's own levels.
        levels: The levels that must bear being played; all by default. The others need only start.

    Returns:
        The facts of the game, and the observation shape of each player on ``extra_level``.

    Raises:
        ObserverError: An observer is unknown, not configured, or cannot be drawn here.
        LevelError: A level is malformed, or the engine fails on it.
        GameFileError: The engine refuses the game, and its text is not a GDY document.
        GameLoadError: The engine refuses the game, or crashed on it.
    """
    check_player_observers(document, player_observers)
    observers = player_observers if isinstance(player_observers, str) else tuple(player_observers)
    try:
        check_levels(document, name)
        answer = _ask_child(text, name, observers, _drawn(document, observers), extra_level)
        for level, failure in answer["failures"]:
            if levels is None or level in levels:
                raise GameLoadError(
                    f"{name}, level={level}",
                    f"the engine fails when it is played: {failure}",
                    "Look for a rule of the game that names what is not there",
                )
    except (GameLoadError, LevelError) as refusal:
        fault = first_fault(text, name)
        if fault is None:
            raise
        raise GameFileError(
            refusal.value, f"{refusal.rule}; {fault}", "Mend the document there"
        ) from refusal
    if _log.isEnabledFor(logging.DEBUG) and (fault := first_fault(text, name)) is not None:
        _log.debug("%s: the engine takes it, though %s", name, fault)
    known = {"name": game_name(document), "outcomes": possible_outcomes(document)}
    info = GameInfo.from_dict({**answer["info"], **known})
    extra = answer["extra_shapes"]
    return info, None if extra is None else tuple(tuple(shape) for shape in extra)


def check_levels(document: Document, name: str) -> None:
    """Checks the maps of a game's own levels, see :func:`check_level`."""
    characters = {
        str(each["MapCharacter"]) for each in document["Objects"] if "MapCharacter" in each
    }
    for number, level in enumerate(document["Environment"]["Levels"]):
        check_level(level, f"{name}, level={number}", characters)


def _drawn(document: Document, observers: str | tuple[str, ...]) -> str | None:
    names = (observers,) if isinstance(observers, str) else observers
    return next((each for each in names if needs_vulkan(document, each)), None)


@functools.lru_cache(maxsize=256)
def _ask_child(
    text: str,
    name: str,
    observers: str | tuple[str, ...],
    drawn: str | None,
    extra_level: str | None,
) -> dict[str, Any]:
    request = {
        "text": text,
        "observers": observers,
        "extra_level": extra_level,
        "memory_bytes": _MEMORY_BYTES if drawn is None else _DRAWING_MEMORY_BYTES,
        "phase_timeout_s": _PHASE_TIMEOUT_S,
    }
    command = [sys.executable, "-m", "griddly_lit.engine.trial"]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    paths = os.pathsep.join(path for path in sys.path if path)
    try:
        child = subprocess.run(
            command,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
            env={**os.environ, **threads, "PYTHONPATH": paths},
        )
        code, lines, complaint = child.returncode, child.stdout.splitlines(), child.stderr
    except subprocess.TimeoutExpired as error:
        code, complaint = -signal.SIGPROF, ""
        lines = (error.stdout or b"").decode(errors="replace").splitlines()
    if code == 0 and lines and lines[-1].startswith("{"):
        answer: dict[str, Any] = json.loads(lines[-1])
        if "error" in answer:
            raise _renamed(answer["error"], name)
        return answer
    place = lines[-1] if lines else ""
    raise _death(code, complaint, f"{name}, {place}" if place else name, drawn)


def _renamed(told: Sequence[Any], name: str) -> GriddlyLitError:
    """Returns the error that the child raised, which knows the place in the game but not its name."""
    kind, value, rule, mend, available = told
    error: GriddlyLitError = getattr(errors, kind)(
        name if value == "game" else f"{name}, {value}", rule, mend, available
    )
    return error


def _death(code: int, complaint: str, place: str, drawn: str | None) -> GriddlyLitError:
    if code > 0 and "Traceback" in complaint:
        return GameLoadError(
            place,
            f"the probe failed: {complaint.strip()[-500:]}",
            "Check the installation of griddly and griddly_lit",
        )
    if "allocate" in complaint:
        return GameLoadError(
            place,
            f"the engine needs more than {_MEMORY_BYTES // 2**20} MiB for it",
            "Make the level smaller, or look for a rule that repeats itself for ever",
        )
    how = signal.Signals(-code).name if code < 0 else f"exit {code}"
    if how == "SIGPROF":
        return GameLoadError(
            place,
            f"the engine did not get through it within {_PHASE_TIMEOUT_S} s",
            "Look for a rule of the game that repeats itself for ever",
        )
    if drawn:
        return ObserverError(
            f"player_observer_type={drawn!r}",
            f"the engine crashed ({how}) while drawing it, most likely for want of a Vulkan driver",
            "Use Vector observations, or install a Vulkan driver (Debian: libvulkan1 mesa-vulkan-drivers)",
        )
    return GameLoadError(
        place,
        f"the engine crashed on it ({how})",
        "Check that every rule names declared objects, every condition has two arguments, and no "
        "action calls itself for ever",
    )
