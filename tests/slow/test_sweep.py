"""A sweep by Ray Tune, one of whose trials is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
RECIPES = Path(__file__).parents[2] / "recipes"
STEPS = 16_384
SCRIPT = f"""
import json, sys
import sweep
grid = sweep.main(sys.argv[1], interval=2048, max_env_steps={STEPS}, num_envs_per_env_runner=16)
print(json.dumps([
    {{"error": each.error and str(each.error), "env_steps": each.metrics[sweep.STEPS]}}
    for each in grid
]))
"""


def begun(kind, folder):
    path = os.pathsep.join([str(RECIPES), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, kind],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def one_trial(process):
    """Returns the process of a trial once it has reported a checkpoint."""
    while process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            if "ImplicitFunc" in child.name() or "ImplicitFunc" in "".join(child.cmdline()):
                return child.pid
        time.sleep(0.2)
    raise AssertionError(process.stdout.read())


@pytest.mark.parametrize("kind", ["pbt", "optuna"])
def test_eight_trials_end_though_one_is_killed(kind, tmp_path):
    if kind == "optuna":
        pytest.importorskip("optuna")
    process = begun(kind, tmp_path)
    while not list(tmp_path.glob(f"runs/sweep/{kind}/*/checkpoint_000001")):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.2)
    os.kill(one_trial(process), signal.SIGKILL)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    # Ray may speak after it.
    (told,) = (line for line in said.splitlines() if line.startswith('[{"error"'))
    trials = json.loads(told)
    assert len(trials) == 8
    assert all(trial["error"] is None for trial in trials)
    reached = [trial["env_steps"] for trial in trials]
    # ASHA ends trials early.
    assert min(reached) >= (STEPS if kind == "pbt" else 2048)
    assert "failed" in said.lower() or "failure" in said.lower()
