"""One run of a study, in a process of its own: train, test, and leave what was measured."""

from __future__ import annotations

import csv
import json
import os
import shutil
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from griddly_lit.callbacks import Callback, TrainerView
from griddly_lit.comparison.floor import FLOOR
from griddly_lit.comparison.plan import Cell, Plan
from griddly_lit.whole_file import whole_file

RESULT, FAULT, METRICS = "result.json", "fault.json", "metrics.csv"
_REPORT_S = 1.0
Tell = Callable[[Mapping[str, float]], None]


class Progress(Callback):
    """Tells how far a run is, at most once a second.

    Args:
        tell: Gets ``env_steps`` and ``return_mean``.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._told_at = 0.0

    def on_iteration_end(self, trainer: TrainerView, metrics: Mapping[str, float]) -> None:
        """Tells."""
        if time.monotonic() - self._told_at > _REPORT_S:
            self._told_at = time.monotonic()
            score = metrics.get("train/return_mean", float("nan"))
            self._tell({"env_steps": float(trainer.env_steps), "return_mean": score})


def run_cell(plan: Plan, cell: Cell, tell: Tell) -> None:
    """Runs a cell to its end, from its last checkpoint if it has one.

    Its folder then holds :data:`RESULT`; after an exception :data:`FAULT`, with the traceback.
    """
    folder = plan.folder(cell)
    (folder / FAULT).unlink(missing_ok=True)
    write_json(folder / "settings.json", plan.settings(cell))
    began, cpu_began = time.perf_counter(), time.process_time()
    try:
        done = _floor(plan, cell) if cell.model == FLOOR else _trained(plan, cell, tell)
    except Exception as error:
        fault = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
        write_json(folder / FAULT, fault)
        raise
    seconds = {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
    }
    write_json(folder / RESULT, {**done, **seconds})


def _floor(plan: Plan, cell: Cell) -> dict[str, Any]:
    trainer = plan.make_trainer(cell, logger=_logger(plan, cell))
    trainer.validate()
    trainer.test(episodes_per_level=plan.test_episodes)
    return {"env_steps": 0}


def _trained(plan: Plan, cell: Cell, tell: Tell) -> dict[str, Any]:
    import torch

    # Ray tells each process how many threads are its share.
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    run = plan.folder(cell) / "run"
    goes_on = (run / "checkpoints" / "last").is_dir()
    if not goes_on and run.exists():
        # Of a run that was killed before its first checkpoint.
        shutil.rmtree(run)
    trainer = plan.make_trainer(
        cell,
        logger=_logger(plan, cell),
        callbacks=[plan.checkpointing(), Progress(tell)],
    )
    result = trainer.fit(ckpt_path="last" if goes_on else None)
    if result.stop_reason != "max_env_steps":
        raise RuntimeError(f"training was ended by {result.stop_reason}")
    trainer.test(episodes_per_level=plan.test_episodes)
    count = sum(each.numel() for net in trainer.networks.values() for each in net.parameters())
    return {"env_steps": result.env_steps, "parameters": count}


def _logger(plan: Plan, cell: Cell) -> Any:
    from lightning.pytorch.loggers import CSVLogger

    return CSVLogger(plan.folder(cell), name="", version="run")


def read_metrics(folder: Path) -> list[dict[str, float]]:
    """Returns what a run logged: a dictionary a row, with its ``env_steps`` as ``step``."""
    path = folder / "run" / METRICS
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [{name: float(value) for name, value in row.items() if value} for row in rows]


def write_json(path: Path, values: Any) -> None:
    """Writes values as a file that is whole."""
    with whole_file(path) as draft:
        draft.write_text(json.dumps(values, indent=1) + "\n", "utf-8")


def read_json(path: Path) -> Any:
    """Returns the values of a file, None where it is not there."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else None
