"""Do prioritised levels teach more than uniform ones?

    python benchmarks/level_sources.py [--levels 200] [--env-steps 500000] [--seeds 1 5] [--out NAME]

Clusters on generated levels that can be won (``recipes/generated_levels.py``), seen through a window about
the avatar. Both sources train on the same levels, those of seeds 0 … levels − 1: one draws them uniformly, the
other by Prioritized Level Replay with its defaults. All else is the trainer's default with SimpleConv. Every
(source, seed) is a run in a process of its own, on one torch thread. Finished runs are kept in the result, so
an interrupted benchmark goes on where it was.

A run's score is the mean return of its last policy over one episode on each of 100 held-out levels, seeds from
1,000,000 on; beside it that on the first 100 levels of its training. The sources are compared over the training
seeds: the difference of the mean scores with its 95 % interval (Welch's), and the two-sided p of a permutation
test over all divisions of the runs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy import stats

from machine import RESULTS, circumstances, write_result

sys.path.append(str(Path(__file__).parents[1] / "recipes"))
GAME = "Single-Player/GVGAI/clusters_partially_observable.yaml"
MAX_STEPS = 200
CONFIG = {"boxes": 2}
TESTED = 100
HELD_OUT = 1_000_000
SOURCES = ("uniform", "prioritized")


@dataclass
class Seeds:
    """The generated levels of consecutive seeds, uniformly or in order."""

    first: int
    count: int
    in_order: bool = False

    @property
    def largest(self) -> tuple[int, int]:
        from generated_levels import LARGEST

        return LARGEST

    def draw(self, rng: np.random.Generator, ordinal: int) -> str:
        from generated_levels import Clusters

        number = ordinal % self.count if self.in_order else int(rng.integers(self.count))
        return Clusters(CONFIG).generate(np.random.default_rng(self.first + number))

    def indices(self) -> tuple[int, ...]:
        return ()


def train(source: str, levels: int, env_steps: int, seed: int) -> dict[str, Any]:
    """Trains one agent, in this process.

    Returns:
        ``held_out`` and ``trained``, (mean, low, high, win rate) of 100 episodes each; ``curve``, a list of
        (environment steps, mean return of the last 100 episodes); ``seconds``.
    """
    import torch
    from generated_levels import LARGEST, Clusters

    from griddly_lit import (
        Callback,
        GeneratedLevels,
        GriddlyEnvSpec,
        GriddlyTrainer,
        PrioritizedLevels,
    )

    class Curve(Callback):
        points: list[tuple[int, float]] = []  # noqa: RUF012

        def on_iteration_end(self, trainer: Any) -> None:
            if trainer.metrics.get("train/episodes", 0) >= 100:
                self.points.append((trainer.env_steps, trainer.metrics["train/return_mean"]))

    def trainer_of(levels: Any, folder: str, **options: Any) -> GriddlyTrainer:
        return GriddlyTrainer(
            GriddlyEnvSpec(yaml_file=GAME, levels=levels, max_steps=MAX_STEPS),
            "SimpleConv",
            seed=seed,
            logger=False,
            default_root_dir=folder,
            enable_progress_bar=False,
            enable_model_summary=False,
            **options,
        )

    torch.set_num_threads(1)
    trained: Any = Seeds(0, levels)
    if source == "prioritized":
        generated = GeneratedLevels(Clusters, CONFIG, largest=LARGEST)
        trained = PrioritizedLevels(generated, capacity=levels)
    curve = Curve()
    with TemporaryDirectory() as folder:
        trainer = trainer_of(trained, folder, callbacks=curve, max_env_steps=env_steps)
        began = time.perf_counter()
        result = trainer.fit()
        run: dict[str, Any] = {"seconds": time.perf_counter() - began}
        for name, first in (("held_out", HELD_OUT), ("trained", 0)):
            tested = trainer_of(Seeds(first, TESTED, in_order=True), folder).test(
                episodes_per_level=TESTED, ckpt_path=result.last_path
            )
            run[name] = [tested.return_mean, *tested.return_interval, tested.win_rate]
    return run | {"curve": [(steps, round(value, 4)) for steps, value in curve.points]}


def comparison(runs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns the scores of each source, and how the two differ."""
    rows: dict[str, Any] = {}
    for name in ("held_out", "trained"):
        scores = {
            source: np.array(
                [run[name][0] for key, run in runs.items() if key.split(" | ")[0] == source]
            )
            for source in SOURCES
        }
        row: dict[str, Any] = {
            source: {
                "seeds": len(values),
                "mean": float(values.mean()),
                "each": [round(value, 4) for value in values.tolist()],
            }
            for source, values in scores.items()
            if len(values)
        }
        if all(len(values) > 1 for values in scores.values()):
            ours, theirs = scores["prioritized"], scores["uniform"]
            interval = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval()
            test = stats.permutation_test(
                (ours, theirs), lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis)
            )
            row["difference"] = float(ours.mean() - theirs.mean())
            row["interval_95"] = [float(interval.low), float(interval.high)]
            row["p"] = float(test.pvalue)
        rows[name] = row
    return rows


def in_a_process(*arguments: str) -> Any:
    """Returns what this script prints last when it is run with the arguments."""
    command = [sys.executable, __file__, *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Runs the benchmark, or one of its runs."""
    parser = argparse.ArgumentParser(description="Uniform and prioritised levels.")
    parser.add_argument("--levels", type=int, default=200)
    parser.add_argument("--env-steps", type=int, default=500_000)
    parser.add_argument("--seeds", nargs=2, type=int, default=[1, 5], help="first and last")
    parser.add_argument("--sources", nargs="+", default=list(SOURCES), choices=SOURCES)
    parser.add_argument("--out", default="level_sources")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    levels, env_steps = arguments.levels, arguments.env_steps
    if arguments.run:
        source, seed = arguments.run
        print(json.dumps(train(source, levels, env_steps, int(seed))))
        return
    path = RESULTS / f"{arguments.out}.json"
    settings = {"game": GAME, "levels": levels, "env_steps": env_steps, "max_steps": MAX_STEPS}
    earlier = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if earlier.get("settings", settings) != settings:
        parser.error(f"{path.name} is of {earlier['settings']}: give another --out, or remove it")
    runs = earlier.get("runs", {})
    result = {**circumstances(), "settings": settings}
    first, last = arguments.seeds
    for seed, source in itertools.product(range(first, last + 1), arguments.sources):
        name = f"{source} | {seed}"
        if name in runs:
            continue
        options = ("--levels", str(levels), "--env-steps", str(env_steps))
        runs[name] = in_a_process("--run", source, str(seed), *options)
        print(f"{name}: {runs[name]['held_out'][0]:.2f}, {runs[name]['seconds']:.0f} s", flush=True)
        write_result(arguments.out, {**result, "comparison": comparison(runs), "runs": runs})
    print(json.dumps(comparison(runs), indent=1))


if __name__ == "__main__":
    main()
