"""What does a memory bring where little of the grid is seen, and what does it cost?

    python benchmarks/memory_models.py [--games …] [--models …] [--seeds 1 3] [--out NAME]

Each (game, model, seed) is a run of ``GriddlyTrainer`` in a process of its own, on one torch thread; all but
the model is the trainer's default, and signpost's settings are those of ``tests/slow/test_memory.py``.
Finished runs are kept in the result, so an interrupted benchmark goes on where it was.

A run's score is the mean return of its last 100 episodes when the budget is used up; labyrinth's best is 1 a
episode on each of its five levels, as is signpost's on its two. ``steps_per_second`` is the budget over the
time of the whole fit, on a machine that may have been busy: ``load_average_before`` says how much.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from machine import RESULTS, circumstances, write_result

# Name: file, step limit, budget in environment steps, and what differs from the trainer's defaults.
GAMES: dict[str, tuple[str, int, int, dict[str, Any]]] = {
    "labyrinth": ("Single-Player/GVGAI/labyrinth_partially_observable.yaml", 500, 250_000, {}),
    "signpost": (
        str(Path(__file__).parents[1] / "recipes/games/signpost.yaml"),
        30,
        50_000,
        {"training": {"gamma": 0.95}, "num_envs_per_env_runner": 16},
    ),
}
MODELS = ("SimpleConv", "SimpleConv + LSTM(256)", "SimpleConv + GRU(256)")


def train(game: str, model: str, seed: int) -> dict[str, Any]:
    """Trains one agent, in this process.

    Returns:
        ``curve``, a list of (environment steps, mean return of the last 100 episodes); ``score``;
        ``seconds``; ``steps_per_second``; and ``load_average_before``.
    """
    import torch

    from griddly_lit import GRU, LSTM, Callback, GriddlyEnvSpec, GriddlyTrainer, SimpleConv

    class Curve(Callback):
        points: list[tuple[int, float]] = []  # noqa: RUF012

        def on_iteration_end(self, trainer: Any) -> None:
            if trainer.metrics.get("train/episodes", 0) >= 100:
                self.points.append((trainer.env_steps, trainer.metrics["train/return_mean"]))

    torch.set_num_threads(1)
    yaml_file, max_steps, env_steps, options = GAMES[game]
    memory = LSTM(256) if "LSTM" in model else GRU(256) if "GRU" in model else None
    curve, load = Curve(), os.getloadavg()[0]
    with TemporaryDirectory() as folder:
        trainer = GriddlyTrainer(
            GriddlyEnvSpec(yaml_file=yaml_file, levels="random", max_steps=max_steps),
            SimpleConv(memory=memory),
            callbacks=curve,
            max_env_steps=env_steps,
            seed=seed,
            logger=False,
            default_root_dir=folder,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **options,
        )
        began = time.perf_counter()
        result = trainer.fit()
        seconds = time.perf_counter() - began
    return {
        "score": result.metrics["train/return_mean"],
        "seconds": seconds,
        "steps_per_second": result.env_steps / seconds,
        "load_average_before": load,
        "curve": [(steps, round(value, 4)) for steps, value in curve.points],
    }


def in_a_process(*arguments: str) -> Any:
    """Returns what this script prints last when it is run with the arguments."""
    command = [sys.executable, __file__, *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def summary(runs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns scores and speeds by game and model."""
    rows: dict[str, Any] = {}
    for key in sorted({name.rpartition(" | ")[0] for name in runs}):
        found = [run for name, run in runs.items() if name.rpartition(" | ")[0] == key]
        scores = [run["score"] for run in found]
        rows[key] = {
            "seeds": len(scores),
            "scores": scores,
            "mean": float(np.mean(scores)),
            "steps_per_second": float(np.median([run["steps_per_second"] for run in found])),
        }
    return rows


def main() -> None:
    """Runs the benchmark, or one of its runs."""
    parser = argparse.ArgumentParser(description="Models with and without memory.")
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--models", nargs="+", default=list(MODELS[:2]), choices=MODELS)
    parser.add_argument("--seeds", nargs=2, type=int, default=[1, 3], help="first and last")
    parser.add_argument("--out", default="memory_models")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        game, model, seed = arguments.run
        print(json.dumps(train(game, model, int(seed))))
        return
    path = RESULTS / f"{arguments.out}.json"
    runs = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.exists() else {}
    first, last = arguments.seeds
    for seed, game, model in itertools.product(
        range(first, last + 1), arguments.games, arguments.models
    ):
        name = f"{game} | {model} | {seed}"
        if name in runs:
            continue
        runs[name] = in_a_process("--run", game, model, str(seed))
        print(f"{name}: {runs[name]['score']:.2f}, {runs[name]['seconds']:.0f} s", flush=True)
        told = {
            name: {"file": Path(file).name, "max_steps": most, "budget": budget, **options}
            for name, (file, most, budget, options) in GAMES.items()
        }
        write_result(
            arguments.out,
            {**circumstances(), "games": told, "summary": summary(runs), "runs": runs},
        )
    print(json.dumps(summary(runs), indent=1))


if __name__ == "__main__":
    main()
