"""Things that take turns in one process, timed side by side: on a busy machine only that compares.

Each part is timed once a round, and the rounds follow each other; the first one warms up and does not
count. As in ``timeit``, Python's garbage collector rests meanwhile: a pass over all that RLlib and the
others have made would be charged to whoever is at turn.

A time is the wall time of one run, divided by the steps that were taken in it. A step is one agent's:
players who have left the game take none.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

Times = dict[str, list[float]]
"""Microseconds a step of every part, one value a round."""


@dataclass(frozen=True)
class Part:
    """What is timed.

    Attributes:
        run: Runs it once.
        steps: Number of steps in a run, from what it returned; not timed.
    """

    run: Callable[[], Any]
    steps: Callable[[Any], int]


def measure(parts: Mapping[str, Part], rounds: int, untimed: int = 0) -> Times:
    """Lets the parts take turns.

    Args:
        parts: The parts by name.
        rounds: Number of turns of each.
        untimed: Runs at the beginning of each turn that are not timed. With one, a part does not pay
            for what the others before it have left of the processor's caches.
    """
    times: Times = {name: [] for name in parts}
    gc.collect()
    gc.freeze()
    for number in range(-1, rounds):  # the first round warms up
        for name, part in parts.items():
            for _ in range(untimed):
                part.run()
            gc.collect()
            gc.disable()
            began = time.perf_counter()
            returned = part.run()
            elapsed = time.perf_counter() - began
            gc.enable()
            if number >= 0:
                times[name].append(1e6 * elapsed / part.steps(returned))
            del returned
    gc.unfreeze()
    return times


def speed_over(times: Times, name: str, other: str) -> float:
    """Returns how many times as fast as another a part is, by the medians."""
    return median(times[other]) / median(times[name])


def show(title: str, times: Times) -> None:
    """Prints a table of times."""
    table = Table("", "µs a step", "min – max", "steps/s", title=title, show_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, values in times.items():
        middle = median(values)
        spread = f"{min(values):.1f} – {max(values):.1f}"
        table.add_row(name, f"{middle:.1f}", spread, f"{1e6 / middle:,.0f}")
    Console().print(table, "")
