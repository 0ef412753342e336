"""A cluster of two nodes, on this machine, by Ray's own test cluster."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from games import CORRIDOR

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SCRIPT = Path(__file__).with_name("cluster_script.py")


@pytest.fixture
def cluster():
    from ray.cluster_utils import Cluster

    found = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "resources": {"games": 1}})
    yield found
    found.shutdown()


@pytest.fixture
def script(tmp_path):
    game = tmp_path / "game.yaml"
    game.write_text(CORRIDOR, encoding="utf-8")
    running = []

    def begin(address, iterations):
        command = [sys.executable, str(SCRIPT), address, str(game), str(tmp_path), str(iterations)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()


def told(process):
    """Returns the next line that the script prints."""
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return json.loads(line)


def test_runners_are_on_both_nodes_and_one_of_them_dies(cluster, script):
    second = cluster.add_node(num_cpus=1, resources={"games": 1})
    cluster.wait_for_nodes()
    process = script(cluster.address, 40)
    first = told(process)
    assert len(set(first["nodes"])) == 2
    while told(process)["iteration"] < 5:
        pass
    cluster.remove_node(second)
    lines = [told(process)]
    while "stop" not in lines[-1]:
        lines.append(told(process))
    assert lines[-1]["stop"] == "max_iterations"
    assert lines[-1]["env_steps"] >= 40 * 256
    assert {len(line["nodes"]) for line in lines[-5:-1]} == {1}
    assert process.wait(60) == 0
    assert "Env runner" in process.stderr.read()


def test_what_has_no_room_waits_for_a_node_and_says_so(cluster, script):
    process = script(cluster.address, 3)
    said = process.stderr.readline()
    assert "2 CPU (it has 1) and 2 games (it has 1): it waits" in said
    cluster.add_node(num_cpus=1, resources={"games": 1})
    assert len(set(told(process)["nodes"])) == 2
    assert process.wait(120) == 0
