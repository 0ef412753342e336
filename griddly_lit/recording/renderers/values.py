"""Values of a game's file, read leniently: one that is none of its kind is taken for left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Color = tuple[float, float, float]


def mapping(value: Any) -> Mapping[str, Any]:
    """Returns a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def number(value: Any, default: float, least: float, most: float) -> float:
    """Returns a number in ``least … most``, also one written as text, or else ``default``."""
    try:
        read = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return read if least <= read <= most else default


def whole(value: Any, default: int, least: int, most: int) -> int:
    """Returns a whole number in ``least … most``, also one written as text, or else ``default``."""
    read = number(value, default, least, most)
    return int(read) if read == int(read) else default


def switch(value: Any, default: bool) -> bool:
    """Returns True or False, or else ``default``."""
    return value if isinstance(value, bool) else default


def color(value: Any, default: Color) -> Color:
    """Returns RGB, each in 0 … 1, of a list of three numbers, or else ``default``."""
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        return default
    channels = [number(each, math.nan, -math.inf, math.inf) for each in value]
    if any(math.isnan(channel) for channel in channels):
        return default
    red, green, blue = (min(1.0, max(0.0, channel)) for channel in channels)
    return red, green, blue
