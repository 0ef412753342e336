"""The strip: a bar under a video's pictures that says how far the training and the episode are."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from griddly_lit.recording.encoder import magnified
from griddly_lit.recording.replay import EpisodeReplay
from griddly_lit.recording.views import View

# Viewers such as TensorBoard shrink a picture to this side: letters are as large as they must be.
_READABLE_SIDE = 320
_GROUND = (24, 24, 24)
_PLAIN = (235, 235, 235)
_COLORS = {
    "win": (120, 235, 120),
    "lose": (255, 130, 120),
    "end": (250, 215, 100),
    "step limit": (250, 215, 100),
}
_MARGIN = 3
_GAP = 12
_LINE = 12


class _Field(NamedTuple):
    text: str
    outcome: str = ""
    # One of several of a kind, which stand in columns.
    listed: bool = False

    @property
    def width(self) -> int:
        return _width(f"{self.text} {self.outcome}".strip())


def with_strip(
    pictures: Iterable[NDArray[np.uint8]], replay: EpisodeReplay, view: View, fps: int
) -> Iterator[NDArray[np.uint8]]:
    """Adds a strip to the pictures of an episode.

    It says how many environment steps of training there had been, where the replay knows, the step
    of the episode, and the return so far of each agent that the view is of; at the end also each
    one's ``win``, ``lose``, ``end`` or ``step limit``, for a second. Small pictures are magnified
    first, as the encoder would, and narrow ones get a black margin, so that it can be read.

    Args:
        pictures: A picture of the beginning and one after each step.
        replay: The episode.
        view: What they show: all agents, or one.
        fps: Pictures a second.

    Yields:
        The pictures, higher and perhaps wider, and the last one ``fps`` times.
    """
    layout: _Layout | None = None
    shown: NDArray[np.uint8] | None = None
    said = list(_texts(replay, view))
    for picture, fields in zip(map(magnified, pictures), said, strict=False):
        layout = layout or _Layout(said, picture.shape)
        shown = layout.joined(picture, fields)
        yield shown
    if shown is not None:
        yield from itertools.repeat(shown, fps - 1)


def _texts(replay: EpisodeReplay, view: View) -> Iterator[list[_Field]]:
    agents = replay.agents if view == "global" else (view,)
    several = len(agents) > 1
    name = "return" if len(replay.agents) == 1 else "agent {}: " + "return" * (not several)
    returns = np.zeros(len(replay.agents))
    outcomes: Sequence[str] = replay.outcomes
    if replay.truncated:
        outcomes = ["step limit"] * len(replay.agents)
    for step in range(replay.length + 1):
        if step:
            returns += replay.rewards[step - 1]
        fields = [_Field(f"step {step:,}")]
        if replay.env_steps is not None:
            fields.insert(0, _Field(f"trained {replay.env_steps:,}"))
        if several:
            fields.append(_Field("return of"))
        for agent in agents:
            text = f"{name.format(agent).strip()} {_number(returns[agent - 1])}"
            ended = outcomes[agent - 1] if outcomes and step == replay.length else ""
            fields.append(_Field(text, ended, listed=several))
        yield fields


def _number(value: float) -> str:
    # Returns are sums of float32: a tenth is not to be read with nine digits.
    return f"{round(float(value), 3):,.10g}"


class _Layout:
    """Where each field stands: the same place in every picture of the video.

    Args:
        said: The fields of each picture.
        shape: Shape of the pictures.
    """

    def __init__(self, said: Sequence[Sequence[_Field]], shape: tuple[int, ...]) -> None:
        # A field's widest text decides, so that none moves when a number grows.
        widths = [max(field.width for field in fields) for fields in zip(*said, strict=True)]
        listed = [field.listed for field in said[0]]
        column = max(itertools.compress(widths, listed), default=0)
        widths = [column if each else width for width, each in zip(widths, listed, strict=True)]
        self._scale = -(-max(shape) // _READABLE_SIDE)
        # The strip is drawn small, and magnified by a whole number.
        self._inner = max(-(-shape[1] // self._scale), max(widths) + 2 * _MARGIN)
        self._places: list[tuple[int, int]] = []
        x, y = _MARGIN, 1
        for index, width in enumerate(widths):
            starts_list = listed[index] and not listed[index - 1]
            if x > _MARGIN and (starts_list or x + width + _MARGIN > self._inner):
                x, y = _MARGIN, y + _LINE
            self._places.append((x, y))
            x += width + _GAP
        self._height = y + _LINE + 1

    def joined(self, picture: NDArray[np.uint8], fields: Sequence[_Field]) -> NDArray[np.uint8]:
        """Returns a picture in the middle above its strip."""
        strip = self._strip(fields).repeat(self._scale, axis=0).repeat(self._scale, axis=1)
        width = picture.shape[1]
        if width < strip.shape[1] < width + self._scale:
            # What is over from rounding needs no margin.
            strip = strip[:, :width]
        missing = strip.shape[1] - width
        margin = ((0, 0), (missing // 2, missing - missing // 2), (0, 0))
        return np.concatenate([np.pad(picture, margin), strip])

    def _strip(self, fields: Sequence[_Field]) -> NDArray[np.uint8]:
        image = Image.new("RGB", (self._inner, self._height), _GROUND)
        draw = ImageDraw.Draw(image)
        for (x, y), field in zip(self._places, fields, strict=True):
            draw.text((x, y), field.text, _PLAIN, _font())
            if field.outcome:
                after = x + _width(field.text + " ")
                draw.text((after, y), field.outcome, _COLORS[field.outcome], _font())
        return np.asarray(image)


@functools.cache
def _font() -> ImageFont.ImageFont:
    # It is part of Pillow, and its letters stay sharp when they are magnified.
    return ImageFont.load_default_imagefont()


def _width(text: str) -> int:
    return int(_font().getbbox(text)[2])
