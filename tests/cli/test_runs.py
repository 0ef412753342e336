"""The README's main example by the command line, and what one does with its run."""

import csv
import json
import sys
from pathlib import Path

import pytest
import yaml

from griddly_lit import EpisodeReplay
from griddly_lit.cli import main

pytestmark = pytest.mark.usefixtures("ray_once")

EXAMPLE = """
env:
  yaml_file: Single-Player/GVGAI/clusters_partially_observable.yaml
  levels: random
  test_levels: [4]
  max_steps: 1000
model: GAP
video: VideoRecording
track_actions: true
logger:
  - class_path: WandbLogger
    init_args: {project: griddly, save_dir: FOLDER}
  - class_path: CSVLogger
    init_args: {save_dir: ., name: csv}
max_env_steps: 1_000_000
seed: 1
"""
SMALL = (
    "--max_env_steps=256",
    "--training.train_batch_size_per_learner=128",
    "--training.minibatch_size=64",
    "--training.num_epochs=1",
    "--num_envs_per_env_runner=8",
    "--enable_progress_bar=false",
    "--enable_model_summary=false",
)
GAME = Path(__file__).parents[2] / "recipes" / "games" / "gridman.yaml"


def lines_of(folder):
    """Returns what a run logged, but for its times."""
    with (folder / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    return [{k: v for k, v in row.items() if not k.startswith("time/")} for row in rows]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("runs")
        patch.chdir(folder)
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_SILENT", "true")
        for name in ("DATA", "CACHE", "CONFIG"):
            patch.setenv(f"WANDB_{name}_DIR", str(folder / name))
        yield folder


@pytest.fixture(scope="module")
def run(elsewhere, ray_once):
    """A run of a game of the user's own, whose seed was drawn and whose file is gone since."""
    game = elsewhere / "mine.yaml"
    game.write_text(GAME.read_text("utf-8"), "utf-8")
    options = ["--env.max_steps=40", "--env.global_observer_type=Block2D", "--model=GAP"]
    assert main(["fit", "--env.yaml_file=mine.yaml", *options, *SMALL]) == 0
    game.unlink()
    return elsewhere / "griddly_lit_logs" / "version_0"


def test_the_readmes_example(elsewhere, capfd):
    # W&B's service sees relative paths from where an earlier test has started it.
    (elsewhere / "run.yaml").write_text(EXAMPLE.replace("FOLDER", str(elsewhere)))
    assert main(["fit", "--config=run.yaml", *SMALL, "--env.max_steps=20"]) == 0
    assert "256 environment steps in 2 iterations" in capfd.readouterr().out
    # The run's folder is that of the first logger.
    (config,) = elsewhere.glob("griddly/*/config.yaml")
    values = yaml.safe_load(config.read_text("utf-8"))
    assert values["logger"][0]["class_path"] == "lightning.pytorch.loggers.WandbLogger"
    assert values["env"]["test_levels"] == [4]
    # The text of a bundled game need not be kept.
    assert "yaml_string" not in values["env"]
    assert list(elsewhere.glob("wandb/offline-run-*/*.wandb"))
    assert main(["fit", f"--config={config}"]) == 0
    assert lines_of(Path("csv/version_1")) == lines_of(Path("csv/version_0"))


def test_the_saved_config_repeats_the_run(run, capfd):
    values = yaml.safe_load((run / "config.yaml").read_text("utf-8"))
    assert values["seed"] == json.loads((run / "run.json").read_text())["seed"]
    assert values["env"]["yaml_string"] == GAME.read_text("utf-8")
    assert "ckpt_path" not in values
    assert main(["fit", "--config", str(run / "config.yaml"), "--default_root_dir=again"]) == 0
    again = Path("again/griddly_lit_logs/version_0")
    assert lines_of(again) == lines_of(run)
    theirs = yaml.safe_load((again / "config.yaml").read_text("utf-8"))
    assert theirs == {**values, "default_root_dir": "again"}


def test_a_checkpoint_carries_its_settings(run, capfd):
    checkpoint = f"--ckpt_path={run}/checkpoints/last"
    assert main(["test", checkpoint, "--episodes_per_level=2", "--logger=false"]) == 0
    assert "level 0: return" in capfd.readouterr().out
    words = ["--validation_episodes=1", "--logger=false", "--enable_checkpointing=false"]
    assert main(["validate", checkpoint, *words]) == 0
    alone = capfd.readouterr().out
    config = f"--config={run}/config.yaml"
    assert main(["validate", config, checkpoint, *words]) == 0
    assert capfd.readouterr().out == alone
    assert main(["test", config, "--ckpt_path=best", "--levels=[1]", "--episodes_per_level=1"]) == 0
    assert "level 1: return" in capfd.readouterr().out


def test_play_and_render(run, elsewhere, capfd):
    words = [f"--ckpt_path={run}/checkpoints/last", "--path=episode.gif", "--logger=false"]
    assert main(["play", *words, "--view=2", "--deterministic", "--seed=3"]) == 0
    assert "episode.gif" in capfd.readouterr().out
    assert (elsewhere / "episode.gif").stat().st_size > 1000


def test_render(elsewhere, capfd):
    import numpy as np

    replay = EpisodeReplay(
        text=GAME.read_text("utf-8"),
        level=0,
        seed=1,
        actions=np.zeros((3, 4, 1), dtype=np.int64),
        rewards=np.zeros((3, 4), dtype=np.float32),
        terminated=False,
        truncated=False,
        outcomes=(),
        max_steps=None,
        player_observers=("GridmanView", "ChaserView", "ChaserView", "ChaserView"),
        global_observer="Block2D",
    )
    replay.save("episode.json")
    assert main(["render", "episode.json", "agent.gif", "--view=1", "--fps=5", "--strip"]) == 0
    assert (elsewhere / "agent.gif").stat().st_size > 1000
    assert main(["render", "episode.json", "agent.gif", "--view=5"]) == 2
    assert "there is no such view" in capfd.readouterr().err


def test_a_resume_goes_on_in_the_run(elsewhere, capfd):
    words = ["fit", "--env.yaml_file=Single-Player/GVGAI/spider-nest.yaml", "--env.max_steps=20"]
    words += ["--model=GAP", *SMALL, "--default_root_dir=resumed"]
    assert main([*words, "--max_env_steps=128"]) == 0
    run = elsewhere / "resumed/griddly_lit_logs/version_0"
    last = f"--ckpt_path={run}/checkpoints/last"
    # By the checkpoint alone, which knows all but where to stop and to write.
    rest = ["--max_env_steps=256", "--default_root_dir=resumed", "--enable_progress_bar=false"]
    assert main(["fit", last, *rest]) == 0
    values = yaml.safe_load((run / "config.yaml").read_text("utf-8"))
    assert values["max_env_steps"] == 256
    assert values["model"] == "GAP"
    assert "ckpt_path" not in values
    assert len(json.loads((run / "run.json").read_text())["sessions"]) == 2
    # So the config repeats the whole run, as if it had never stopped.
    assert main(["fit", f"--config={run}/config.yaml", "--default_root_dir=whole"]) == 0
    assert lines_of(elsewhere / "whole/griddly_lit_logs/version_0") == lines_of(run)
    # From "best" a run of its own begins, whose config says from where.
    assert main([*words, "--ckpt_path=best", "--seed", str(values["seed"])]) == 0
    other = yaml.safe_load((run.parent / "version_1/config.yaml").read_text("utf-8"))
    assert Path(other["ckpt_path"]).parent == run / "checkpoints"


def test_a_checkpoint_alone_brings_its_environment(run, capfd):
    words = ["test", f"--ckpt_path={run}/checkpoints/last", "--env.max_steps=5"]
    assert main(words) == 2
    assert "the checkpoint has an environment of its own" in capfd.readouterr().err


def test_ctrl_c_leaves_a_run_and_a_code(elsewhere, monkeypatch, capfd):
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent), *sys.path])
    words = ["fit", "--env.yaml_file=Single-Player/GVGAI/spider-nest.yaml", "--env.max_steps=20"]
    words += ["--model=GAP", "--callbacks=interrupting.Interrupts", "--default_root_dir=stopped"]
    assert main([*words, *SMALL, "--logger=false"]) == 130
    assert "ended by interrupted" in capfd.readouterr().out
    assert (elsewhere / "stopped/checkpoints/last").is_dir()
    assert "interrupting.Interrupts" in (elsewhere / "stopped/config.yaml").read_text("utf-8")
