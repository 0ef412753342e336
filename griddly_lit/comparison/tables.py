"""The tables of a study: what was measured, one value a row, and how each run went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from griddly_lit.comparison.cell import FAULT, RESULT, read_json, read_metrics
from griddly_lit.comparison.plan import Cell, Plan
from griddly_lit.whole_file import whole_file

MEASURED = "results"
RUNS = "runs"
_COLUMNS = ("model", "env", "seed", "env_steps", "metric", "value")
_RUN_COLUMNS = (
    "model", "env", "seed", "state", "error", "env_steps", "parameters", "seconds", "cpu_seconds",
    "env_steps_per_second",
)  # fmt: skip


def write_tables(plan: Plan) -> None:
    """Writes ``results`` and ``runs``, each as Parquet and CSV, from what the runs left.

    ``results`` holds no times, so that the same study gives the same table; ``runs`` holds them.
    """
    import pandas

    cells = [*plan.floors, *plan.cells]
    measured = [row for cell in cells for row in _measured(plan, cell)]
    _write(plan.out, MEASURED, pandas.DataFrame(measured, columns=list(_COLUMNS)))
    runs = pandas.DataFrame([_run(plan, cell) for cell in cells], columns=list(_RUN_COLUMNS))
    _write(plan.out, RUNS, runs)


def is_done(plan: Plan, cell: Cell) -> bool:
    """Whether a cell has its result."""
    return (plan.folder(cell) / RESULT).is_file()


def _measured(plan: Plan, cell: Cell) -> Iterator[tuple[str, str, int, int, str, float]]:
    folder = plan.folder(cell)
    if not is_done(plan, cell):
        return
    for row in read_metrics(folder):
        for name in sorted(row):
            if name != "step" and not name.startswith("time/"):
                yield (*cell, int(row["step"]), name, row[name])


def _run(plan: Plan, cell: Cell) -> dict[str, Any]:
    folder = plan.folder(cell)
    result, fault = read_json(folder / RESULT), read_json(folder / FAULT)
    speeds = [
        row["time/env_steps_per_second"]
        for row in read_metrics(folder)
        if "time/env_steps_per_second" in row
    ]
    return {
        **cell._asdict(),
        "state": "done" if result else "failed" if fault else "missing",
        "error": None if result or not fault else fault["error"],
        **{
            name: (result or {}).get(name)
            for name in ("env_steps", "parameters", "seconds", "cpu_seconds")
        },
        "env_steps_per_second": sorted(speeds)[len(speeds) // 2] if speeds else None,
    }


def _write(out: Path, name: str, table: Any) -> None:
    with whole_file(out / f"{name}.csv") as draft:
        table.to_csv(draft, index=False)
    with whole_file(out / f"{name}.parquet") as draft:
        table.to_parquet(draft, index=False)
