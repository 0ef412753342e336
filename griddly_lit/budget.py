"""When training ends."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import timedelta

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
        for name in ("max_env_steps", "max_iterations", "max_seconds"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise OptionError(
                    f"{name}={value}", "a limit is positive", "Pass None for no limit"
                )
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
        OptionError: The text is no such duration.
    """
    if max_time is None:
        return None
    if isinstance(max_time, timedelta):
        return max_time.total_seconds()
    match = re.fullmatch(r"(\d+):(\d+):(\d+):(\d+)", max_time)
    if match is None:
        raise OptionError(
            f"max_time={max_time!r}",
            "a duration is written DD:HH:MM:SS",
            "Write an hour as '00:01:00:00'",
        )
    days, hours, minutes, seconds = map(int, match.groups())
    return float(
        timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    )
