"""Does PPO learn the same through our env runner and learner as through RLlib's own?

    python benchmarks/learning_curves.py [--quick]

PPO with this package's default settings trains ImpalaCNN on spider-nest (200 steps at most, 64
games, 100,000 environment steps), five seeds through ``GriddlyEnvRunner`` and five through RLlib's
``SingleAgentEnvRunner`` over ``GriddlyEnv``, RLlib's learner, and a module that asks the network about every
observation, where ours asks once about each distinct one. All else is the same. Each run has a process of its own
and one torch thread; finished runs are kept in the result, so an interrupted benchmark goes on
where it was.

Steps mean the same on both sides: RLlib's runner resets a game with a call that it does not count.

A curve is RLlib's ``episode_return_mean`` over the environment steps: the mean return of the episodes
(the last 100 at most) that ended in an iteration. Both runners report it.

The criterion, written before the first run. The curves agree when

1. the area under the curve (the mean over the environment steps) does not differ between the runners
   by Welch's t-test at 5 % over the seeds;
2. the means at 25, 50, 75 and 100 thousand steps, and the mean return of 200 fresh episodes that the
   trained networks play, do not differ either, at 5 % over these five tests together (Holm);
3. the test could have seen a difference: the 95 % interval of the difference in area is no wider
   than the gain in return from 10 to 100 thousand steps.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from machine import RESULTS, circumstances, write_result

RUNNERS = ("griddly_lit", "stock")
SEEDS = (1, 2, 3, 4, 5)
ENV_STEPS = 100_000
CHECKPOINTS = (25_000, 50_000, 75_000, 100_000)
FIRST = 10_000
EPISODES = 200
GAME = "Single-Player/GVGAI/spider-nest.yaml"


def train(runner: str, seed: int, env_steps: int) -> dict[str, Any]:
    """Trains one agent, in this process.

    Returns:
        ``curve``, a list of (environment steps, mean return); ``final_return``; ``seconds``.
    """
    import torch
    from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner
    from ray.rllib.utils.metrics import (
        ENV_RUNNER_RESULTS,
        EPISODE_RETURN_MEAN,
        NUM_ENV_STEPS_SAMPLED_LIFETIME,
    )

    from griddly_lit import GriddlyEnvSpec, ImpalaCNN
    from griddly_lit.playing import batches_of, play_episodes
    from griddly_lit.policies import resolve_policies
    from griddly_lit.policies.players import PolicyPlayers
    from griddly_lit.rllib.config import Settings, algorithm_config
    from griddly_lit.rllib.run import TrainingRun
    from griddly_lit.rllib.session import ray_session
    from stock import stock_config

    torch.set_num_threads(1)
    spec = GriddlyEnvSpec(yaml_file=GAME, max_steps=200)
    policies = resolve_policies(spec, "shared", ImpalaCNN())
    config = algorithm_config(Settings(env=spec, policies=policies, seed=seed))
    if runner == "stock":
        config = stock_config(config, SingleAgentEnvRunner)
    (policy,) = policies
    network = policy.model.build(policy.observation_shape, policy.head.num_logits)
    curve = []
    began = time.perf_counter()
    with ray_session(1):
        run = TrainingRun(config)
        env_steps_taken = 0
        while env_steps_taken < env_steps:
            runner_results = run.algorithm.train()[ENV_RUNNER_RESULTS]
            env_steps_taken = int(runner_results[NUM_ENV_STEPS_SAMPLED_LIFETIME])
            return_mean = runner_results.get(EPISODE_RETURN_MEAN, math.nan)
            if math.isfinite(return_mean):
                curve.append((env_steps_taken, return_mean))
        network.load_state_dict(run.weights()[policy.name])
        run.close()
    players = PolicyPlayers(policies, {policy.name: network})
    episodes = [
        episode
        for batch in batches_of([0], EPISODES, seed)
        for episode in play_episodes(players, spec, batch)
    ]
    return {
        "curve": curve,
        "final_return": float(np.mean([episode.returns.sum() for episode in episodes])),
        "seconds": time.perf_counter() - began,
    }


def train_all(runs: dict[str, dict[str, Any]], env_steps: int, keep: Callable[[], None]) -> None:
    """Adds to ``runs`` what is missing, one process after another; calls ``keep`` after each."""
    for seed in SEEDS:
        for runner in RUNNERS:
            name = f"{runner} {seed}"
            if name in runs:
                continue
            command = [sys.executable, __file__, "--run", runner, str(seed), str(env_steps)]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            output = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, text=True, check=True
            ).stdout
            runs[name] = json.loads(output.splitlines()[-1])
            final, seconds = runs[name]["final_return"], runs[name]["seconds"]
            print(f"{name}: final return {final:.2f}, {seconds:.0f} s", flush=True)
            keep()


def curves(runs: dict[str, dict[str, Any]], grid: NDArray[np.float64]) -> dict[str, Any]:
    """Returns the returns at the steps of ``grid``, an array (seeds, steps) a runner."""
    return {
        runner: np.array(
            [
                np.interp(grid, *np.transpose(run["curve"]))
                for name, run in runs.items()
                if name.startswith(runner)
            ]
        )
        for runner in RUNNERS
    }


def difference(ours: NDArray[np.float64], stock: NDArray[np.float64]) -> dict[str, Any]:
    """Compares two samples of seeds by Welch's t-test."""
    test = stats.ttest_ind(ours, stock, equal_var=False)
    interval = test.confidence_interval(0.95)
    return {
        "griddly_lit": float(ours.mean()),
        "stock": float(stock.mean()),
        "difference": float(ours.mean() - stock.mean()),
        "interval_95": [float(interval.low), float(interval.high)],
        "p": float(test.pvalue),
    }


def compare(runs: dict[str, dict[str, Any]], env_steps: int) -> dict[str, Any]:
    """Applies the criterion."""
    share = env_steps / ENV_STEPS
    grid = np.linspace(FIRST * share, env_steps, 91)
    by_runner = curves(runs, grid)
    area = difference(*(by_runner[runner].mean(axis=1) for runner in RUNNERS))
    at_steps = curves(runs, np.array(CHECKPOINTS) * share)
    points = {
        f"at {int(steps * share):,} steps": difference(
            *(at_steps[runner][:, index] for runner in RUNNERS)
        )
        for index, steps in enumerate(CHECKPOINTS)
    }
    points["fresh episodes"] = difference(
        *(
            np.array([run["final_return"] for name, run in runs.items() if name.startswith(runner)])
            for runner in RUNNERS
        )
    )
    everything = np.concatenate([by_runner[runner] for runner in RUNNERS])
    gain = float((everything[:, -1] - everything[:, 0]).mean())
    low, high = area["interval_95"]
    criterion = {
        "area_agrees": area["p"] > 0.05,
        "points_agree": min(holm([point["p"] for point in points.values()])) > 0.05,
        "test_is_sharp": high - low <= gain,
    }
    return {
        "agree": all(criterion.values()),
        **criterion,
        "gain": gain,
        "area": area,
        "points": points,
    }


def holm(p_values: list[float]) -> list[float]:
    """Returns p-values, sorted, corrected for their number (Holm)."""
    ordered = np.sort(p_values)
    corrected = np.maximum.accumulate(ordered * np.arange(len(ordered), 0, -1))
    return [float(value) for value in np.minimum(corrected, 1.0)]


def draw(runs: dict[str, dict[str, Any]], env_steps: int, path: Path) -> None:
    """Draws mean and range over the seeds."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    grid = np.linspace(FIRST * env_steps / ENV_STEPS, env_steps, 91)
    figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    for runner, values in curves(runs, grid).items():
        label = "griddly_lit's env runner" if runner == "griddly_lit" else "RLlib's own env runner"
        (line,) = axes.plot(grid, values.mean(axis=0), label=label)
        axes.fill_between(
            grid, values.min(axis=0), values.max(axis=0), color=line.get_color(), alpha=0.2
        )
    axes.set(xlabel="environment steps", ylabel="mean return of an iteration's episodes")
    axes.set_title(f"PPO on spider-nest: mean and range of {len(SEEDS)} seeds")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
    print(f"Drawn: {path.parent.name}/{path.name}")


def show(summary: dict[str, Any]) -> None:
    """Prints the comparison."""
    for name, row in {"area": summary["area"], **summary["points"]}.items():
        low, high = row["interval_95"]
        print(
            f"{name}: griddly_lit {row['griddly_lit']:.2f}, stock {row['stock']:.2f}, difference "
            f"{row['difference']:+.2f} [{low:+.2f}, {high:+.2f}], p = {row['p']:.2f}"
        )
    print(f"gain from the first steps to the last: {summary['gain']:.2f}")
    for name in ("area_agrees", "points_agree", "test_is_sharp", "agree"):
        print(f"{name.replace('_', ' ')}: {summary[name]}")


def main() -> None:
    """Runs the benchmark, or one of its runs."""
    parser = argparse.ArgumentParser(description="PPO through two env runners.")
    parser.add_argument("--quick", action="store_true", help="short runs, to see that all works")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        runner, seed, steps = arguments.run
        print(json.dumps(train(runner, int(seed), int(steps))))
        return
    env_steps = 20_000 if arguments.quick else ENV_STEPS
    settings = {"game": GAME, "env_steps": env_steps, "seeds": len(SEEDS)}
    result = {**circumstances(), "settings": settings}
    name = "learning_curves_quick" if arguments.quick else "learning_curves"
    path = RESULTS / f"{name}.json"
    runs: dict[str, dict[str, Any]] = {}
    if path.exists():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        if earlier["settings"] == settings:
            runs = earlier["runs"]
    train_all(runs, env_steps, lambda: write_result(name, {**result, "runs": runs}))
    summary = compare(runs, env_steps)
    show(summary)
    draw(runs, env_steps, RESULTS / f"{name}.png")
    write_result(name, {**result, "summary": summary, "runs": runs})


if __name__ == "__main__":
    main()
