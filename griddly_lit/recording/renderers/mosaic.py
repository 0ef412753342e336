"""Composes cells once, and frames from composed cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from griddly_lit.recording.renderers.patches import Patch
from griddly_lit.recording.renderers.values import Color

# For each cell that a sprite covers: its offset (x, y), and the numbers of the patch to lay over it
# where no player sees the cell and where one does.
Sprite = tuple[tuple[int, int, tuple[int, int]], ...]


class Mosaic:
    """Pictures of cells, each a stack of patches that is blended the first time only.

    A cell's picture has a number, and so has a patch. Laying a patch over a picture gives the
    number of another picture; so a frame costs a dictionary look-up an object, and one copy.

    Args:
        tile: Size (width, height) of a cell in pixels.
        ground: RGB of a cell with nothing in it, each in 0 … 1; it is picture 0.
    """

    def __init__(self, tile: tuple[int, int], ground: Color) -> None:
        self._width, self._height = tile
        # Row of a cell, picture, then columns and colours: a row of cells is gathered in one go.
        self._pictures = np.zeros((self._height, 64, self._width * 3), dtype=np.uint8)
        self._pictures[:, 0] = np.tile(_byte(np.array(ground, dtype=np.float32)), self._width)
        self._count = 1
        self._patches: list[Patch] = []
        self._over: dict[tuple[int, int], int] = {}

    def add(self, patch: Patch) -> int:
        """Returns a number for a patch."""
        self._patches.append(_byte(patch))
        return len(self._patches) - 1

    def over(self, picture: int, patch: int) -> int:
        """Returns the number of the picture that shows ``patch`` over ``picture``."""
        composed = self._over.get((picture, patch))
        return self._blend(picture, patch) if composed is None else composed

    def frame(self, pictures: Sequence[int], width: int, height: int) -> NDArray[np.uint8]:
        """Returns ``width`` × ``height`` pictures, given row by row, as one.

        Returns:
            uint8 array of shape (height · h, width · w, 3).
        """
        grid = np.array(pictures, dtype=np.intp).reshape(height, width)
        frame = np.empty((height, self._height, width, self._width * 3), dtype=np.uint8)
        for row, numbers in zip(frame, grid, strict=True):
            # "clip" spares a copy, the numbers are all in range.
            np.take(self._pictures, numbers, axis=1, out=row, mode="clip")
        return frame.reshape(height * self._height, width * self._width, 3)

    def _blend(self, picture: int, patch: int) -> int:
        above = self._patches[patch]
        below = self._pictures[:, picture].reshape(self._height, self._width, 3)
        alpha = above[..., 3:] / 255
        # The graphics card rounds both products before it adds them.
        blended = np.rint(above[..., :3] * alpha) + np.rint(below * (1 - alpha))
        number = self._count
        if number == self._pictures.shape[1]:
            room = np.zeros_like(self._pictures)
            self._pictures = np.concatenate([self._pictures, room], axis=1)
        self._pictures[:, number] = blended.reshape(self._height, -1)
        self._over[picture, patch] = number
        self._count += 1
        return number


def _byte(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns 0 … 1 as whole numbers 0 … 255, still float32."""
    return np.rint(values * 255)


class Canvas:
    """One frame in the making.

    Args:
        mosaic: The pictures of the cells.
        width: Width of the frame in cells.
        height: Height of the frame in cells.
        seen: For each cell, row by row, 1 if a player sees it, and 0 if not.
    """

    def __init__(self, mosaic: Mosaic, width: int, height: int, seen: Sequence[int]) -> None:
        self._mosaic, self._width, self._height, self._seen = mosaic, width, height, seen
        self._pictures = [0] * (width * height)

    def fill(self, sprite: Sprite) -> None:
        """Covers the whole empty frame with a sprite that is as large as a cell."""
        for _, _, (unseen, seen) in sprite:
            pictures = self._mosaic.over(0, unseen), self._mosaic.over(0, seen)
            self._pictures = [pictures[each] for each in self._seen]

    def lay(self, sprite: Sprite, column: int, row: int) -> None:
        """Lays a sprite over what is there, but for its parts outside the frame."""
        for dx, dy, patch in sprite:
            i, j = column + dx, row + dy
            if 0 <= i < self._width and 0 <= j < self._height:
                cell = j * self._width + i
                self._pictures[cell] = self._mosaic.over(
                    self._pictures[cell], patch[self._seen[cell]]
                )

    def frame(self) -> NDArray[np.uint8]:
        """Returns the frame, uint8 of shape (H, W, 3)."""
        return self._mosaic.frame(self._pictures, self._width, self._height)
