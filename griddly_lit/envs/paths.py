"""The folders of a game: where its file is looked up, and where its pictures may lie."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from griddly_lit.errors import OptionError


def find_game(yaml_file: str, gdy_path: str | None) -> Path | None:
    """Returns the file of a game in ``gdy_path`` or the working directory, None if it is in neither."""
    return _find(yaml_file, gdy_path, Path.is_file)


def checked_folder(option: str, path: object, beside: str | None) -> str | None:
    """Returns a folder's absolute path.

    Args:
        option: What the user calls it.
        path: What was passed, absolute, or relative to ``beside`` or to the working directory.
        beside: Folder of the game's file.

    Raises:
        OptionError: There is no such folder.
    """
    if path is None:
        return None
    if not isinstance(path, (str, Path)) or not str(path):
        raise OptionError(f"{option}={path!r}", "it is no folder", "Pass the path of one, or None")
    folder = _find(str(path), beside, Path.is_dir)
    if folder is None:
        raise OptionError(
            f"{option}={str(path)!r}",
            "there is no such folder, beside the game's file or in the working directory",
            "Pass the path of a folder, or None",
        )
    return str(folder)


def _find(path: str, first: str | None, is_there: Callable[[Path], bool]) -> Path | None:
    # What no file system could hold is not there.
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        expanded = Path(path).expanduser()
        for folder in (first, "."):
            if folder is not None and is_there(found := Path(folder, expanded)):
                return found.resolve()
    return None
