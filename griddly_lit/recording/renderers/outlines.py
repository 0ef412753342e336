"""The outline that marks the objects of a player, and the players' colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from griddly_lit.engine import Document
from griddly_lit.recording.renderers.sampling import sample
from griddly_lit.recording.renderers.values import color, mapping, whole

RGBA = tuple[float, float, float, float]

_MOST_PLAYERS = 1000
_OWN: RGBA = (0.0, 1.0, 0.0, 1.0)
# In the shader alpha <= 0.7 and alpha > 0.4, where 102/255 comes out above 0.4.
_THIN, _THICK = 179 / 255, 102
# What the engine's shader reads for an object of nobody.
_NOBODY: RGBA = (0.0, 0.0, 0.0, 0.0)


def outline_colors(document: Document, player: int | None) -> tuple[RGBA, ...]:
    """Returns the outline of each player id's objects, id 0 (nobody) first.

    Args:
        document: The parsed game.
        player: Who looks, from 0; None for a global view.
    """
    described = mapping(document["Environment"].get("Player"))
    count = whole(described.get("Count"), 1, 1, _MOST_PLAYERS)
    colors: list[RGBA] = [_NOBODY, *(_of_hue(int(360 / count * n)) for n in range(count))]
    given = described.get("Colors")
    for number, value in enumerate(given[:count] if isinstance(given, list) else (), 1):
        colors[number] = (*color(value, colors[number][:3]), 1.0)
    if player is not None:
        colors[player + 1] = _OWN
    return tuple(colors)


def _of_hue(degrees: int) -> RGBA:
    """Returns the colour of a hue at full saturation and value 0.6."""
    # Single precision decides which way the half values of the outlines round.
    sixth = np.float32(degrees) * np.float32(1 / 60)
    part = sixth - np.floor(sixth)
    falling, rising = np.float32(0.6) * (1 - part), np.float32(0.6) * (1 - (1 - part))
    v, p, q, o = 0.6, float(falling), float(rising), 0.0
    red, green, blue = (
        (v, q, o),
        (p, v, o),
        (o, v, q),
        (o, p, v),
        (q, o, v),
        (v, o, p),
    )[int(sixth)]
    return red, green, blue, 1.0


def outlined(
    texture: NDArray[np.uint8],
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    drawn: NDArray[np.float32],
    color: RGBA,
) -> NDArray[np.float32]:
    """Paints ``color`` where a thin part of the tile borders on a thick one.

    Args:
        texture: uint8 array of shape (h, w, 4).
        u: Horizontal texture coordinates of the drawn pixels.
        v: Vertical texture coordinates of the drawn pixels.
        drawn: The pixels, float32 of the shape of ``u`` with 4 channels.
        color: RGBA of the outline.
    """
    height, width = texture.shape[:2]
    step_x, step_y = 2 / width, 2 / height
    # The bounds are those of the engine's shader, where texels and coordinates are mixed up.
    neighbours = (
        sample(texture, u, np.maximum(step_y, v - step_y)),
        sample(texture, u, np.minimum(height, v + step_y)),
        sample(texture, np.minimum(width, u + step_x), v),
        sample(texture, np.maximum(0, u - step_x), v),
    )
    borders = np.any([neighbour[..., 3] >= _THICK for neighbour in neighbours], axis=0)
    edge = borders & (drawn[..., 3] < _THIN)
    return np.where(edge[..., np.newaxis], np.array(color, dtype=np.float32), drawn)
