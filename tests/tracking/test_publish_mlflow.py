"""MLflow, with a store of files."""

from __future__ import annotations

import json
import math
from pathlib import Path

import imageio.v3 as imageio
import pytest

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

pytest.importorskip("mlflow", reason="MLflow is not installed")


@pytest.fixture
def logger(tmp_path, monkeypatch):
    from lightning.pytorch.loggers import MLFlowLogger

    # MLflow keeps its file store for those who say so; its databases need sqlalchemy.
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    uri = (tmp_path / "mlruns").as_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)  # the logger sets it for the process
    return MLFlowLogger("griddly", tracking_uri=uri, prefix="p")


def test_everything_is_in_the_run(logger, tmp_path, caplog):
    video = write_video(tmp_path / "replay.mp4", moving_square(5))
    content = video.read_bytes()
    publisher = Publisher([logger])
    publisher.hyperparameters({"env": {"levels": [0, 1]}, "seed": 3})
    publisher.scalars({"train/return_mean": 1.5, "x": math.nan, "y": math.inf}, 1000)
    publisher.video("videos/level_0", video, 2000, FPS)
    publisher.table("val/levels", COLUMNS, ROWS, 3000)
    publisher.table("val/levels", COLUMNS, ROWS[:1], 4000)
    publisher.bar_chart("agent_info/1/actions", ["left", "right"], [3, 4], 4000, "Actions")
    publisher.figure("val/curve", line_figure(), 5000)
    publisher.artifact("checkpoint", write_checkpoint(tmp_path / "step_5"), "model", ["best"])
    publisher.finalize("success")
    assert "failed on" not in caplog.text

    run = logger.experiment.get_run(logger.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"env/levels": "[0, 1]", "seed": "3"}
    assert run.data.metrics["p-train/return_mean"] == 1.5
    assert math.isnan(run.data.metrics["p-x"])
    assert run.data.metrics["p-y"] == math.inf
    (point,) = logger.experiment.get_metric_history(logger.run_id, "p-train/return_mean")
    assert point.step == 1000

    artifacts = Path(run.info.artifact_uri.removeprefix("file://"))
    assert (artifacts / "videos/p-videos/level_0/step_000002000.mp4").read_bytes() == content
    table = json.loads((artifacts / "tables/p-val/levels.json").read_text())
    assert table["columns"] == ["step", *COLUMNS]
    assert table["data"] == [[3000, *ROWS[0]], [3000, *ROWS[1]], [4000, *ROWS[0]]]
    for name in ("p-agent_info/1/actions/step_000004000", "p-val/curve/step_000005000"):
        assert imageio.imread(artifacts / "figures" / f"{name}.png").std() > 0
    best = artifacts / run.data.tags["checkpoint.best"]
    assert (best / "learner/weights.bin").read_bytes() == b"weights"


def test_a_failed_run_is_marked_so(logger):
    publisher = Publisher([logger])
    publisher.scalars({"a": 1.0}, 1)
    publisher.finalize("failed")
    assert logger.experiment.get_run(logger.run_id).info.status == "FAILED"
