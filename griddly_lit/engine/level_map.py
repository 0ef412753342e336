"""Level strings: the engine takes ragged and empty ones, and then plays something else."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from griddly_lit.errors import LevelError

# A cell is "." or a map character with an optional player number; "/" stacks several in one cell.
_OBJECT = r"(?:\.|[^\s/]\d*)"
_CELL = re.compile(rf"{_OBJECT}(?:/{_OBJECT})*")


def row_widths(level: str) -> list[int]:
    """Returns the number of cells of each row of a level string, blank rows left out."""
    return [len(_CELL.findall(row)) for row in level.splitlines() if row.strip()]


def check_level(level: str, shown: str, characters: Collection[str] | None = None) -> None:
    """Checks a level string before the engine sees it.

    Args:
        level: The level string.
        shown: What to call it in error messages.
        characters: The map characters that the game declares, if they are known.

    Raises:
        LevelError: It is empty, its rows differ in length, or it uses an unknown character.
    """
    widths = row_widths(level)
    if len(set(widths)) != 1:
        raise LevelError(
            shown,
            f"its rows have {widths} cells" if widths else "the level is empty",
            "Write every row of a level with the same number of cells",
        )
    if characters is None:
        return
    for cell in _CELL.findall(level):
        for character in (part[0] for part in cell.split("/")):
            if character != "." and character not in characters:
                raise LevelError(
                    shown,
                    f"no object has the map character {character!r}",
                    "Use the characters that the game's objects declare",
                    sorted(characters),
                )


def load_level_string(engine: Any, level: str) -> None:
    """Gives a raw game a level string.

    Raises:
        LevelError: It is empty, its rows differ in length, or the engine refuses it.
    """
    shown = f"level={level[:60]!r}"
    check_level(level, shown)
    rows = (row.strip() for row in level.splitlines() if row.strip())
    try:
        engine.load_level_string("\n".join(rows) + "\n")
    except (ValueError, RuntimeError) as error:
        raise LevelError(
            shown,
            f"the engine refuses it: {error}",
            "Use only the map characters that the game's objects declare",
        ) from error
