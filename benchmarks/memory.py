"""Do memory, threads and open files stay flat over many fits, and over a long one?

    python benchmarks/memory.py [--fits 20] [--env-steps 2000000]

Short fits in one process, each with a trainer, loggers, videos and checkpoints of its own; then one long fit.
After each short fit, and every 20th of the long one, what the process and its children hold is noted:
resident memory, threads, open files, and child processes. The slope goes over the second half, when caches
are warm.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil

from griddly_lit import Callback, GriddlyEnvSpec, GriddlyTrainer, VideoRecording
from machine import circumstances, write_result

GAME = "Single-Player/GVGAI/clusters_partially_observable.yaml"


def held() -> dict[str, float]:
    """Returns what the process holds now."""
    gc.collect()
    process = psutil.Process()
    return {
        "resident_mib": process.memory_info().rss / 2**20,
        "threads": process.num_threads(),
        "open_files": process.num_fds(),
        "children": len(process.children(recursive=True)),
    }


def temporary() -> set[str]:
    """Returns the names of griddly_lit's temporary folders, of whatever process."""
    return {path.name for path in Path(tempfile.gettempdir()).glob("griddly_lit_*")}


def trainer_of(folder: str, **options: Any) -> GriddlyTrainer:
    """Returns a trainer with all that a user would have."""
    spec = GriddlyEnvSpec(yaml_file=GAME, levels="random", max_steps=200)
    return GriddlyTrainer(
        spec,
        "SimpleConv",
        seed=1,
        default_root_dir=folder,
        track_actions=True,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )


def many(fits: int) -> list[dict[str, float]]:
    """Returns what is held after each of many short fits."""
    rows = []
    for number in range(fits):
        with TemporaryDirectory() as folder:
            trainer_of(folder, max_iterations=3, video=VideoRecording(every_env_steps=1500)).fit()
        rows.append(held())
        print(number, rows[-1], flush=True)
    return rows


def long(env_steps: int) -> list[dict[str, float]]:
    """Returns what is held in the course of one long fit."""
    rows: list[dict[str, float]] = []

    class Note(Callback):
        """Notes it every 20th of the fit."""

        def on_iteration_end(self, trainer: Any) -> None:
            if trainer.env_steps >= (len(rows) + 1) * env_steps / 20:
                rows.append({"env_steps": trainer.env_steps, **held()})
                print(rows[-1], flush=True)

    with TemporaryDirectory() as folder:
        trainer_of(folder, max_env_steps=env_steps, callbacks=Note()).fit()
    return rows


def slopes(rows: list[dict[str, float]]) -> dict[str, float]:
    """Returns the slope of each column a row, over the second half."""
    half = rows[len(rows) // 2 :]
    return {
        name: float(np.polyfit(range(len(half)), [row[name] for row in half], 1)[0])
        for name in ("resident_mib", "threads", "open_files", "children")
        if len(half) > 1
    }


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description="Memory and handles over many fits.")
    parser.add_argument("--fits", type=int, default=20)
    parser.add_argument("--env-steps", type=int, default=2_000_000)
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    result: dict[str, Any] = {**circumstances()}
    before = temporary()
    for name, rows in (("fits", many(arguments.fits)), ("steps", long(arguments.env_steps))):
        result[name] = {"rows": rows, "slope a row, second half": slopes(rows)}
        write_result("memory", result)
    write_result("memory", {**result, "temporary files left": sorted(temporary() - before)})


if __name__ == "__main__":
    main()
