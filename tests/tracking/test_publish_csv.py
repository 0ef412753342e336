"""CSV: files beside metrics.csv."""

from __future__ import annotations

import csv
import math
import warnings
from pathlib import Path

import imageio.v3 as imageio
import pytest
import yaml
from lightning.pytorch.loggers import CSVLogger

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


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class MyCSVLogger(CSVLogger):
    """A subclass gets what its family gets."""


@pytest.fixture
def logger(tmp_path):
    return MyCSVLogger(tmp_path)


def test_metrics_are_on_disk_at_once_at_any_step(logger):
    publisher = Publisher([logger])
    publisher.scalars({"train/return_mean": 1.5}, 4096)
    (row,) = read(Path(logger.log_dir, "metrics.csv"))
    assert row == {"step": "4096", "train/return_mean": "1.5"}


def test_a_metric_that_comes_late_loses_nothing(logger):
    publisher = Publisher([logger])
    for step in range(1500):
        publisher.scalars({"b": float(step)}, step)
    publisher.scalars({"a": 1.0, "c": 2.0}, 1500)
    publisher.scalars({"b": 0.5}, 1501)
    rows = read(Path(logger.log_dir, "metrics.csv"))
    assert [row["b"] for row in rows[:1500]] == [str(float(step)) for step in range(1500)]
    assert rows[1500] == {"step": "1500", "a": "1.0", "b": "", "c": "2.0"}
    assert rows[1501] == {"step": "1501", "a": "", "b": "0.5", "c": ""}


def test_nan_and_infinity_are_written(logger):
    Publisher([logger]).scalars({"a": math.nan, "b": -math.inf, "c": 1.0}, 1)
    (row,) = read(Path(logger.log_dir, "metrics.csv"))
    assert row == {"a": "nan", "b": "-inf", "c": "1.0", "step": "1"}


def test_hyperparameters_are_nested_yaml(logger):
    Publisher([logger]).hyperparameters({"env": {"levels": (0, 1)}, "seed": 1})
    hparams = yaml.safe_load(Path(logger.log_dir, "hparams.yaml").read_text())
    assert hparams == {"env": {"levels": [0, 1]}, "seed": 1}


def test_media_lie_beside_the_metrics_and_in_the_index(logger, tmp_path):
    video = write_video(tmp_path / "replay.mp4", moving_square(5))
    content = video.read_bytes()
    publisher = Publisher([logger])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Lightning's, about a folder that is not empty
        publisher.video("videos/level_0/agent_1", video, 100, FPS)
        video.unlink()
        publisher.table("val/levels", COLUMNS, ROWS, 200)
        publisher.bar_chart("agent_info/1/actions", ["left", "right"], [3, 4], 300, "Actions")
        publisher.figure("val/curve", line_figure(), 400)
        publisher.artifact("checkpoint", write_checkpoint(tmp_path / "ck"), "checkpoint", [])
        publisher.scalars({"a": 1.0}, 400)

    folder = Path(logger.log_dir)
    index = read(folder / "media.csv")
    assert [(row["step"], row["key"], row["kind"]) for row in index] == [
        ("100", "videos/level_0/agent_1", "video"),
        ("200", "val/levels", "table"),
        ("300", "agent_info/1/actions", "bar_chart"),
        ("400", "val/curve", "figure"),
    ]
    video_file, table_file, bars_file, figure_file = (folder / row["path"] for row in index)
    assert video_file == folder / "videos/level_0/agent_1/step_000000100.mp4"
    assert video_file.read_bytes() == content
    assert table_file == folder / "tables/val/levels/step_000000200.csv"
    assert read(table_file) == [
        {"level": "level_0", "return": "1.5"},
        {"level": "level|1", "return": "not played"},
    ]
    assert read(bars_file) == [
        {"label": "left", "value": "3"},
        {"label": "right", "value": "4"},
    ]
    assert figure_file == folder / "figures/val/curve/step_000000400.png"
    assert imageio.imread(figure_file).std() > 0
    assert read(folder / "metrics.csv") == [{"a": "1.0", "step": "400"}]


def test_a_key_cannot_leave_the_folder(logger):
    Publisher([logger]).table("../../up/a:b", COLUMNS, ROWS, 1)
    (row,) = read(Path(logger.log_dir, "media.csv"))
    assert row["path"] == "tables/up/a_b/step_000000001.csv"
    assert Path(logger.log_dir, row["path"]).exists()


def test_the_logger_s_prefix_holds_for_media_too(tmp_path):
    logger = CSVLogger(tmp_path, prefix="run1")
    Publisher([logger]).table("val/levels", COLUMNS, ROWS, 1)
    (row,) = read(Path(logger.log_dir, "media.csv"))
    assert row["key"] == "run1-val/levels"
