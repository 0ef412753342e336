import json
import subprocess
import sys


def test_mutated_games_and_levels_play_or_are_named(tmp_path):
    """A few of the cases of ``benchmarks/hostile_games.py``, which runs thousands."""
    out = tmp_path / "hostile_games.json"
    command = ["benchmarks/hostile_games.py", "--games", "20", "--levels", "12", "--jobs", "2"]
    ran = subprocess.run(
        [sys.executable, *command, "--out", out], capture_output=True, text=True, timeout=500
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    result = json.loads(out.read_text())
    for kind in ("games", "levels"):
        assert result[kind]["faults"] == []
        assert result[kind]["played"] > 0
        assert result[kind]["refused"] > 0
