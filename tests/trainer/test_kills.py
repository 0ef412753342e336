"""A process killed at any file operation of a checkpoint's write leaves a whole checkpoint.

All of them, and kills of whole trainings and of runners: ``benchmarks/kills.py``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_a_write_that_is_killed_leaves_a_whole_checkpoint():
    command = [sys.executable, "benchmarks/kills.py", "--only", "writes", "--every", "7"]
    done = subprocess.run(
        [*command, "--out", ""],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    cases = json.loads(done.stdout.splitlines()[-1])["writes"]
    assert list(cases) == ["first", "replaced", "without a swap", "best"]
    for case in cases.values():
        assert case["lost"] == []
        assert case["operations"] > 60
        assert case["kills"] == sum(case["left"].values()) > 8
