"""A run that is stopped and resumed in another process equals one that was not, bit for bit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("resume_script.py")
WHOLE, PART = 6, 3
# The models of "validated" and "self_play" have a memory.
SMALL = ["single", "validated"]
LARGE = ["independent", "generated", "self_play", "schedules", "two_runners", "DQN"]


def train(case, folder, iterations, *ckpt_path):
    shown = subprocess.run(
        [sys.executable, SCRIPT, case, folder, str(iterations), *ckpt_path],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SCRIPT.parents[1]), *sys.path])},
    )
    return json.loads(shown.stdout.splitlines()[-1])


def videos(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.mp4")}


@pytest.mark.parametrize(
    "case", [*SMALL, *(pytest.param(case, marks=pytest.mark.slow) for case in LARGE)]
)
def test_a_resumed_run_equals_an_uninterrupted_one(case, tmp_path):
    whole = train(case, tmp_path / "whole", WHOLE)
    assert bool(whole[0]["memory"]) == (case in ("validated", "self_play"))
    part = train(case, tmp_path / "part", PART)
    assert part == whole[:PART]
    rest = train(case, tmp_path / "part", WHOLE, "last")
    for resumed, uninterrupted in zip(rest, whole[PART:], strict=True):
        assert resumed == uninterrupted
    drawn = videos(tmp_path / "whole" / "videos")
    assert videos(tmp_path / "part" / "videos") == drawn
    assert drawn
