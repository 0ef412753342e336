"""Images of tiles: read once, and resized as the engine resizes them."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from griddly_lit.recording.renderers.values import Color

Tile = Path | Color
"""An image's file, or the colour of a plain tile."""

MOST_PIXELS = 2048 * 2048
# Those that the engine reads; Pillow would start other programs for some of its own.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TGA", "PPM")


def read_image(path: Path) -> NDArray[np.uint8]:
    """Reads an image of at most 2048 × 2048 pixels.

    Returns:
        uint8 array of shape (height, width, 4), RGBA.

    Raises:
        ValueError: It is too large.
        Exception: Whatever Pillow raises when it is no image, or a broken one.
    """
    with PIL.Image.open(path, formats=_FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"{image.width} × {image.height} pixels are too many")
        return np.array(image.convert("RGBA"))


@functools.lru_cache(maxsize=1024)
def load_tile(tile: Tile, width: int, height: int) -> NDArray[np.uint8]:
    """Reads an image at the size of a tile, or makes a plain one.

    Args:
        tile: The image file, or the colour of a plain tile.
        width: Width of the tile in pixels.
        height: Height of the tile in pixels.

    Returns:
        A read-only uint8 array of shape (height, width, 4), RGBA. An image of another size is
        resized with a Catmull-Rom filter, its colours weighted by alpha, its edges repeated.
    """
    image = _plain(tile, width, height) if isinstance(tile, tuple) else read_image(tile)
    if image.shape[:2] != (height, width):
        image = _resized(image, width, height)
    image.setflags(write=False)
    return image


def _plain(color: Color, width: int, height: int) -> NDArray[np.uint8]:
    """Returns a filled cell with a darker edge, so that neighbours can be told apart."""
    image = np.full((height, width, 4), 255, dtype=np.uint8)
    image[..., :3] = np.rint(np.array(color) * 255)
    edge = np.ones((height, width), dtype=np.bool_)
    edge[1:-1, 1:-1] = False
    image[edge, :3] //= 2
    return image


def _resized(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    # Single precision and the engine's order of sums, so that the same values round up.
    scaled = image.astype(np.float32) / np.float32(255)
    # A trace of alpha keeps the colour of transparent pixels, which later sampling may reach.
    scaled[..., 3] += np.float32(2.0**-80)
    scaled[..., :3] *= scaled[..., 3:]
    scaled = _resized_rows(scaled.swapaxes(0, 1), width).swapaxes(0, 1)
    scaled = _resized_rows(scaled, height)
    alpha = scaled[..., 3:]
    scaled[..., :3] *= np.divide(1, alpha, out=np.zeros_like(alpha), where=alpha != 0)
    resized: NDArray[np.uint8] = (np.clip(scaled, 0, 1) * np.float32(255) + 0.5).astype(np.uint8)
    return resized


def _resized_rows(rows: NDArray[np.float32], new: int) -> NDArray[np.float32]:
    """Returns ``new`` rows of the same picture, float32 like ``rows``."""
    old = len(rows)
    ratio = np.float32(new / old)
    centres = np.arange(new, dtype=np.float32)[:, np.newaxis] + np.float32(0.5)
    # A larger picture weighs four of the old rows, a smaller one as many as it covers.
    reach = math.ceil(2 / min(ratio, 1)) + 1
    taps = np.floor(centres / ratio).astype(np.intp) + np.arange(-reach, reach + 1)
    places = taps.astype(np.float32) + np.float32(0.5)
    weights = _catmull_rom(centres / ratio - places if ratio > 1 else centres - places * ratio)
    weights /= weights.sum(axis=1, keepdims=True)
    resized = np.zeros((new, *rows.shape[1:]), dtype=np.float32)
    for tap, weight in zip(np.clip(taps, 0, old - 1).T, weights.T, strict=True):
        resized += rows[tap] * weight[:, np.newaxis, np.newaxis]
    return resized


def _catmull_rom(distance: NDArray[np.float32]) -> NDArray[np.float32]:
    x = np.abs(distance)
    near = 1 - x * x * (2.5 - 1.5 * x)
    far = 2 - x * (4 + x * (0.5 * x - 2.5))
    return np.where(x < 1, near, np.where(x < 2, far, 0)).astype(np.float32)
