"""What env runners in processes of their own bring, and what a busy neighbour takes.

    python benchmarks/runners.py [--rounds 3] [--seconds 20]

Each run is a fit of ``GriddlyTrainer`` with its defaults in a process of its own, with 0, 1 or 2 env
runners: alone, or beside a process that never rests, pinned to the first core. The rate is environment
steps by wall time over iterations, from the third one on. The runs take turns; medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from machine import circumstances, write_result

# Name: file, model, and options of spec and trainer.
GAMES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "GriddlyRTS, valid actions by tree": (
        "RTS/GriddlyRTS.yaml",
        {"max_steps": 500},
        {"model": "GAP", "valid_actions": "tree", "num_envs_per_env_runner": 16},
    ),
    "clusters": (
        "Single-Player/GVGAI/clusters_partially_observable.yaml",
        {"max_steps": 500, "levels": "random"},
        {"model": "SimpleConv"},
    ),
}
RUNNERS = (0, 1, 2)
_WARM_UP = 2


def run(game: str, runners: int, seconds: float) -> float:
    """Returns the environment steps a second of a fit in this process."""
    from griddly_lit import Callback, GriddlyEnvSpec, GriddlyTrainer

    class Clock(Callback):
        began = (0.0, 0)
        now = (0.0, 0)

        def on_iteration_end(self, trainer: Any) -> None:
            self.now = (time.perf_counter(), trainer.env_steps)
            if trainer.iterations == _WARM_UP:
                self.began = self.now
            elif trainer.iterations > _WARM_UP:
                trainer.should_stop = self.now[0] - self.began[0] > seconds

    yaml_file, spec, options = GAMES[game]
    clock = Clock()
    with TemporaryDirectory() as folder:
        GriddlyTrainer(
            GriddlyEnvSpec(yaml_file=yaml_file, **spec),
            num_env_runners=runners,
            callbacks=clock,
            seed=1,
            logger=False,
            default_root_dir=folder,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **options,
        ).fit()
    return (clock.now[1] - clock.began[1]) / (clock.now[0] - clock.began[0])


@contextmanager
def neighbour(busy: bool) -> Any:
    """Keeps the first core busy meanwhile."""
    if not busy:
        yield
        return
    loop = subprocess.Popen(["taskset", "-c", "0", sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


def in_a_process(game: str, runners: int, seconds: float) -> float:
    """Returns what :func:`run` does in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    command = [sys.executable, __file__, "--run", game, str(runners), "--seconds", str(seconds)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Runs the benchmark, or one of its runs."""
    parser = argparse.ArgumentParser(description="Env runners, and a busy neighbour.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--runners", nargs="+", type=int, default=list(RUNNERS))
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        print(run(arguments.run[0], int(arguments.run[1]), arguments.seconds))
        return
    rates: dict[str, list[float]] = {}
    for number in range(arguments.rounds):
        for game in arguments.games:
            for busy in (False, True):
                for runners in arguments.runners:
                    name = f"{game} | {runners} runners | {'busy' if busy else 'alone'}"
                    with neighbour(busy):
                        rate = in_a_process(game, runners, arguments.seconds)
                    rates.setdefault(name, []).append(rate)
                    print(f"round {number}: {name}: {rate:,.0f} steps/s", flush=True)
    medians = {name: median(values) for name, values in rates.items()}
    result = {
        **circumstances(),
        "steps_per_second": medians,
        "of_none": {
            f"{game} | {runners} runners": medians[f"{game} | {runners} runners | alone"]
            / medians[f"{game} | 0 runners | alone"]
            for game in arguments.games
            for runners in arguments.runners
            if runners and 0 in arguments.runners
        },
        "kept_beside_a_busy_neighbour": {
            f"{game} | {runners} runners": medians[f"{game} | {runners} runners | busy"]
            / medians[f"{game} | {runners} runners | alone"]
            for game in arguments.games
            for runners in arguments.runners
        },
        "rounds": rates,
    }
    write_result("runners", result)
    print(json.dumps({k: result[k] for k in ("of_none", "kept_beside_a_busy_neighbour")}, indent=1))


if __name__ == "__main__":
    main()
