"""The publisher itself: any logger, failing loggers, and the loggers of ``logger=True``."""

from __future__ import annotations

import csv
import logging
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from lightning.pytorch.loggers import CSVLogger

from griddly_lit.tracking.publish import Publisher, claim_folder, default_loggers
from tracking.publish_samples import COLUMNS, FPS, ROWS, PlainLogger, line_figure


def test_importing_it_imports_no_tracker():
    program = (
        "import sys, griddly_lit.tracking.publish\n"
        "heavy = {'lightning', 'torch', 'wandb', 'mlflow', 'comet_ml', 'tensorboard', 'matplotlib'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_any_logger_gets_scalars_at_environment_steps_and_is_saved():
    logger = PlainLogger()
    Publisher([logger]).scalars({"train/return_mean": 1.5}, step=12_000)
    assert logger.calls == [("metrics", {"train/return_mean": 1.5}, 12_000), ("save",)]


def test_any_logger_gets_plain_hyperparameters():
    logger = PlainLogger()
    Publisher([logger]).hyperparameters(
        {
            "seed": np.int64(3),
            "training": {"lr": np.float32(0.5), "layers": (1, 2), 7: None},
            "root": Path("runs"),
        }
    )
    plain = {
        "seed": 3,
        "training": {"lr": 0.5, "layers": [1, 2], "7": None},
        "root": "runs",
    }
    assert logger.calls == [("hyperparameters", plain)]
    assert type(logger.calls[0][1]["seed"]) is int


def test_any_logger_is_finalized():
    logger = PlainLogger()
    Publisher([logger]).finalize("failed")
    assert logger.calls == [("finalize", "failed")]


def test_what_a_plain_logger_cannot_take_is_named_once(tmp_path, caplog):
    logger = PlainLogger()
    publisher = Publisher([logger])
    publisher.scalars({"a": 1.0}, 1)
    assert not caplog.records
    publisher.video("videos/level_0", tmp_path / "a.mp4", 1, FPS)
    publisher.table("val/levels", COLUMNS, ROWS, 1)
    publisher.bar_chart("actions", ["left"], [1], 1, "Actions")
    publisher.figure("val/curve", line_figure(), 1)
    publisher.artifact("checkpoint", tmp_path, "checkpoint", ["last"])
    (record,) = caplog.records
    assert record.name == "griddly_lit"
    assert record.levelno == logging.WARNING
    message = record.getMessage()
    for word in ("PlainLogger", "videos", "tables", "bar charts", "figures", "artifacts"):
        assert word in message
    assert len(logger.calls) == 2


class FailingLogger(PlainLogger):
    """Fails while its network is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.network = False

    def log_metrics(self, metrics, step=None):
        if not self.network:
            raise ConnectionError("the network is gone")
        super().log_metrics(metrics, step)

    def finalize(self, status):
        raise OSError("the disk is full")


def test_a_failing_logger_is_reported_once_and_tried_again(tmp_path, caplog):
    failing, csv_logger = FailingLogger(), CSVLogger(tmp_path)
    publisher = Publisher([failing, csv_logger])
    publisher.scalars({"a": 1.0}, 1)
    publisher.scalars({"a": 2.0}, 2)
    (record,) = caplog.records
    for word in ("FailingLogger", "scalars", "ConnectionError", "the network is gone"):
        assert word in record.getMessage()

    failing.network = True
    publisher.scalars({"a": 3.0}, 3)
    assert ("metrics", {"a": 3.0}, 3) in failing.calls

    publisher.finalize("success")
    assert "finalize with OSError: the disk is full" in caplog.records[1].getMessage()
    with Path(csv_logger.log_dir, "metrics.csv").open() as file:
        assert [row["a"] for row in csv.DictReader(file)] == ["1.0", "2.0", "3.0"]


class GreedyLogger(PlainLogger):
    """Empties what it is given."""

    def log_metrics(self, metrics, step=None):
        metrics.clear()


def test_a_logger_cannot_change_what_the_next_one_gets():
    logger, values = PlainLogger(), {"a": 1.0}
    Publisher([GreedyLogger(), logger]).scalars(values, 1)
    assert logger.calls[0] == ("metrics", {"a": 1.0}, 1)
    assert values == {"a": 1.0}


def test_ctrl_c_is_not_a_logger_s_fault():
    class Interrupted(PlainLogger):
        def log_metrics(self, metrics, step=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Publisher([Interrupted()]).scalars({"a": 1.0}, 1)


def test_default_loggers_share_one_new_folder(tmp_path, caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Lightning's, about a folder that is not empty
        # Both are made before either is used: the second must not take the first one's folder.
        publishers = [Publisher(default_loggers(claim_folder(tmp_path))[::-1]) for _ in range(2)]
        for value, publisher in enumerate(publishers):
            publisher.scalars({"a": float(value)}, 1)
            publisher.hyperparameters({"seed": value})
            publisher.finalize("success")
    assert not caplog.records

    for value in range(2):
        folder = tmp_path / "griddly_lit_logs" / f"version_{value}"
        assert (folder / "metrics.csv").read_text().splitlines()[1] == f"{float(value)},1"
        assert (folder / "hparams.yaml").read_text() == f"seed: {value}\n"
        assert len(list(folder.glob("events.out.tfevents.*"))) == 1
    assert len(list((tmp_path / "griddly_lit_logs").iterdir())) == 2


def test_a_run_leaves_a_folder_that_another_process_has_just_made(tmp_path, monkeypatch):
    (tmp_path / "griddly_lit_logs" / "version_0").mkdir(parents=True)
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter(()))
    assert claim_folder(tmp_path).name == "version_1"
