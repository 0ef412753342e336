"""W&B: what lies in the log of an offline run."""

from __future__ import annotations

import logging
import math
from types import SimpleNamespace

import imageio.v3 as imageio
import numpy as np
import pytest
import wandb
from lightning.pytorch.loggers import WandbLogger

from griddly_lit.tracking.publish import Publisher
from tracking.publish_samples import (
    COLUMNS,
    FPS,
    ROWS,
    line_figure,
    moving_square,
    write_checkpoint,
    write_video,
)
from tracking.wandb_log import offline_runs

STEP = "trainer/global_step"


class MyWandbLogger(WandbLogger):
    """A subclass gets what its family gets."""


@pytest.fixture(scope="module", autouse=True)
def quiet_and_at_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("wandb_home")
    with pytest.MonkeyPatch.context() as patch:
        # Set first, so that what WandbLogger(offline=True) sets for the process is undone.
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_SILENT", "true")
        for place in ("DATA", "CACHE", "CONFIG"):
            patch.setenv(f"WANDB_{place}_DIR", str(home))
        yield


@pytest.fixture(autouse=True)
def no_run_is_left_open():
    yield
    left = wandb.run
    if left is not None:
        wandb.finish()
    assert left is None


@pytest.fixture(scope="module")
def published(tmp_path_factory, quiet_and_at_home):
    """One run with everything in it, and its frames."""
    folder = tmp_path_factory.mktemp("run")
    publisher = Publisher([MyWandbLogger(save_dir=folder, project="griddly", offline=True)])
    frames = moving_square(12)
    video = write_video(folder / "replay.mp4", frames)
    publisher.hyperparameters({"env": {"levels": [0, 1]}, "seed": 3})
    publisher.scalars({"train/return_mean": 1.5, "val/x": math.nan, "val/y": math.inf}, 1000)
    publisher.video("videos/level_0", video, 2000, FPS)
    video.unlink()
    publisher.table("val/levels", COLUMNS, ROWS, 3000)
    publisher.bar_chart("agent_info/1/actions", ["left", "right"], [3, 4.5], 4000, "Actions")
    publisher.figure("val/curve", line_figure(), 5000)
    publisher.artifact("checkpoint", write_checkpoint(folder / "ck"), "model", ["best", "last"])
    publisher.finalize("success")
    (run,) = offline_runs(folder)
    return run, frames


def test_scalars_and_the_step_axis(published):
    run, _ = published
    row = run.row("train/return_mean")
    assert row["train/return_mean"] == 1.5
    assert row[STEP] == 1000
    assert math.isnan(row["val/x"])
    assert row["val/y"] == math.inf
    assert run.step_metrics["*"] == STEP
    assert [row[STEP] for row in run.history] == [1000, 2000, 3000, 4000, 5000]


def test_hyperparameters_are_the_config(published):
    run, _ = published
    assert run.config["env"] == {"levels": [0, 1]}
    assert run.config["seed"] == 3


def test_the_video_plays(published):
    run, frames = published
    row = run.row("videos/level_0")
    assert row[STEP] == 2000
    assert row["videos/level_0"]["_type"] == "video-file"
    shown = imageio.imread(run.files / row["videos/level_0"]["path"])
    assert shown.shape == frames.shape
    assert np.abs(shown.astype(int) - frames).mean() < 6


def test_the_table(published):
    run, _ = published
    assert run.row("val/levels")[STEP] == 3000
    table = run.table("val/levels")
    assert table["columns"] == list(COLUMNS)
    assert table["data"] == [list(row) for row in ROWS]


def test_the_bar_chart(published):
    run, _ = published
    assert run.row("agent_info/1/actions_table")[STEP] == 4000
    assert run.table("agent_info/1/actions_table")["data"] == [["left", 3], ["right", 4.5]]
    panel = run.config["_wandb"]["visualize"]["agent_info/1/actions"]["panel_config"]
    assert panel["panelDefId"] == "wandb/bar/v0"
    assert panel["fieldSettings"] == {"label": "label", "value": "value"}
    assert panel["stringSettings"] == {"title": "Actions"}


def test_the_figure(published):
    run, _ = published
    row = run.row("val/curve")
    assert row[STEP] == 5000
    assert imageio.imread(run.files / row["val/curve"]["path"]).std() > 0


def test_the_artifact_is_named_after_the_run(published):
    run, _ = published
    (artifact,) = (a for a in run.artifacts if a.type == "model")
    assert artifact.name == f"checkpoint-{run.run_id}"
    assert {"best", "last"} <= set(artifact.aliases)
    assert {entry.path for entry in artifact.manifest.contents} == {
        "state.json",
        "learner/weights.bin",
    }


def test_two_publishers_give_two_finished_runs(tmp_path):
    for value, status in enumerate(("success", "failed")):
        publisher = Publisher([WandbLogger(save_dir=tmp_path, offline=True)])
        publisher.scalars({"a": float(value)}, 1)
        publisher.finalize(status)
        assert wandb.run is None
    first, second = offline_runs(tmp_path)
    assert first.run_id != second.run_id
    assert [row["a"] for row in first.history] == [0.0]
    assert [row["a"] for row in second.history] == [1.0]
    assert (first.exit_code, second.exit_code) == (0, 1)


def test_a_run_of_the_user_stays_open_and_gets_the_step_axis(tmp_path):
    logger = WandbLogger(save_dir=tmp_path, prefix="mine")
    publisher = Publisher([logger])
    with wandb.init(dir=tmp_path, project="theirs") as theirs:
        theirs.log({"own": 1})
        publisher.scalars({"a": 1.0}, 1000)
        publisher.finalize("success")
        assert wandb.run is theirs
        assert logger.experiment is theirs
        theirs.log({"own": 2})
    (run,) = offline_runs(tmp_path)
    assert run.row("mine-a")[STEP] == 1000
    assert run.step_metrics == {"mine-a": STEP}
    assert [row["own"] for row in run.history if "own" in row] == [1, 2]


def test_an_experiment_of_the_user_stays_open(tmp_path):
    with wandb.init(dir=tmp_path, project="theirs") as theirs:
        publisher = Publisher([WandbLogger(experiment=theirs)])
        publisher.scalars({"a": 1.0}, 1000)
        publisher.finalize("success")
        theirs.log({"own": 1})
    (run,) = offline_runs(tmp_path)
    assert [row.keys() & {"a", "own"} for row in run.history] == [{"a"}, {"own"}]


def test_publishing_goes_on_after_the_end_in_a_new_offline_run(tmp_path, caplog):
    # With one id for both, syncing the second log would erase what the first one put on the server.
    publisher = Publisher([WandbLogger(save_dir=tmp_path, offline=True, version="fit")])
    for key in ("train/return_mean", "test/return_mean"):
        publisher.scalars({key: 1.0}, 1000)
        publisher.finalize("success")
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
    fit, test = offline_runs(tmp_path)
    assert fit.run_id == "fit"
    assert test.run_id != "fit"
    assert test.row("test/return_mean")[STEP] == 1000


def test_publishing_goes_on_after_the_end_in_the_same_online_run(tmp_path, monkeypatch):
    opened = []

    def init(**settings):
        opened.append((settings["id"], settings["resume"]))
        return SimpleNamespace(
            id="abc", offline=False, log=lambda values: None, finish=lambda exit_code: None
        )

    monkeypatch.setattr(wandb, "init", init)
    logger = WandbLogger(save_dir=tmp_path)
    for _ in range(2):
        publisher = Publisher([logger])
        publisher.scalars({"a": 1.0}, 1000)
        publisher.finalize("success")
        assert logger.version == "abc"
    assert opened == [(None, "allow"), ("abc", "allow")]


def test_a_logger_that_was_never_used_opens_no_run(tmp_path):
    Publisher([WandbLogger(save_dir=tmp_path, offline=True)]).finalize("success")
    assert offline_runs(tmp_path) == []
