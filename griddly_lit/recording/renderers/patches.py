"""Draws one tile into the cells it covers: turned, scaled, shifted, outlined."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from griddly_lit.recording.renderers.outlines import RGBA, outlined
from griddly_lit.recording.renderers.sampling import sample
from griddly_lit.recording.renderers.values import Color

Patch = NDArray[np.float32]


def patches(
    texture: NDArray[np.uint8],
    *,
    turns: int,
    scale: float,
    shift: tuple[float, float],
    color: Color,
    outline: RGBA | None,
) -> dict[tuple[int, int], Patch]:
    """Draws a tile.

    Args:
        texture: uint8 array of shape (h, w, 4), RGBA, of the size of a cell.
        turns: Quarter turns, clockwise.
        scale: Size relative to a cell, about the cell's centre.
        shift: Offset (x, y) of the tile from its cell, in cells, each in [0, 1).
        color: What the RGB values are multiplied with.
        outline: RGBA colour of the outline; None for no outline.

    Returns:
        For each covered cell, as (x, y) relative to the tile's own, a float32 array of shape
        (h, w, 4) with values 0 … 1; alpha is 0 outside the tile.
    """
    if scale <= 0:
        return {}
    height, width = texture.shape[:2]
    first_x, count_x = _span(shift[0], scale)
    first_y, count_y = _span(shift[1], scale)
    # Pixel centres relative to the tile's centre, in units of the tile.
    x = ((np.arange(count_x * width) + 0.5) / width + first_x - shift[0] - 0.5) / scale
    y = ((np.arange(count_y * height) + 0.5) / height + first_y - shift[1] - 0.5) / scale
    rows, columns = np.meshgrid(y, x, indexing="ij")
    u, v = ((columns, rows), (rows, -columns), (-columns, -rows), (-rows, columns))[turns]
    drawn = sample(texture, u + 0.5, v + 0.5)
    tinted = (
        drawn.astype(np.float32) * np.float32(1 / 255) * np.array((*color, 1.0), dtype=np.float32)
    )
    if outline is not None:
        tinted = outlined(texture, u + 0.5, v + 0.5, tinted, outline)
    covered = (columns >= -0.5) & (columns < 0.5) & (rows >= -0.5) & (rows < 0.5)
    tinted = np.where(covered[..., np.newaxis], np.clip(tinted, 0, 1), 0)
    cells = tinted.reshape(count_y, height, count_x, width, 4).transpose(0, 2, 1, 3, 4)
    return {
        (first_x + i, first_y + j): np.ascontiguousarray(cells[j, i])
        for j in range(count_y)
        for i in range(count_x)
        if cells[j, i, ..., 3].any()
    }


def _span(shift: float, scale: float) -> tuple[int, int]:
    """Returns the first cell that a tile covers along one axis, and the number of cells."""
    first = math.floor(shift + 0.5 - scale / 2)
    return first, math.ceil(shift + 0.5 + scale / 2) - first
