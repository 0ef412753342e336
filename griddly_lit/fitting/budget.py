"""When training ends."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import timedelta

from griddly_lit.arguments import shown
from griddly_lit.errors import OptionError


@dataclass
class Budget:
    """Limits of one ``fit``; training ends at the first that is reached.

    Attributes:
        max_env_steps: Environment steps, those before a resume included.
        max_iterations: Iterations, those before a resume included.
        max_seconds: Wall time of this call.
    """

    max_env_steps: int | None
    max_iterations: int | None
    max_seconds: float | None

    def __post_init__(self) -> None:
        self._began = time.monotonic()

    def start(self) -> None:
        """Begins to measure the time."""
        self._began = time.monotonic()

    def reached(self, env_steps: int, iterations: int) -> str | None:
        """Returns the name of the limit that is reached, or None."""
        if self.max_env_steps is not None and env_steps >= self.max_env_steps:
            return "max_env_steps"
        if self.max_iterations is not None and iterations >= self.max_iterations:
            return "max_iterations"
        if self.max_seconds is not None and time.monotonic() - self._began >= self.max_seconds:
            return "max_time"
        return None


def seconds_of(max_time: str | timedelta | None) -> float | None:
    """Returns a duration in seconds.

    Args:
        max_time: ``"DD:HH:MM:SS"``, as Lightning writes it, or a timedelta.

    Raises:
        OptionError: It is no such duration, or none at all.
    """
    if max_time is None:
        return None
    seconds = 0.0
    if isinstance(max_time, timedelta):
        seconds = max_time.total_seconds()
    elif isinstance(max_time, str):
        match = re.fullmatch(r"(\d{1,9}):(\d{1,9}):(\d{1,9}):(\d{1,9})", max_time)
        if match is not None:
            days, hours, minutes, seconds = map(int, match.groups())
            seconds = float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    if seconds > 0:
        return seconds
    raise OptionError(
        shown("max_time", max_time),
        "a duration is written DD:HH:MM:SS, or is a timedelta, and is longer than nothing",
        "Write an hour as '00:01:00:00', or None for no limit",
    )
