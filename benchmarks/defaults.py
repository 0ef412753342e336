"""With which settings does PPO learn the bundled games, and on how many seeds?

    python benchmarks/defaults.py [--games …] [--settings …] [--seeds 1 20] [--out NAME]

Each (game, setting, seed) is a run of ``GriddlyTrainer`` with SimpleConv in a process of its own, on one
torch thread; all but the setting is the trainer's default. Finished runs are kept in the result, so an
interrupted benchmark goes on where it was.

A run's score is the mean return of its last 100 episodes when the budget is used up: no peak of a noisy
curve. A run of spider-nest has learned where that is at least 1.5, a criterion written before the first
run; the share of the seeds that have is told with its 95 % interval (Wilson's). The floor is the mean
return of 200 episodes of a uniformly random policy.

The first two seeds of each game also keep checkpoints, and test the best and the last one with 100 episodes
each. The best holds its own where its mean is no less than the lower end of the last one's 95 % interval.
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
from scipy import stats

from machine import RESULTS, circumstances, write_result

# Name: file, step limit, budget in environment steps.
GAMES: dict[str, tuple[str, int, int]] = {
    "spider-nest": ("Single-Player/GVGAI/spider-nest.yaml", 500, 250_000),
    "clusters": ("Single-Player/GVGAI/clusters_partially_observable.yaml", 500, 250_000),
    "sokoban2": ("Single-Player/GVGAI/sokoban2_partially_observable.yaml", 500, 250_000),
    "labyrinth": ("Single-Player/GVGAI/labyrinth_partially_observable.yaml", 500, 250_000),
    "spiders": ("Single-Player/Mini-Grid/minigrid-spiders.yaml", 500, 250_000),
}
LEARNED = {"spider-nest": 1.5}
FLOOR_EPISODES = 200
TESTED_SEEDS = (1, 2)
TEST_EPISODES = 100


# What each changes of the defaults.
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "before": {"train_batch_size_per_learner": 4096, "minibatch_size": 1024, "lr": 3e-4},
}


def train(game: str, setting: str, seed: int) -> dict[str, Any]:
    """Trains one agent, in this process.

    Returns:
        ``curve``, a list of (environment steps, mean return of the last 100 episodes); ``score``;
        ``seconds``; of the first seeds ``best`` and ``last``, (mean, low, high) of a test each.
    """
    import torch

    from griddly_lit import Callback, GriddlyEnvSpec, GriddlyTrainer

    class Curve(Callback):
        points: list[tuple[int, float]] = []  # noqa: RUF012

        def on_iteration_end(self, trainer: Any) -> None:
            if trainer.metrics.get("train/episodes", 0) >= 100:
                self.points.append((trainer.env_steps, trainer.metrics["train/return_mean"]))

    torch.set_num_threads(1)
    yaml_file, max_steps, env_steps = GAMES[game]
    spec = GriddlyEnvSpec(yaml_file=yaml_file, levels="random", max_steps=max_steps)
    curve = Curve()
    tested = seed in TESTED_SEEDS
    with TemporaryDirectory() as folder:
        trainer = GriddlyTrainer(
            spec,
            "SimpleConv",
            training=SETTINGS[setting],
            callbacks=curve,
            max_env_steps=env_steps,
            seed=seed,
            logger=False,
            default_root_dir=folder,
            enable_checkpointing=tested,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        began = time.perf_counter()
        result = trainer.fit()
        run: dict[str, Any] = {
            "score": result.metrics["train/return_mean"],
            "seconds": time.perf_counter() - began,
            "curve": [(steps, round(value, 4)) for steps, value in curve.points],
        }
        for name in ("best", "last") if tested else ():
            episodes = TEST_EPISODES // len(spec.level_source.indices())
            test = trainer.test(episodes_per_level=episodes, ckpt_path=name)
            run[name] = [test.return_mean, *test.return_interval]
    return run


def floor(game: str) -> float:
    """Returns the mean return of a uniformly random policy."""
    from griddly_lit import GriddlyEnvSpec
    from griddly_lit.envs import VectorGame

    yaml_file, max_steps, _ = GAMES[game]
    spec = GriddlyEnvSpec(yaml_file=yaml_file, levels="random", max_steps=max_steps)
    games = VectorGame(spec, FLOOR_EPISODES, (0, 0))
    rng = np.random.default_rng(0)
    first: dict[int, float] = {}
    games.reset()
    while len(first) < FLOOR_EPISODES:
        nvec = spec.action_nvec
        actions = rng.integers(nvec, size=(FLOOR_EPISODES, 1, len(nvec)))
        for end in games.step(actions):
            first.setdefault(end.index, float(end.returns.sum()))
    games.close()
    return float(np.mean(list(first.values())))


def in_a_process(*arguments: str) -> Any:
    """Returns what this script prints last when it is run with the arguments."""
    command = [sys.executable, __file__, *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def summary(runs: dict[str, dict[str, Any]], floors: dict[str, float]) -> dict[str, Any]:
    """Returns scores by game and setting, and the share that has learned."""
    rows: dict[str, Any] = {}
    keys = sorted({name.rpartition(" | ")[0] for name in runs})
    for key in keys:
        game = key.partition(" | ")[0]
        scores = np.array(
            [run["score"] for name, run in runs.items() if name.rpartition(" | ")[0] == key]
        )
        row: dict[str, Any] = {
            "seeds": len(scores),
            "floor": floors.get(game),
            "mean": float(scores.mean()),
            "lowest": float(scores.min()),
            "highest": float(scores.max()),
        }
        if game in LEARNED:
            learned = int((scores >= LEARNED[game]).sum())
            interval = stats.binomtest(learned, len(scores)).proportion_ci(method="wilson")
            row["learned"] = learned
            row["share"] = learned / len(scores)
            row["interval_95"] = [float(interval.low), float(interval.high)]
        rows[key] = row
    return rows


def best_against_last(runs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns in how many of the tested runs the best checkpoint holds its own, and all of them."""
    tested = {name: run for name, run in runs.items() if "best" in run and "| default |" in name}
    rows = {
        name: {
            "best": run["best"],
            "last": run["last"],
            "holds": run["best"][0] >= run["last"][1],
        }
        for name, run in tested.items()
    }
    return {"holds": sum(row["holds"] for row in rows.values()), "of": len(rows), "runs": rows}


def draw(runs: dict[str, dict[str, Any]], floors: dict[str, float], path: Path) -> None:
    """Draws each game's mean curve and the range from the lowest to the highest seed."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    games = [game for game in GAMES if any(name.startswith(f"{game} |") for name in runs)]
    figure, rows = plt.subplots(
        1, len(games), figsize=(3.2 * len(games), 3), layout="constrained", squeeze=False
    )
    for axes, game in zip(rows[0], games, strict=True):
        settings = sorted({name.split(" | ")[1] for name in runs if name.startswith(f"{game} |")})
        for setting in settings:
            curves = [
                run["curve"]
                for name, run in runs.items()
                if name.startswith(f"{game} | {setting} |")
            ]
            grid = np.linspace(max(curve[0][0] for curve in curves), GAMES[game][2], 60)
            values = np.array([np.interp(grid, *np.transpose(curve)) for curve in curves])
            (line,) = axes.plot(grid / 1000, values.mean(axis=0), label=setting)
            axes.fill_between(
                grid / 1000,
                values.min(axis=0),
                values.max(axis=0),
                color=line.get_color(),
                alpha=0.2,
            )
        if game in floors:
            axes.axhline(floors[game], color="grey", linestyle=":", label="random")
        axes.set(title=game, xlabel="thousand environment steps")
        axes.grid(alpha=0.3)
    rows[0][0].set_ylabel("return, last 100 episodes")
    rows[0][0].legend(fontsize=7)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Runs the benchmark, or one of its runs."""
    parser = argparse.ArgumentParser(description="Settings of PPO over games and seeds.")
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--settings", nargs="+", default=["default"], choices=list(SETTINGS))
    parser.add_argument("--seeds", nargs=2, type=int, default=[1, 20], help="first and last")
    parser.add_argument("--out", default="defaults")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--floor", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        game, setting, seed = arguments.run
        print(json.dumps(train(game, setting, int(seed))))
        return
    if arguments.floor:
        print(json.dumps(floor(arguments.floor)))
        return
    path = RESULTS / f"{arguments.out}.json"
    earlier = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    runs, floors = earlier.get("runs", {}), earlier.get("floors", {})
    games = {game: GAMES[game] for game in arguments.games}
    result = {**circumstances(), "games (file, step limit, budget)": GAMES, "criterion": LEARNED}
    for game in games:
        if game not in floors:
            floors[game] = in_a_process("--floor", game)
    first, last = arguments.seeds
    for seed, game, setting in itertools.product(range(first, last + 1), games, arguments.settings):
        name = f"{game} | {setting} | {seed}"
        if name in runs:
            continue
        runs[name] = in_a_process("--run", game, setting, str(seed))
        print(f"{name}: {runs[name]['score']:.2f}, {runs[name]['seconds']:.0f} s", flush=True)
        write_result(
            arguments.out,
            {
                **result,
                "summary": summary(runs, floors),
                "best_against_last": best_against_last(runs),
                "floors": floors,
                "runs": runs,
            },
        )
    print(json.dumps(summary(runs, floors), indent=1))
    draw(runs, floors, path.with_suffix(".png"))


if __name__ == "__main__":
    main()
