"""Which image of a tiled object is drawn: walls join their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Steps to the neighbours on the left, above, on the right and below, and what each counts.
_STEPS = ((-1, 0), (0, -1), (1, 0), (0, 1))
_COUNTS = (1, 4, 2, 8)


def tiling_index(
    mode: str, each: Mapping[str, Any], tops: Mapping[tuple[int, int], str], turns: int
) -> int:
    """Returns the number of the image.

    Args:
        mode: ``NONE``, ``WALL_2`` (joins below) or ``WALL_16`` (joins on all sides).
        each: The object, as the game's state describes it.
        tops: Name of the topmost object of each cell.
        turns: Quarter turns of the view, clockwise.
    """
    name = each["Name"]
    x, y = each["Location"]
    if mode == "WALL_2":
        return int(tops.get((x, y + 1)) == name)
    if mode != "WALL_16":
        return 0
    index = 0
    for side, count in enumerate(_COUNTS):
        dx, dy = _STEPS[(side + turns) % 4]
        if tops.get((x + dx, y + dy)) == name:
            index += count
    return index
