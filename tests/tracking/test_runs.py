"""Runs that loggers go on in: files that are cut, ids that are taken up."""

import csv
import os
import types
import warnings

import pytest
import wandb
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger, WandbLogger

from griddly_lit.reporting.run_loggers import RunLoggers
from griddly_lit.tracking.publish import Publisher
from griddly_lit.tracking.runs.csv_rows import go_on_after, widen
from griddly_lit.tracking.runs.free import mark
from griddly_lit.whole_file import draft_of
from tracking.publish_samples import FPS, PlainLogger, moving_square, write_video


def csv_logger(root):
    return CSVLogger(root, name="", version="run")


def rows(root):
    with (root / "run" / "metrics.csv").open(newline="") as stream:
        return [{k: v for k, v in row.items() if v} for row in csv.DictReader(stream)]


@pytest.fixture
def logged(tmp_path):
    """A CSV logger's folder with three steps and a video at each."""
    publisher = Publisher([csv_logger(tmp_path)])
    video = write_video(tmp_path / "video.gif", moving_square(2))
    for step in (100, 200, 300):
        publisher.scalars({"a": 1.0} if step < 300 else {"a": 1.0, "b": 2.0}, step)
        publisher.video("videos/level_0", video, step, FPS)
    assert len(rows(tmp_path)) == 3
    return tmp_path


def test_a_csv_logger_keeps_its_rows_up_to_a_step_and_goes_on(logged):
    logger = csv_logger(logged)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        go_on_after(logger, 200)
    kept = [{"a": "1.0", "step": "100"}, {"a": "1.0", "step": "200"}]
    assert rows(logged) == kept
    media = logged / "run" / "media.csv"
    assert [line.split(",")[0] for line in media.read_text().split()] == ["step", "100", "200"]
    assert len(list((logged / "run").rglob("*.gif"))) == 2
    publisher = Publisher([logger], [200])
    publisher.scalars({"c": 3.0}, 300)
    assert rows(logged) == [*kept, {"c": "3.0", "step": "300"}]


def test_a_logger_that_is_open_is_cut_too(logged):
    logger = csv_logger(logged)
    go_on_after(logger, 300)
    Publisher([logger]).scalars({"z": 4.0}, 400)
    go_on_after(logger, 100)
    Publisher([logger]).scalars({"a": 5.0}, 200)
    assert rows(logged) == [{"a": "1.0", "step": "100"}, {"a": "5.0", "step": "200"}]


@pytest.mark.parametrize("torn", ["1.0,2.0,15", "1.0,2.0", "\0\0\0\0", "1.0,x\n", "\udcff"])
def test_rows_that_a_kill_has_cut_short_are_left_out(logged, torn):
    with (logged / "run" / "metrics.csv").open("ab") as stream:
        stream.write(torn.encode("utf-8", "surrogateescape"))
    with (logged / "run" / "media.csv").open("ab") as stream:
        stream.write(torn.encode("utf-8", "surrogateescape"))
    go_on_after(csv_logger(logged), 300)
    assert [row["step"] for row in rows(logged)] == ["100", "200", "300"]


def test_a_kill_while_the_file_is_cut_loses_nothing(logged):
    metrics = logged / "run" / "metrics.csv"
    os.rename(metrics, draft_of(metrics))
    go_on_after(csv_logger(logged), 300)
    assert len(rows(logged)) == 3


def test_without_files_it_begins(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.csv").touch()
    logger = csv_logger(tmp_path)
    go_on_after(logger, 100)
    Publisher([logger]).scalars({"a": 1.0}, 200)
    assert rows(tmp_path) == [{"a": "1.0", "step": "200"}]


def test_new_columns_are_added_whole_or_not_at_all(logged, monkeypatch):
    writer = csv_logger(logged)
    go_on_after(writer, 300)

    def full(*_):
        raise OSError("disk full")

    before = rows(logged)
    monkeypatch.setattr("griddly_lit.whole_file.os.replace", full)
    with pytest.raises(OSError, match="disk full"):
        widen(writer.experiment, ["new"])
    assert rows(logged) == before


def test_media_elsewhere_are_not_removed(logged):
    outside = logged / "mine"
    outside.write_text("mine")
    with (logged / "run" / "media.csv").open("a") as stream:
        stream.write("900,k,video,../mine\n")
    go_on_after(csv_logger(logged), 300)
    assert outside.exists()


def described(*loggers):
    return [dict(each) for each in RunLoggers(list(loggers), loggers[0].save_dir).describe()]


def test_a_version_from_a_file_leads_nowhere_else(tmp_path):
    known = described(CSVLogger(tmp_path, "csv"))
    known[0]["version"] = "../../elsewhere"
    loggers = RunLoggers(CSVLogger(tmp_path, "csv"), tmp_path)
    assert not loggers.go_on(tmp_path / "csv" / "version_0", known, 100)
    assert loggers.folder == tmp_path / "csv" / "version_1"


def test_a_logger_that_cannot_go_on_is_left_out(tmp_path, monkeypatch, caplog):
    files = CSVLogger(tmp_path, "csv"), TensorBoardLogger(tmp_path, "tb")
    Publisher([files[0]]).scalars({"a": 1.0}, 100)
    known = described(*files)

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr("griddly_lit.tracking.runs.identity.go_on_after", full)
    again = RunLoggers([CSVLogger(tmp_path, "csv"), TensorBoardLogger(tmp_path, "tb")], tmp_path)
    assert again.go_on(tmp_path / "csv" / "version_0", known, 100)
    assert [type(each).__name__ for each in again.made] == ["TensorBoardLogger"]
    assert "CSVLogger failed with OSError: disk full" in caplog.text
    assert "1.0,100" in (tmp_path / "csv" / "version_0" / "metrics.csv").read_text()


def test_loggers_of_other_kinds_go_on_in_the_same_folder(tmp_path):
    assert RunLoggers(PlainLogger(), tmp_path).go_on(tmp_path, [{"logger": "PlainLogger"}], 1)
    assert not RunLoggers(PlainLogger(), tmp_path).go_on(tmp_path / "other", [], 1)


class FakeRun:
    """W&B's run, as far as it is used."""

    id, offline, url = "abc", False, "https://wandb.ai/abc"

    def __init__(self, **settings):
        self.settings, self.rows, self.summary = settings, [], {"trainer/global_step": 300}
        self.config = types.SimpleNamespace(
            get=lambda name, other: other, update=lambda values, **_: self.said.update(values)
        )
        self.said = {}

    def log(self, values):
        self.rows.append(values)

    def finish(self, exit_code):
        pass


def test_wandb_online_goes_on_in_its_run_and_is_told_nothing_twice(tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setattr(wandb, "run", None)

    def init(**settings):
        wandb.run = FakeRun(**settings)
        return wandb.run

    monkeypatch.setattr(wandb, "init", init)
    known = described(WandbLogger(project="p", save_dir=tmp_path, id="abc"))
    logger = WandbLogger(project="p", save_dir=tmp_path)
    loggers = RunLoggers(logger, tmp_path)
    assert loggers.go_on(tmp_path / "p" / "abc", known, 100)
    publisher = Publisher(loggers.made, loggers.resumed_at)
    publisher.hyperparameters({"seed": 1})
    run = logger.experiment
    assert (run.settings["id"], run.settings["resume"]) == ("abc", "must")
    for step in (100, 200, 300, 400):
        publisher.scalars({"a": 1.0}, step)
    assert [row["trainer/global_step"] for row in run.rows] == [100, 400]
    assert run.said["resumed_at_env_steps"] == [100]


def test_wandb_goes_on_in_no_run_but_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    known = described(WandbLogger(project="p", save_dir=tmp_path, id="abc"))
    for options in (
        {"project": "q"},
        {"project": "p", "id": "xyz"},
        {"project": "p", "entity": "e"},
    ):
        loggers = RunLoggers(WandbLogger(save_dir=tmp_path, **options), tmp_path)
        assert not loggers.go_on(tmp_path / "p" / "abc", known, 100)
    # One that was not named gets an id before it is opened, and each run another.
    logger = WandbLogger(project="p", save_dir=tmp_path)
    first, second = (RunLoggers(logger, tmp_path).folder for _ in range(2))
    assert first.parent == second.parent == tmp_path / "p"
    assert first != second
    assert len(first.name) == 8
    monkeypatch.setenv("WANDB_RUN_ID", "swept")
    assert RunLoggers(logger, tmp_path).folder.name == "swept"
    assert logger._experiment is None


def test_what_the_user_has_named_is_known_before_the_logger_is_used(tmp_path):
    logger = CSVLogger(tmp_path, "csv")
    mark(logger, logger._version)
    assert RunLoggers(logger, tmp_path).folder == tmp_path / "csv" / "version_0"
    assert RunLoggers(logger, tmp_path).folder == tmp_path / "csv" / "version_1"
    named = CSVLogger(tmp_path, "csv", version=7)
    assert {RunLoggers(named, tmp_path).folder.name for _ in range(2)} == {"version_7"}
