"""The runs of a study over Ray Tune, and a live table of them."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

# Tune writes a table, a log and TensorBoard files of every trial, which nobody reads here.
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")

from ray import tune
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from griddly_lit.comparison.cell import FAULT, read_json, run_cell, write_json
from griddly_lit.comparison.plan import Cell, Plan
from griddly_lit.rllib.session import ray_session

_RETRIES = 1
_SHOWN = 12


def run_cells(
    plan: Plan,
    cells: Sequence[Cell],
    cpus_per_run: float,
    runs_at_once: int | None,
    ray_address: str | None,
    enable_progress_bar: bool,
) -> None:
    """Runs cells, each in a process of its own; one that fails does not stop the others.

    A process that dies is started again once, and goes on from its run's last checkpoint.
    """

    def trial(config: dict[str, Any], plan: Plan, cells: Sequence[Cell]) -> None:
        run_cell(plan, cells[config["number"]], lambda told: tune.report(dict(told)))

    # Whole cores are what Ray schedules on a machine with fewer than the runs ask for.
    at_once = runs_at_once or max(1, int((os.cpu_count() or 1) // max(cpus_per_run, 1)))
    with (
        ray_session(at_once, ray_address),
        LiveTable(plan, cells, enable_progress_bar) as live,
        # Tune prints what it is about, whatever it is told.
        redirect_stdout(io.StringIO()),
    ):
        results = tune.Tuner(
            tune.with_resources(
                tune.with_parameters(trial, plan=plan, cells=list(cells)), {"cpu": cpus_per_run}
            ),
            param_space={"number": tune.grid_search(list(range(len(cells))))},
            tune_config=tune.TuneConfig(max_concurrent_trials=runs_at_once),
            run_config=tune.RunConfig(
                name=f"tune_{int(time.time())}",
                storage_path=str((plan.out / ".tune").absolute()),
                callbacks=[live.ears],
                failure_config=tune.FailureConfig(max_failures=_RETRIES),
                verbose=0,
            ),
        ).fit()
    for result in results:
        cell = cells[(result.config or {})["number"]]
        if result.error is not None and read_json(plan.folder(cell) / FAULT) is None:
            # The process died before it could tell.
            write_json(plan.folder(cell) / FAULT, {"error": str(result.error)[:2000]})


class _Ears(tune.Callback):  # type: ignore[misc]
    """Hears of trials from Tune."""

    def __init__(self, table: LiveTable) -> None:
        self._table = table

    def __getstate__(self) -> dict[str, Any]:
        # Tune writes its callbacks down, to go on by; studies go on by their own files.
        return {}

    def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        self._table.note(trial.config["number"], "running")

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: Mapping[str, Any], **info: Any
    ) -> None:
        self._table.note(trial.config["number"], "running", result)

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        self._table.note(trial.config["number"], "done")

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        self._table.note(trial.config["number"], "failed")


class LiveTable:
    """A table of the runs that are at work, and the time left.

    Args:
        plan: The study.
        cells: The runs that there are to do.
        is_shown: Whether to show anything.

    Attributes:
        ears: Tune's callback that it hears by.
    """

    def __init__(self, plan: Plan, cells: Sequence[Cell], is_shown: bool) -> None:
        self.ears = _Ears(self)
        self._cells = cells
        self._budget = plan.max_env_steps
        self._states = ["waiting"] * len(cells)
        self._steps = [0.0] * len(cells)
        self._first: list[float | None] = [None] * len(cells)
        self._returns = [float("nan")] * len(cells)
        self._began = time.monotonic()
        console = Console(stderr=True, quiet=not is_shown)
        self._live = Live(self._drawn(), console=console, auto_refresh=False)

    def __enter__(self) -> LiveTable:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.update(self._drawn(), refresh=True)
        self._live.stop()
        if not self._live.console.is_terminal:
            self._live.console.print()

    def note(self, number: int, state: str, told: Mapping[str, Any] | None = None) -> None:
        """Takes what became of a run."""
        self._states[number] = state
        if state == "done":
            self._steps[number] = self._budget
        if told is not None and "env_steps" in told:
            self._steps[number] = told["env_steps"]
            if self._first[number] is None:
                # Steps of an earlier start took none of this one's time.
                self._first[number] = told["env_steps"]
            self._returns[number] = told["return_mean"]
        self._live.update(self._drawn(), refresh=self._live.console.is_terminal)

    def seconds_left(self) -> float | None:
        """Returns the time left at the speed so far, None while there is none."""
        done = sum(
            steps - (first or 0.0) for steps, first in zip(self._steps, self._first, strict=True)
        )
        left = sum(
            self._budget - steps
            for steps, state in zip(self._steps, self._states, strict=True)
            if state != "failed"
        )
        return (time.monotonic() - self._began) * left / done if done > 0 else None

    def _drawn(self) -> RenderableType:
        table = Table("model", "game", "seed", "steps", "return")
        running = [number for number, state in enumerate(self._states) if state == "running"]
        for number in running[:_SHOWN]:
            cell = self._cells[number]
            table.add_row(
                Text(cell.model),
                Text(cell.env),
                str(cell.seed),
                f"{self._steps[number]:,.0f} of {self._budget:,}",
                f"{self._returns[number]:.2f}",
            )
        left = self.seconds_left()
        counts = ", ".join(
            f"{self._states.count(state)} {state}"
            for state in ("done", "running", "waiting", "failed")
            if self._states.count(state)
        )
        tail = "" if left is None else f"; {shown_time(left)} left"
        return Group(table, Text(f"{counts}{tail}"))


def shown_time(seconds: float) -> str:
    """Returns a time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def clear_tune(out: Path) -> None:
    """Removes what Tune left; a study goes on from its own files."""
    import shutil

    shutil.rmtree(out / ".tune", ignore_errors=True)
