"""Code of the user's in processes that sample, from a script as users run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, sys
sys.path.insert(0, sys.argv[1])          # a folder that workers do not look in
from elsewhere import Base, maps
from griddly_lit import GeneratedLevels, GriddlyEnvSpec, GriddlyTrainer, TorchModel

class Net(Base):
    pass

class Maps:
    def __init__(self, config):
        self.count = 0
    def generate(self, rng):
        self.count += 1
        if os.environ.get("FAULT") == "generator" and self.count > 6:
            raise RuntimeError("no maps today")
        return maps(int(rng.integers(1, 6)))

class Failing(Net):
    def __init__(self, *args):
        super().__init__(*args)
        if os.environ.get("FAULT") == "model" and "default_worker" in sys.argv[0]:
            raise RuntimeError("no network today")

def main():
    class Local(Failing):
        pass
    trainer = GriddlyTrainer(
        GriddlyEnvSpec(yaml_string=open(sys.argv[2]).read(), levels=GeneratedLevels(Maps),
                       max_steps=20),
        TorchModel(Local), num_env_runners=1, num_envs_per_env_runner=4, max_iterations=2,
        training={"train_batch_size_per_learner": 64, "minibatch_size": 64, "num_epochs": 1},
        logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, seed=1,
    )
    print("steps", trainer.fit().env_steps)

if __name__ == "__main__":
    main()
"""

ELSEWHERE = """
from torch import nn

class Base(nn.Module):
    def __init__(self, observation_shape, num_logits):
        super().__init__()
        height, width, channels = observation_shape
        self.out = nn.Linear(height * width * channels, num_logits + 1)

    def forward(self, observations):
        out = self.out(observations.flatten(1).float())
        return out[:, :-1], out[:, -1]

def maps(length):
    row = "WA" + ("." * length).ljust(5, "W") + "GW"
    return "\\n".join(["W" * len(row), row, "W" * len(row)])
"""


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (None, "steps 128"),
        ("model", "no network today"),
        ("generator", "no maps today"),
    ],
)
def test_classes_of_a_script_in_a_worker(fault, message, tmp_path):
    from games import CORRIDOR

    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "elsewhere.py").write_text(ELSEWHERE)
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "game.yaml").write_text(CORRIDOR)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    if fault:
        environment["FAULT"] = fault
    done = subprocess.run(
        [sys.executable, "script.py", str(tmp_path / "folder"), "game.yaml"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert message in (done.stderr if fault else done.stdout)
    assert (done.returncode == 0) is (fault is None)
