"""The same seed gives the same run, bit for bit, in another process."""

import functools
import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, sys
import torch
torch.set_num_threads(1)
from griddly_lit import GriddlyEnvSpec, GriddlyTrainer, SelfPlay
from griddly_lit.callbacks import Callback

class Keep(Callback):
    rows = []
    def on_iteration_end(self, trainer):
        self.rows.append({k: v for k, v in trainer.metrics.items() if not k.startswith("time/")})

if sys.argv[3] == "alone":
    game, options = "Single-Player/GVGAI/butterflies.yaml", {}
else:
    game = "tests/games/outpost.yaml"
    options = {"policies": SelfPlay(snapshot_every=512), "valid_actions": "tree"}
spec = GriddlyEnvSpec(yaml_file=game, levels="random", max_steps=30)
trainer = GriddlyTrainer(
    spec, "ImpalaCNN", **options, num_env_runners=int(sys.argv[1]), seed=int(sys.argv[2]), max_iterations=3,
    num_envs_per_env_runner=8, logger=False, callbacks=Keep(), enable_checkpointing=False,
    training={"train_batch_size_per_learner": 512, "minibatch_size": 128, "num_epochs": 2},
    enable_progress_bar=False, enable_model_summary=False,
)
trainer.fit()
print(json.dumps(Keep.rows))
"""


def metrics_again(runners, seed, how="alone"):
    shown = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(runners), str(seed), how],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(shown.stdout.splitlines()[-1])


metrics_of = functools.cache(metrics_again)


@pytest.mark.parametrize("runners", [0, 2])
def test_metrics_of_equal_seeds_are_equal(runners):
    first, second = metrics_of(runners, seed=3), metrics_again(runners, seed=3)
    assert len(first) == 3
    assert first == second
    assert first[-1]["learner/default_policy/loss"] != 0
    assert first[-1]["train/episodes"] > 10


def test_other_seeds_give_other_runs():
    assert metrics_of(0, seed=3) != metrics_of(0, seed=4)


def test_self_play_repeats_itself():
    first, second = metrics_of(0, 3, "self_play"), metrics_again(0, 3, "self_play")
    assert first == second
    assert first[-1]["self_play/snapshots"] == 4
    assert first[-1]["self_play/elo"] != 0
