"""How long a help text, a config and a refusal of ``griddly-lit`` take.

    python benchmarks/command_line.py [--quick]

Each command runs in a fresh process, taking turns. The last rows are what they would wait for if the
options were found by importing the classes: the trainer with torch, and with the classes that its
annotations name, of RLlib and Lightning. On a busy machine CPU seconds say more than wall time.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from statistics import median

from rich.console import Console
from rich.table import Table

from machine import circumstances, write_result

_IMPORT = "import griddly_lit.trainer"
LINES = {
    "griddly-lit --help": ["-m", "griddly_lit", "--help"],
    "griddly-lit fit --help": ["-m", "griddly_lit", "fit", "--help"],
    "griddly-lit fit --print_config": ["-m", "griddly_lit", "fit", "--print_config"],
    "griddly-lit fit --modle GAP": ["-m", "griddly_lit", "fit", "--modle", "GAP"],
    "empty Python": ["-c", "pass"],
    "import of the trainer": ["-c", _IMPORT],
    "import of all that its signature names": [
        "-c",
        f"{_IMPORT}, lightning.pytorch.loggers, lightning.pytorch.callbacks, griddly_lit.rllib.config",
    ],
}


def run(line: list[str]) -> tuple[float, float]:
    """Returns the wall and CPU seconds of a process."""
    before, began = _cpu_seconds(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *line],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=False,
    )
    wall = time.perf_counter() - began
    if done.returncode not in (0, 2):
        sys.exit(done.stderr.decode())
    return wall, _cpu_seconds() - before


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description="Time of help texts, configs and refusals.")
    parser.add_argument("--quick", action="store_true", help="two rounds only")
    quick = parser.parse_args().quick
    rounds = 2 if quick else 9
    about = circumstances()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in LINES}
    for number in range(-1, rounds):  # the first round fills the file cache
        for name, line in LINES.items():
            measured = run(line)
            if number >= 0:
                times[name].append(measured)
    table = Table("command", "wall s", "min – max", "CPU s", show_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    medians = {}
    for name, runs in times.items():
        walls, cpus = zip(*runs, strict=True)
        medians[name] = {"wall": median(walls), "cpu": median(cpus)}
        span = f"{min(walls):.2f} – {max(walls):.2f}"
        table.add_row(name, f"{median(walls):.2f}", span, f"{median(cpus):.2f}")
    Console().print(table)
    print(
        f"\ngriddly-lit fit --help: {medians['griddly-lit fit --help']['wall']:.2f} s  (wanted: under 1)"
    )
    write_result(
        "command_line_quick" if quick else "command_line",
        {
            **about,
            "settings": {"rounds": rounds},
            "medians": medians,
            "seconds": {
                name: [{"wall": wall, "cpu": cpu} for wall, cpu in runs]
                for name, runs in times.items()
            },
        },
    )


if __name__ == "__main__":
    main()
