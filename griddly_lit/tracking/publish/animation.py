"""A video file as a small animated GIF, for viewers that show images only."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

# Both bounds keep an events file small: it holds every frame that was ever published.
MAX_FRAMES = 240  # even, so that thinning keeps the spacing
MAX_SIDE = 320
# Browsers slow a GIF down to ten frames a second when its frames are shorter than this.
_SHORTEST_FRAME_MS = 20


class Animation(NamedTuple):
    """An encoded GIF and its size in pixels."""

    gif: bytes
    width: int
    height: int


def animation(path: Path, fps: int) -> Animation:
    """Reads an mp4 or GIF file and encodes it as a GIF of bounded length and size."""
    frames, stride = _frames(path)
    encoded = io.BytesIO()
    frames[0].save(
        encoded,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=max(round(1000 * stride / fps), _SHORTEST_FRAME_MS),
        loop=0,
    )
    return Animation(encoded.getvalue(), *frames[0].size)


def _frames(path: Path) -> tuple[list[Image], int]:
    # Thinned while it is read: a long episode never lies in memory as a whole.
    import imageio.v3 as imageio
    from PIL import Image

    frames: list[Image.Image] = []
    stride = 1
    for index, pixels in enumerate(imageio.imiter(path)):
        if index % stride:
            continue
        if len(frames) == MAX_FRAMES:
            frames = frames[::2]
            stride *= 2
        frame = Image.fromarray(pixels).convert("RGB")
        frame.thumbnail((MAX_SIDE, MAX_SIDE))
        frames.append(frame)
    return frames, stride
