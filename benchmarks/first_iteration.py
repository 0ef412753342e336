"""How long it takes from starting a script to the end of its first iteration.

    python benchmarks/first_iteration.py [--quick]

Two scripts take turns, each time in a fresh process: ``recipes/clusters.py`` with its loggers and
progress bar, and the same training written with RLlib alone: PPO over ``GriddlyEnv``, the same model,
batch and settings, RLlib's own env runner and no loggers. ``import griddly_lit`` is timed beside an
empty Python.

Times are seconds since the process was started. ``imported`` is when the script's imports are done
(the recipe imports most of what it needs later), ``built`` when the algorithm is built. On a busy
machine the CPU seconds of the import say more than its wall time.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from machine import circumstances, write_result

HERE = Path(__file__).parent
FOLDERS = (HERE, HERE.parent / "recipes")

OURS = """
import time
from pathlib import Path
from griddly_lit.callbacks import Callback

class Clock(Callback):
    def on_fit_start(self, trainer):
        print("built", time.time(), flush=True)

    def on_iteration_end(self, trainer):
        print("iterated", time.time(), flush=True)

import clusters
print("imported", time.time(), flush=True)
clusters.main(max_iterations=1, callbacks=[Clock()], default_root_dir=Path.cwd())
"""

STOCK = """
import time
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.tune.registry import register_env
from griddly_lit import GAP, GriddlyEnv, GriddlyEnvSpec
from griddly_lit.models import ActionHead
from griddly_lit.rllib.algorithms import ALGORITHMS
from stock import StockModule
print("imported", time.time(), flush=True)

spec = GriddlyEnvSpec(
    yaml_file="Single-Player/GVGAI/clusters_partially_observable.yaml",
    levels="random",
    max_steps=1000,
)
register_env("griddly", lambda env_config: GriddlyEnv(spec))
config = (
    PPOConfig()
    .environment("griddly")
    .env_runners(num_env_runners=0, num_envs_per_env_runner=64)
    .rl_module(
        rl_module_spec=RLModuleSpec(
            module_class=StockModule,
            model_config={
                "model": GAP(), "head": ActionHead(spec.action_nvec), "bfloat16": False
            },
        )
    )
    .training(**ALGORITHMS["PPO"].training)
    .debugging(seed=1)
)
algorithm = config.build_algo()
print("built", time.time(), flush=True)
algorithm.train()
print("iterated", time.time(), flush=True)
"""

SCRIPTS = {
    "recipes/clusters.py": OURS,
    "the same with RLlib alone": STOCK,
    "import griddly_lit": "import griddly_lit",
    "empty Python": "pass",
}


def run(script: str) -> dict[str, float]:
    """Runs a script in a process of its own.

    Returns:
        Seconds from its start to each phase; to its end, and its CPU seconds, if it names none.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(_path())}
    with tempfile.TemporaryDirectory() as folder:
        cpu_before = _cpu_seconds_of_children()
        began = time.time()
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stderr)
        output = done.stdout
        ended = time.time()
    lines = [line.split() for line in output.splitlines()]
    phases = {
        line[0]: float(line[1]) - began
        for line in lines
        if len(line) == 2 and line[0] in ("imported", "built", "iterated")
    }
    return phases or {"cpu": _cpu_seconds_of_children() - cpu_before, "ended": ended - began}


def _cpu_seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _path() -> list[str]:
    inherited = os.environ.get("PYTHONPATH")
    return [*(str(folder.resolve()) for folder in FOLDERS), *([inherited] if inherited else [])]


def show(times: dict[str, list[dict[str, float]]], medians: dict[str, dict[str, float]]) -> None:
    """Prints a table of times."""
    columns = ("imported", "built", "cpu")
    table = Table("seconds", *columns, "to the end", "min – max", show_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, runs in times.items():
        middle = medians[name]
        end = list(middle)[-1]
        ends = [one[end] for one in runs]
        table.add_row(
            name,
            *(f"{middle[column]:.2f}" if column in middle else "" for column in columns),
            f"{middle[end]:.2f}",
            f"{min(ends):.2f} – {max(ends):.2f}",
        )
    Console().print(table)


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description="Time to the end of the first iteration.")
    parser.add_argument("--quick", action="store_true", help="two rounds only")
    quick = parser.parse_args().quick
    rounds = 2 if quick else 7
    about = circumstances()
    times: dict[str, list[dict[str, float]]] = {name: [] for name in SCRIPTS}
    for number in range(-1, rounds):  # the first round fills the file cache
        for name, script in SCRIPTS.items():
            phases = run(script)
            if number >= 0:
                times[name].append(phases)
    medians = {
        name: {phase: median(one[phase] for one in runs) for phase in runs[0]}
        for name, runs in times.items()
    }
    show(times, medians)
    ours, stock, package, empty = (medians[name] for name in SCRIPTS)
    summary = {
        "recipe_over_rllib": ours["iterated"] / stock["iterated"],
        "import_seconds": package["ended"] - empty["ended"],
        "import_cpu_seconds": package["cpu"] - empty["cpu"],
    }
    print(f"\nrecipe over RLlib alone: {summary['recipe_over_rllib']:.2f}  (wanted: at most 1)")
    print(
        f"import griddly_lit, over an empty Python: {summary['import_seconds']:.2f} s, "
        f"{summary['import_cpu_seconds']:.2f} s of CPU  (wanted: under 0.5)"
    )
    write_result(
        "first_iteration_quick" if quick else "first_iteration",
        {
            **about,
            "settings": {"rounds": rounds, "torch_threads": 1},
            "summary": summary,
            "medians": medians,
            "seconds": times,
        },
    )


if __name__ == "__main__":
    main()
