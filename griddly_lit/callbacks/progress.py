"""The progress of training: a bar in a terminal, a line now and then anywhere else."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Protocol

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from griddly_lit.callbacks.base import Callback, TrainerView

_SHOWN = {
    "train/return_mean": "return {:.2f}",
    "train/length_mean": "length {:.0f}",
    "train/win_rate": "wins {:.0%}",
    "val/return_mean": "val return {:.2f}",
    "val/win_rate": "val wins {:.0%}",
    "time/env_steps_per_second": "{:,.0f} steps/s",
}
_SECONDS_BETWEEN_LINES = 30.0


class ProgressBar(Callback):
    """Shows environment steps, the newest results of training and validation, speed and time left.

    In a terminal that is a bar with the results in a line below, which wraps where it is narrow.
    Anywhere else, such as a file, it is a line after the first iteration, one every 30 seconds,
    and one at the end. All of it goes to standard error.
    """

    replaces = "progress bar"

    def __init__(self) -> None:
        self._display: _Display | None = None

    def on_fit_start(self, trainer: TrainerView) -> None:
        """Begins the display."""
        console = Console(stderr=True)
        kind = _Bar if console.is_terminal else _Lines
        self._display = kind(console, trainer.env_steps, trainer.max_env_steps)

    def on_iteration_end(self, trainer: TrainerView, metrics: Mapping[str, float]) -> None:
        """Moves the display on."""
        if self._display is not None:
            figures = [
                form.format(metrics[name]) for name, form in _SHOWN.items() if name in metrics
            ]
            self._display.show(trainer.env_steps, figures)

    def on_teardown(self) -> None:
        """Leaves the display as it is."""
        if self._display is not None:
            self._display.stop()
            self._display = None


class _Display(Protocol):
    def __init__(self, console: Console, env_steps: int, total: int | None) -> None: ...

    def show(self, env_steps: int, figures: list[str]) -> None: ...

    def stop(self) -> None: ...


class _Bar:
    def __init__(self, console: Console, env_steps: int, total: int | None) -> None:
        counts = TextColumn("{task.completed:,.0f}/{task.total:,.0f}")
        bar = (BarColumn(bar_width=20), counts, TimeRemainingColumn(compact=True))
        unbounded = (SpinnerColumn(), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
        self._progress = _WithFigures(
            TextColumn("{task.description}"),
            *(unbounded if total is None else bar),
            console=console,
        )
        self._task = self._progress.add_task("env steps", total=total, completed=env_steps)
        self._progress.start()

    def show(self, env_steps: int, figures: list[str]) -> None:
        self._progress.figures = "  ".join(figures)
        self._progress.update(self._task, completed=env_steps, refresh=True)

    def stop(self) -> None:
        self._progress.stop()


class _WithFigures(Progress):
    """A bar with a line of text below it."""

    figures = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        if self.figures:
            yield Text(self.figures)


class _Lines:
    def __init__(self, console: Console, env_steps: int, total: int | None) -> None:
        self._console = console
        self._first_steps, self._total = env_steps, total
        self._began = time.monotonic()
        self._told_at: float | None = None
        self._untold: str | None = None

    def show(self, env_steps: int, figures: list[str]) -> None:
        now = time.monotonic()
        self._untold = ", ".join([self._steps(env_steps), *figures, *self._times(env_steps, now)])
        if self._told_at is None or now - self._told_at >= _SECONDS_BETWEEN_LINES:
            self._told_at = now
            self._tell()

    def stop(self) -> None:
        self._tell()

    def _tell(self) -> None:
        if self._untold is not None:
            # Whoever reads a file wraps its lines.
            self._console.print(self._untold, soft_wrap=True, highlight=False, markup=False)
            self._untold = None

    def _steps(self, env_steps: int) -> str:
        if self._total is None:
            return f"env steps {env_steps:,}"
        return f"env steps {env_steps:,} of {self._total:,} ({env_steps / self._total:.0%})"

    def _times(self, env_steps: int, now: float) -> list[str]:
        elapsed = now - self._began
        times = [f"{_clock(elapsed)} elapsed"]
        taken = env_steps - self._first_steps
        if self._total is not None and taken > 0:
            left = max(0, self._total - env_steps) * elapsed / taken
            times.append(f"{_clock(left)} left")
        return times


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
