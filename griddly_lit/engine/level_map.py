"""Level strings, checked before the engine sees them: some of them break it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from griddly_lit.engine.binding import refusals_named, turn_log_off
from griddly_lit.errors import LevelError

# An object takes 2.5 kB of the engine's memory, so the largest level takes some 160 MB.
MOST_OBJECTS = 2**16
# A cell is "." or a map character with a player number and, in brackets, an orientation. "/" puts
# the object that follows into the same cell.
_CELL = re.compile(r"\.|[^\s./\[\]]\d*(?:\[[^\s./\]]*\])?/?")
_MOST_DIGITS = 2


def row_widths(level: str) -> list[int]:
    """Returns the number of cells of each row of a level string, blank rows left out."""
    return [
        sum(not cell.endswith("/") for cell in _CELL.findall(row))
        for row in level.split("\n")
        if row.strip()
    ]


def level_size(level: str) -> tuple[int, int]:
    """Returns the height and width of a level string, in cells."""
    widths = row_widths(level)
    return len(widths), max(widths, default=0)


def padded_level(level: str, height: int, width: int) -> str:
    """Returns a level string with empty cells to the right and below, up to a size.

    Raises:
        LevelError: The level is malformed, see :func:`check_level`.
    """
    check_level(level, f"level={level[:60]!r}")
    rows = [row for row in level.split("\n") if row.strip()]
    filled = [
        row + " ." * (width - cells) for row, cells in zip(rows, row_widths(level), strict=True)
    ]
    return "\n".join([*filled, *["." * width] * (height - len(rows))])


def check_level(level: str, shown: str, characters: Collection[str] | None = None) -> None:
    """Checks a level string before the engine sees it.

    Args:
        level: The level string.
        shown: What to call it in error messages.
        characters: The map characters that the game declares, if they are known.

    Raises:
        LevelError: It is empty, its rows differ in length, it uses an unknown character or a
            player's number that no game has.
    """
    if "\0" in level:
        raise LevelError(shown, "the engine's level ends with its first NUL", "Write it as text")
    widths = row_widths(level)
    if not widths or not widths[0]:
        raise LevelError(shown, "the level is empty", "Write at least one row of cells")
    if len(set(widths)) != 1:
        listed = ", ".join(map(str, widths[:40])) + ("…" if len(widths) > 40 else "")
        raise LevelError(
            shown,
            f"its rows have [{listed}] cells",
            "Write every row of a level with the same number of cells",
        )
    for cell in _CELL.finditer(level):
        written = cell.group()
        character, number = written[0], re.match(r"\d*", written[1:])
        # The engine keeps two digits, and writes past them.
        if number is not None and len(number.group()) > _MOST_DIGITS:
            raise LevelError(
                shown,
                f"{written[:20]!r} is an object of no player",
                f"Write a player's number with at most {_MOST_DIGITS} digits",
            )
        if characters is not None and character != "." and character not in characters:
            raise LevelError(
                shown,
                f"no object has the map character {character!r}",
                "Use the characters that the game's objects declare",
                sorted(characters),
            )


def load_level_string(engine: Any, level: str) -> None:
    """Gives a raw game a level string.

    Raises:
        LevelError: It is too large, see :func:`check_level`, or the engine refuses it.
    """
    shown = f"level={level[:60]!r}"
    if len(level) > 8 * MOST_OBJECTS or len(_CELL.findall(level)) > MOST_OBJECTS:
        raise LevelError(
            shown,
            f"it holds more than {MOST_OBJECTS} cells or objects",
            "Write a smaller level",
        )
    check_level(level, shown)
    rows = (row.strip() for row in level.splitlines() if row.strip())
    try:
        with refusals_named(shown, LevelError, "Mend the level"):
            engine.load_level_string("\n".join(rows) + "\n")
    finally:
        turn_log_off()
