"""What a study will take: runs, hours and disk."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from griddly_lit.comparison.cell import RESULT, read_json
from griddly_lit.comparison.plan import Cell, Plan
from griddly_lit.comparison.schedule import shown_time
from griddly_lit.comparison.tables import is_done

_SPEED_RUN_ITERATIONS = 2
_START_S = 15.0


@dataclass(frozen=True)
class Forecast:
    """What is to come.

    Attributes:
        cells: Runs of the study.
        done: Those that have their result.
        hours: Wall time of the others, at so many runs at once as there is room for.
        disk_mb: Megabytes of all runs.
        measured_by: Of what the times are.
    """

    cells: int
    done: int
    hours: float
    disk_mb: float
    measured_by: str

    def __str__(self) -> str:
        return (
            f"{self.cells} runs, {self.done} of them done; about {shown_time(3600 * self.hours)} "
            f"to go, and {self.disk_mb:,.0f} MB of disk. Measured by {self.measured_by}."
        )


def forecast(plan: Plan, cpus_per_run: float, runs_at_once: int | None) -> Forecast:
    """Measures the speed of every model on every game, by finished runs or short ones of two iterations."""
    cells = plan.cells
    left = [cell for cell in cells if not is_done(plan, cell)]
    seconds: dict[tuple[str, str], float] = {}
    sizes: list[float] = []
    short = 0
    for model, env in dict.fromkeys((cell.model, cell.env) for cell in cells):
        finished = [c for c in cells if (c.model, c.env) == (model, env) and is_done(plan, c)]
        if finished:
            found = [read_json(plan.folder(cell) / RESULT)["seconds"] for cell in finished]
            seconds[model, env] = sum(found) / len(found)
            sizes += [_megabytes(plan.folder(cell)) for cell in finished]
        else:
            short += 1
            seconds[model, env], size = _short_run(plan, Cell(model, env, plan.seeds[0]))
            sizes.append(size)
    at_once = runs_at_once or max(1, int((os.cpu_count() or 1) // max(cpus_per_run, 1)))
    total = sum(seconds[cell.model, cell.env] for cell in left)
    by = [f"{len(cells) - len(left)} finished runs"] if len(left) < len(cells) else []
    by += [f"{short} short runs of {_SPEED_RUN_ITERATIONS} iterations"] if short else []
    return Forecast(
        len(cells),
        len(cells) - len(left),
        total / at_once / 3600,
        sum(sizes) / max(len(sizes), 1) * len(cells),
        " and ".join(by),
    )


def _short_run(plan: Plan, cell: Cell) -> tuple[float, float]:
    """Returns the seconds that a run will take, and the megabytes of its files."""
    with TemporaryDirectory() as folder:
        trainer = plan.make_trainer(
            cell,
            default_root_dir=folder,
            max_env_steps=None,
            max_iterations=_SPEED_RUN_ITERATIONS,
            validate_every_env_steps=None,
            video=None,
            callbacks=[plan.checkpointing()],
        )
        result = trainer.fit()
        speed = result.metrics["time/env_steps_per_second"]
        began = time.perf_counter()
        trainer.validate()
        validation = time.perf_counter() - began
        validations = plan.max_env_steps // plan.validate_every_env_steps + 1
        return (
            _START_S + plan.max_env_steps / speed + validations * validation,
            _megabytes(Path(folder)),
        )


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def missing(plan: Plan, cells: Sequence[Cell]) -> list[Cell]:
    """Returns the cells that have no result yet."""
    return [cell for cell in cells if not is_done(plan, cell)]
