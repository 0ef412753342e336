"""The Griddly extension, loaded by itself.

``import griddly`` would import gym, parse every bundled game and print gym's notice. The compiled
extension needs none of that, so it is loaded straight from the installed wheel.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from griddly_lit.engine.silence import silenced
from griddly_lit.errors import GameLoadError, GriddlyLitError

_SPDLOG_SET_LEVEL = "_ZN6spdlog9set_levelENS_5level10level_enumE"
_SPDLOG_OFF = 6


@functools.cache
def package_dir() -> Path:
    """Returns the folder of the installed ``griddly`` wheel, without importing it."""
    spec = importlib.util.find_spec("griddly")
    if spec is None or not spec.submodule_search_locations:
        raise GameLoadError(
            "griddly", "the engine is not installed", "Install it: pip install griddly==1.6.7"
        )
    return Path(spec.submodule_search_locations[0])


def resources_dir(kind: str) -> Path:
    """Returns the wheel's resource folder of a kind: ``games``, ``images`` or ``shaders``."""
    return package_dir() / "resources" / kind


@functools.cache
def _extension() -> tuple[ModuleType, Path]:
    name = "python_griddly"
    candidates = sorted((package_dir() / "libs").glob(f"{name}*.so"))
    if not candidates:
        raise GameLoadError(
            str(package_dir() / "libs"),
            "the wheel holds no compiled engine for this Python",
            "Use CPython 3.10 or 3.11 on Linux x86-64 and reinstall griddly==1.6.7",
        )
    spec = importlib.util.spec_from_file_location(name, candidates[0])
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {candidates[0]}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules.setdefault(name, module)
    return module, candidates[0]


@functools.cache
def _reader() -> Any:
    folders = (str(resources_dir(kind)) for kind in ("games", "images", "shaders"))
    return _extension()[0].GDYReader(*folders)


def load_gdy(text: str) -> Any:
    """Parses the text of a game.

    Args:
        text: A GDY document (YAML).

    Returns:
        The engine's ``GDY`` object. It cannot be pickled or copied.

    Raises:
        GameLoadError: The engine refuses the text.
    """
    with _engine_log_off(), refusals_named("game"):
        return _reader().load_string(text)


def create_game(gdy: Any, global_observer: str = "None") -> Any:
    """Makes a game from a ``GDY`` object, its whole grid seen by ``global_observer``."""
    with _engine_log_off(), refusals_named("game"):
        return gdy.create_game(global_observer)


@contextmanager
def refusals_named(
    value: str,
    error: type[GriddlyLitError] = GameLoadError,
    mend: str = "Mend the GDY document",
) -> Iterator[None]:
    """Turns whatever the engine throws while the block runs into an error of ours.

    Args:
        value: What the engine was given, as error messages call it.
        error: The kind of error.
        mend: What to do about it.
    """
    try:
        yield
    except GriddlyLitError:
        raise
    except Exception as refusal:
        reason = "too much memory" if isinstance(refusal, MemoryError) else str(refusal).rstrip(".")
        raise error(value, f"the engine refuses it: {reason}", mend) from refusal


def turn_log_off() -> None:
    """Sets the level of the engine's log to off; it is back at info after each level string."""
    set_level = _set_log_level()
    if set_level is not None:
        set_level(_SPDLOG_OFF)


@functools.cache
def _set_log_level() -> Any:
    return getattr(ctypes.CDLL(str(_extension()[1])), _SPDLOG_SET_LEVEL, None)


@contextmanager
def _engine_log_off() -> Iterator[None]:
    """Silences the engine's log, which goes to the C-level stdout of the process.

    Parsing a game and creating one both set spdlog's level back to info, and the latter writes a
    line at once. So stdout points nowhere while they run (milliseconds), and afterwards the level
    is set to off, which keeps later warnings out of progress bars and piped output.
    """
    try:
        with silenced(1):
            yield
    finally:
        turn_log_off()
