"""Tests, validations and played episodes belong to the run of their fit, in every logger."""

import csv
import os
import subprocess
import sys

import imageio.v3 as iio
import pytest
import wandb
from lightning.pytorch.loggers import CSVLogger, WandbLogger

from griddly_lit import GriddlyTrainer, VideoRecording
from tracking.wandb_log import offline_runs
from trainer.small import STEPS, trainer

pytestmark = pytest.mark.usefixtures("ray_once")

README = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
from lightning.pytorch.loggers import WandbLogger
from griddly_lit import VideoRecording
from trainer.small import spec, trainer

root = Path(sys.argv[1])
mine = trainer(
    root, spec(test_levels=[4]), logger=WandbLogger(project="griddly", save_dir=root, offline=True),
    video=VideoRecording(every_env_steps=30, best=True), track_actions=True,
)
mine.fit()
mine.test(ckpt_path="best", episodes_per_level=2)
mine.play(path=root / "played.mp4")
"""


@pytest.fixture(autouse=True)
def offline_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for place in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"WANDB_{place}_DIR", str(tmp_path / place))
    yield
    wandb.finish()


def keys_of(run):
    return {key for row in run.history for key in row}


def wandb_logger(folder):
    return WandbLogger(project="griddly", save_dir=folder, offline=True)


def csv_keys(folder):
    with (folder / "metrics.csv").open() as stream:
        return {key for row in csv.DictReader(stream) for key, value in row.items() if value}


def test_the_readmes_example_is_one_run_that_ends_with_the_process(tmp_path):
    # Not with W&B's process of the tests, which ends with them.
    environment = {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"}
    subprocess.run([sys.executable, "-c", README, str(tmp_path)], env=environment, check=True)
    (run,) = offline_runs(tmp_path)
    assert run.exit_code == 0
    assert run.config["seed"] == 1
    assert {"train/episodes", "test/return_mean", "test/level_4/return_mean"} <= keys_of(run)
    videos = {key for key in keys_of(run) if key.startswith("videos/")}
    assert "videos/test/best" in videos
    assert "videos/play/level_0" in videos
    played = iio.imread(run.files / run.row("videos/play/level_0")["videos/play/level_0"]["path"])
    assert len(played) == len(iio.imread(tmp_path / "played.mp4"))


def test_each_fit_and_each_trainer_has_a_run(tmp_path):
    first = trainer(tmp_path, logger=wandb_logger(tmp_path / "a"), max_iterations=1)
    first.test(episodes_per_level=1)
    first.fit()
    first.validate()
    first.fit()
    second = trainer(tmp_path, logger=wandb_logger(tmp_path / "b"), seed=2, max_iterations=1)
    second.fit()
    second.test(episodes_per_level=1)
    wandb.finish()
    one, two = offline_runs(tmp_path / "a")
    assert {"test/return_mean", "train/episodes", "val/return_mean"} <= keys_of(one)
    assert "train/episodes" in keys_of(two)
    assert not {"test/return_mean", "val/return_mean"} & keys_of(two)
    (other,) = offline_runs(tmp_path / "b")
    assert {"train/episodes", "test/return_mean"} <= keys_of(other)
    assert (one.config["seed"], two.config["seed"], other.config["seed"]) == (1, 1, 2)
    assert {one.exit_code, two.exit_code, other.exit_code} == {0}


def test_a_run_that_the_user_has_finished_is_left_alone(tmp_path, caplog):
    mine = trainer(tmp_path, logger=wandb_logger(tmp_path), max_iterations=1)
    mine.fit()
    wandb.finish()
    mine.test(episodes_per_level=1)
    wandb.finish()
    assert "failed on" not in caplog.text
    fit, test = offline_runs(tmp_path)
    assert "train/episodes" in keys_of(fit)
    assert "test/return_mean" in keys_of(test)
    assert test.config["seed"] == fit.config["seed"] == 1


def test_a_failed_fit_is_a_failed_run(tmp_path):
    from griddly_lit.callbacks import Callback

    class Broken(Callback):
        def on_iteration_end(self, trainer):
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        trainer(tmp_path, logger=wandb_logger(tmp_path), callbacks=Broken()).fit()
    assert wandb.run is None
    (run,) = offline_runs(tmp_path)
    assert run.exit_code == 1


def test_the_files_of_a_fit_hold_its_tests(tmp_path):
    mine = trainer(tmp_path, video=VideoRecording(every_env_steps=10**6), max_iterations=1)
    mine.fit()
    mine.test(episodes_per_level=1)
    mine.validate()
    mine.play(path=tmp_path / "played.gif")
    (folder,) = (tmp_path / "griddly_lit_logs").iterdir()
    assert {"train/episodes", "test/return_mean", "val/return_mean"} <= csv_keys(folder)
    assert list(folder.glob(f"videos/play/level_0/step_{STEPS:09d}.gif"))


def test_tests_before_a_fit_and_of_a_checkpoint_are_logged(tmp_path):
    logger = CSVLogger(tmp_path / "own", name="", version="")
    mine = trainer(tmp_path, logger=logger, max_iterations=1)
    mine.validate()
    assert "val/return_mean" in csv_keys(tmp_path / "own")
    last = mine.fit().last_path
    assert {"val/return_mean", "train/episodes"} <= csv_keys(tmp_path / "own")
    again = GriddlyTrainer.from_checkpoint(last, default_root_dir=tmp_path / "again")
    again.test(episodes_per_level=1)
    (folder,) = (tmp_path / "again" / "griddly_lit_logs").iterdir()
    assert "test/return_mean" in csv_keys(folder)
    assert str(STEPS) in (folder / "metrics.csv").read_text()
    silent = trainer(tmp_path / "silent", fast_dev_run=True)
    silent.test(episodes_per_level=1)
    assert not (tmp_path / "silent").exists()
