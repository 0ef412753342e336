"""Which cells of the level a view shows, and where in the picture each of them lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from griddly_lit.recording.renderers.settings import ObserverSettings

# Quarter turns, clockwise on the screen, of each orientation that the engine reports.
TURNS = {"NONE": 0, "UP": 0, "RIGHT": 1, "DOWN": 2, "LEFT": 3}


@dataclass(frozen=True)
class Camera:
    """One view of one state. All lengths are cells.

    Attributes:
        width: Width of the picture.
        height: Height of the picture.
        edges: Cells of the level that the view reaches: lowest and highest x, lowest and highest y.
            They may lie off the level.
        focus: Level cell that the view turns about.
        origin: Cell of the picture that the focus lies in.
        shift: Offset of all cells, in cells: half a cell where a tracking view has an even size.
        turns: Quarter turns of the view, clockwise.
        image_turns: Quarter turns that images and tilings follow. The engine turns them with the
            avatar even where the view itself stands still, because it does not track.
    """

    width: int
    height: int
    edges: tuple[int, int, int, int]
    focus: tuple[int, int]
    origin: tuple[int, int]
    shift: tuple[float, float]
    turns: int
    image_turns: int

    def place(self, x: int, y: int) -> tuple[int, int]:
        """Returns the cell of the picture that the level cell (x, y) lies in, before the shift."""
        dx, dy = x - self.focus[0], y - self.focus[1]
        if self.turns == 1:
            dx, dy = dy, -dx
        elif self.turns == 2:
            dx, dy = -dx, -dy
        elif self.turns == 3:
            dx, dy = -dy, dx
        return self.origin[0] + dx, self.origin[1] + dy

    @property
    def drawn(self) -> tuple[int, int, int, int]:
        """The edges within which objects are drawn: none of them below 0."""
        left, right, top, bottom = self.edges
        return max(0, left), max(0, right), max(0, top), max(0, bottom)

    def off_level(self, width: int, height: int) -> Iterator[tuple[int, int]]:
        """Yields the reached cells that lie off a level of ``width`` × ``height``."""
        left, right, top, bottom = self.edges
        for x in range(left, right + 1):
            for y in range(top, bottom + 1):
                if not (0 <= x < width and 0 <= y < height):
                    yield x, y


def look(
    settings: ObserverSettings, state: Mapping[str, Any], avatar: Mapping[str, Any] | None
) -> Camera:
    """Returns the view of a state.

    Args:
        settings: The observer.
        state: What :meth:`griddly_lit.engine.Game.state` gave.
        avatar: The player's avatar among the state's objects; None in a view without one.
    """
    width = settings.width or state["Grid"]["Width"]
    height = settings.height or state["Grid"]["Height"]
    shift_x, shift_y = settings.offset
    turns = TURNS[avatar["Orientation"]] if avatar and settings.rotates_with_avatar else 0
    if avatar is None or not settings.tracks_avatar:
        # The engine adds the x offset to the right edge, where it subtracts it elsewhere.
        edges = -shift_x, width + shift_x - 1, -shift_y, height - shift_y - 1
        return Camera(width, height, edges, (0, 0), (shift_x, shift_y), (0.0, 0.0), 0, turns)
    x, y = avatar["Location"]
    # The offset points in the view's own directions.
    middle_x, middle_y = (
        (x - shift_x, y - shift_y),
        (x + shift_y, y + shift_x),
        (x + shift_x, y + shift_y),
        (x - shift_y, y - shift_x),
    )[turns]
    reach_x, reach_y = (width - 1) // 2, (height - 1) // 2
    if turns % 2:
        reach_x, reach_y = reach_y, reach_x
    return Camera(
        width,
        height,
        edges=(middle_x - reach_x, middle_x + reach_x, middle_y - reach_y, middle_y + reach_y),
        focus=(x, y),
        origin=((width - 1) // 2 + shift_x, (height - 1) // 2 + shift_y),
        shift=((width - 1) % 2 / 2, (height - 1) % 2 / 2),
        turns=turns,
        image_turns=turns,
    )
