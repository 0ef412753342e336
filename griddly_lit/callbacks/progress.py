"""The progress of training in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from griddly_lit.callbacks.base import Callback, TrainerView

_SHOWN = {
    "train/return_mean": "return {:.2f}",
    "train/length_mean": "length {:.0f}",
    "train/win_rate": "wins {:.0%}",
    "time/env_steps_per_second": "{:,.0f} steps/s",
}


class ProgressBar(Callback):
    """Shows environment steps, mean return and length, steps a second and the time left."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def on_fit_start(self, trainer: TrainerView) -> None:
        """Shows the bar."""
        counts = TextColumn("{task.completed:,.0f}/{task.total:,.0f}")
        bar = (BarColumn(bar_width=10), counts, TimeRemainingColumn(compact=True))
        unbounded = (SpinnerColumn(), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
        columns = unbounded if trainer.max_env_steps is None else bar
        self._progress = Progress(
            TextColumn("{task.description}"),
            *columns,
            TextColumn("{task.fields[figures]}"),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task(
            "env steps", total=trainer.max_env_steps, completed=trainer.env_steps, figures=""
        )
        self._progress.start()

    def on_iteration_end(self, trainer: TrainerView) -> None:
        """Moves the bar on."""
        if self._progress is None:
            return
        figures = [
            form.format(trainer.metrics[name])
            for name, form in _SHOWN.items()
            if name in trainer.metrics
        ]
        self._progress.update(
            self._task, completed=trainer.env_steps, figures="  ".join(figures), refresh=True
        )

    def on_teardown(self) -> None:
        """Leaves the bar as it is."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
