"""Comet: the calls that its experiment gets. Its library is not needed here."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from griddly_lit.tracking.publish import Publisher
from tracking.publish_samples import COLUMNS, FPS, ROWS, PlainLogger, line_figure


class CometLogger(PlainLogger):
    """Has the name and the experiment of Lightning's, which cannot be made without the library."""

    def __init__(self) -> None:
        super().__init__()
        self._prefix = "p"
        # Only what comet_ml.CometExperiment has.
        self.experiment = Mock(
            spec_set=["log_video", "log_table", "log_figure", "log_artifact", "get_key"]
        )
        self.experiment.get_key.return_value = "key"


@pytest.fixture
def logger():
    return CometLogger()


def test_media_go_to_the_experiment(logger, tmp_path):
    publisher = Publisher([logger])
    figure = line_figure()
    publisher.video("videos/level_0", tmp_path / "a.mp4", 1000, FPS)
    publisher.table("val/levels", COLUMNS, ROWS, 2000)
    publisher.figure("val/curve", figure, 3000)
    publisher.bar_chart("actions", ["left", "right"], [3, 4], 4000, "Actions")

    experiment = logger.experiment
    experiment.log_video.assert_called_once_with(
        str(tmp_path / "a.mp4"), name="p_videos/level_0", step=1000
    )
    experiment.log_table.assert_called_once_with(
        "tables/p_val/levels/step_000002000.csv",
        tabular_data=[list(row) for row in ROWS],
        headers=list(COLUMNS),
    )
    curve, bars = experiment.log_figure.call_args_list
    assert curve.args == ("p_val/curve", figure)
    assert curve.kwargs == {"step": 3000}
    assert bars.args[0] == "p_actions"
    assert [bar.get_width() for bar in bars.args[1].axes[0].patches] == [3, 4]


def test_an_artifact_is_named_after_the_run(logger, tmp_path, monkeypatch):
    artifact = Mock()
    make = Mock(return_value=artifact)
    monkeypatch.setitem(sys.modules, "comet_ml", SimpleNamespace(Artifact=make))
    Publisher([logger]).artifact("checkpoint", tmp_path, "model", ["best"])
    make.assert_called_once_with("checkpoint-key", artifact_type="model", aliases=["best"])
    artifact.add.assert_called_once_with(str(tmp_path))
    logger.experiment.log_artifact.assert_called_once_with(artifact)
