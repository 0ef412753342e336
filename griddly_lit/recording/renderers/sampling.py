"""Looks a texture up as a graphics card does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def sample(
    texture: NDArray[np.uint8], u: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Looks a texture up, bilinearly, repeating it beyond its edges.

    Args:
        texture: uint8 array of shape (h, w, 4).
        u: Horizontal texture coordinates, 0 … 1 from edge to edge.
        v: Vertical texture coordinates, of the same shape.

    Returns:
        int32 array of the shape of ``u`` with 4 channels, values 0 … 255.
    """
    height, width = texture.shape[:2]
    # Fixed point with 8 bits behind the point, as graphics cards count between two texels.
    x = np.round(u * (width * 256)).astype(np.int32) - 128
    y = np.round(v * (height * 256)).astype(np.int32) - 128
    left, above = x >> 8, y >> 8
    values = texture.astype(np.int32)

    def row(j: NDArray[np.int32]) -> NDArray[np.int32]:
        return _mixed(values[j % height, left % width], values[j % height, (left + 1) % width], x)

    return _mixed(row(above), row(above + 1), y)


def _mixed(
    one: NDArray[np.int32], other: NDArray[np.int32], place: NDArray[np.int32]
) -> NDArray[np.int32]:
    part = (place & 255)[..., np.newaxis]
    mixed: NDArray[np.int32] = one + (((other - one) * part + 128) >> 8)
    return mixed
