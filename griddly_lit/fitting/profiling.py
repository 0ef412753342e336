"""Where the time of a fit goes."""

from __future__ import annotations

import math
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from griddly_lit.arguments import shown
from griddly_lit.errors import OptionError, did_you_mean

_SIMPLE = "simple"
_MODULES = ("lightning.pytorch.profilers.simple", "pytorch_lightning.profilers.simple")


class Profiler(Protocol):
    """What is used of a profiler; Lightning's ``SimpleProfiler`` has it.

    Attributes:
        recorded_durations: Seconds of each time that an action was done, by its name.
    """

    recorded_durations: dict[str, list[float]]

    def describe(self) -> None:
        """Prints or writes the summary."""


class SimpleProfiler:
    """Durations by action, printed as a table to standard error.

    Attributes:
        recorded_durations: Seconds of each time that an action was done, by its name.
    """

    def __init__(self) -> None:
        self.recorded_durations: dict[str, list[float]] = defaultdict(list)
        self._began = time.perf_counter()

    def describe(self) -> None:
        """Prints the summary, the longest first."""
        print(self.summary(), file=sys.stderr, flush=True)

    def summary(self) -> str:
        """Returns a row an action: its name, calls, mean and total seconds, and share of the time."""
        whole = time.perf_counter() - self._began
        rows = [("action", "calls", "mean s", "total s", "share")]
        totals = {name: math.fsum(each) for name, each in self.recorded_durations.items()}
        for name in sorted(totals, key=lambda name: -totals[name]):
            count, total = len(self.recorded_durations[name]), totals[name]
            share = f"{total / whole:.1%}"
            rows.append((name, f"{count}", f"{total / count:.4g}", f"{total:.4g}", share))
        rows.append(("fit", "1", f"{whole:.4g}", f"{whole:.4g}", "100.0%"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(
                [row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])],
            )
            for row in rows
        )


class Profiling:
    """Takes the time of what a fit does; without a profiler it does nothing.

    Args:
        profiler: ``"simple"``, a ``SimpleProfiler`` of Lightning's, or None.
    """

    def __init__(self, profiler: str | Profiler | None) -> None:
        self._profiler = SimpleProfiler() if isinstance(profiler, str) else profiler

    @contextmanager
    def of(self, action: str) -> Iterator[None]:
        """Takes the time of the block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(action, time.perf_counter() - began)

    def add(self, action: str, seconds: float | None) -> None:
        """Adds a time that was taken elsewhere, if it was."""
        if self._profiler is not None and seconds is not None:
            self._profiler.recorded_durations[action].append(seconds)

    def describe(self) -> None:
        """Prints the summary."""
        if self._profiler is not None:
            self._profiler.describe()


def checked_profiler(profiler: Any) -> str | Profiler | None:
    """Returns how the time is taken, or None.

    Raises:
        OptionError: It is neither ``"simple"`` nor a ``SimpleProfiler`` of Lightning's.
    """
    if profiler is None or (isinstance(profiler, str) and profiler == _SIMPLE):
        return profiler
    for base in type(profiler).__mro__:
        if base.__name__ == "SimpleProfiler" and base.__module__ in _MODULES:
            found: Profiler = profiler
            return found
    raise OptionError(
        shown("profiler", profiler),
        "it is 'simple', or a SimpleProfiler of lightning.pytorch.profilers; others look into "
        "batches and operators, which RLlib's learners do not show",
        did_you_mean(profiler, [_SIMPLE]) if isinstance(profiler, str) else "Write 'simple'",
    )
