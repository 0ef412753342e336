"""TensorBoard: what its own reader finds in the events file."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from lightning.pytorch.loggers import TensorBoardLogger
from matplotlib import pyplot
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from griddly_lit.tracking.publish import Publisher
from tracking.publish_samples import COLUMNS, FPS, ROWS, moving_square, write_video


@pytest.fixture
def logger(tmp_path):
    return TensorBoardLogger(tmp_path)


@pytest.fixture
def publisher(logger):
    return Publisher([logger])


def events(logger: TensorBoardLogger) -> EventAccumulator:
    accumulator = EventAccumulator(logger.log_dir, size_guidance={"images": 0, "scalars": 0})
    return accumulator.Reload()


def image_of(logger: TensorBoardLogger, tag: str) -> Image.Image:
    (event,) = events(logger).Images(tag)
    image = Image.open(io.BytesIO(event.encoded_image_string))
    assert image.size == (event.width, event.height)
    return image


def frames_of(image: Image.Image) -> tuple[np.ndarray, list[int]]:
    frames, durations = [], []
    for index in range(image.n_frames):
        image.seek(index)
        frames.append(np.asarray(image.convert("RGB")).astype(int))
        durations.append(image.info["duration"])
    return np.stack(frames), durations


def test_scalars(logger, publisher):
    publisher.scalars({"train/return_mean": 1.5}, 4096)
    publisher.scalars({"train/return_mean": 2.5, "val/x": math.nan, "val/y": math.inf}, 8192)
    # Read before the end: nothing may wait in a buffer.
    read = events(logger)
    assert [(e.step, e.value) for e in read.Scalars("train/return_mean")] == [
        (4096, 1.5),
        (8192, 2.5),
    ]
    assert math.isnan(read.Scalars("val/x")[0].value)
    assert read.Scalars("val/y")[0].value == math.inf


def test_hyperparameters(logger, publisher):
    publisher.hyperparameters({"env": {"levels": [0, 1]}, "seed": 3})
    publisher.finalize("success")
    content = events(logger).SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    hparams = HParamsPluginData.FromString(content).session_start_info.hparams
    assert hparams["seed"].number_value == 3
    assert hparams["env/levels"].string_value == "[0, 1]"


def test_the_best_score_is_a_result_beside_the_last_values(logger, publisher):
    publisher.hyperparameters({"monitor": "train/return_mean"})
    publisher.scalars({"train/return_mean": 2.5}, 4096)
    publisher.best_score(2.5, 4096)
    publisher.scalars({"train/return_mean": 1.5}, 8192)
    publisher.finalize("success")
    content = events(logger).SummaryMetadata("_hparams_/experiment").plugin_data.content
    columns = [
        info.name.tag for info in HParamsPluginData.FromString(content).experiment.metric_infos
    ]
    assert columns[:2] == ["best_score", "train/return_mean"]
    assert [(each.step, each.value) for each in events(logger).Scalars("best_score")] == [
        (4096, 2.5)
    ]
    content = events(logger).SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    hparams = HParamsPluginData.FromString(content).session_start_info.hparams
    assert hparams["monitor"].string_value == "train/return_mean"


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_video_is_an_animated_image(logger, publisher, tmp_path, suffix):
    frames = moving_square(12)
    path = write_video(tmp_path / f"replay{suffix}", frames)
    publisher.video("videos/level_0", path, 4096, FPS)
    path.unlink()

    assert events(logger).Images("videos/level_0")[0].step == 4096
    image = image_of(logger, "videos/level_0")
    assert image.format == "GIF"
    assert image.info["loop"] == 0
    shown, durations = frames_of(image)
    assert shown.shape == frames.shape
    assert durations == [1000 // FPS] * 12
    # Both the codec and the palette lose a little.
    assert np.abs(shown - frames).mean() < 12


def test_a_long_and_large_video_is_bounded(logger, publisher, tmp_path):
    path = write_video(tmp_path / "long.mp4", moving_square(500, 96, 640))
    publisher.video("videos/level_0", path, 1, FPS)
    image = image_of(logger, "videos/level_0")
    assert image.size == (320, 48)
    assert 120 <= image.n_frames <= 240
    # Frames are left out evenly and the others last longer: it plays as long as it did.
    _, durations = frames_of(image)
    assert sum(durations) == pytest.approx(500 * 1000 / FPS, rel=0.02)


def test_a_table_is_a_markdown_table(logger, publisher):
    publisher.table("val/levels", COLUMNS, ROWS, 4096)
    (event,) = events(logger).Tensors("val/levels/text_summary")
    assert event.step == 4096
    assert event.tensor_proto.string_val[0].decode().splitlines() == [
        "| level | return |",
        "| --- | --- |",
        "| level_0 | 1.5 |",
        "| level\\|1 | not played |",
    ]


def test_figures_and_bar_charts_are_images(logger, publisher):
    figure = pyplot.figure()
    figure.add_subplot().plot([1, 3, 2])
    publisher.figure("val/curve", figure, 1)
    publisher.bar_chart("actions/few", ["left", "$up_^{$"], [3, 4], 1, "$_^$")
    publisher.bar_chart("actions/many", [f"action {n}" for n in range(30)], [1] * 30, 1, "Actions")
    assert np.asarray(image_of(logger, "val/curve")).std() > 0
    few, many = image_of(logger, "actions/few"), image_of(logger, "actions/many")
    assert np.asarray(few).std() > 0
    assert many.height > few.height  # room for every label
    assert pyplot.fignum_exists(figure.number)  # still the caller's
    pyplot.close(figure)


def test_publishing_goes_on_after_the_end(logger, publisher):
    publisher.scalars({"train/return_mean": 1.0}, 1)
    publisher.finalize("success")
    publisher.scalars({"test/return_mean": 2.0}, 1)
    publisher.finalize("success")
    assert events(logger).Scalars("test/return_mean")[0].value == 2.0
