"""A run that was killed and resumed: in each logger as if nothing had happened."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tracking.wandb_log import read_run
from trainer.small import STEPS

SCRIPT = Path(__file__).with_name("logged_run.py")
WHOLE, CHECKPOINT, KILLED = 8, 3, 5


def train(root, *arguments):
    root.mkdir(exist_ok=True)
    homes = {f"WANDB_{place}_DIR": str(root / place) for place in ("DATA", "CACHE", "CONFIG")}
    environment = {
        **os.environ,
        **homes,
        "PYTHONPATH": f"{SCRIPT.parents[1]}:{os.environ.get('PYTHONPATH', '')}",
        "WANDB_MODE": "offline",
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    environment.pop("WANDB_SERVICE", None)
    shown = subprocess.run(
        [sys.executable, SCRIPT, root, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
    )
    return shown.returncode, shown.stderr


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("resumed_loggers")
    assert train(root / "whole", WHOLE)[0] == 0
    assert train(root / "killed", WHOLE, KILLED)[0] == -9
    before = rows_of(root / "killed")
    code, told = train(root / "killed", WHOLE, 0, "last")
    assert code == 0, told
    assert "failed" not in told, told
    return root / "whole", root / "killed", before, told


def rows_of(root):
    with (root / "csv" / "version_0" / "metrics.csv").open() as stream:
        return [
            {name: value for name, value in row.items() if value and not name.startswith("time/")}
            for row in csv.DictReader(stream)
        ]


def test_the_csv_file_equals_that_of_an_uninterrupted_run(runs):
    whole, killed, before, _ = runs
    assert {int(row["step"]) for row in before} == {STEPS * n for n in range(1, KILLED + 1)}
    assert rows_of(killed) == rows_of(whole)
    assert [path.name for path in (killed / "csv").iterdir()] == ["version_0"]
    # A video that waited to be drawn when the process was killed is missing.
    of_whole, of_killed = (sorted(media_of(root)) for root in (whole, killed))
    assert set(of_killed) <= set(of_whole)
    assert len(set(of_killed)) == len(of_killed)
    assert {row for row in of_whole if "video" not in row[2]} <= set(of_killed)
    folder = killed / "csv" / "version_0"
    there = {str(p.relative_to(folder)) for p in folder.glob("[tv]*s/**/*") if p.is_file()}
    assert there == {row[3] for row in of_killed}
    assert any("videos" in name for name in there)


def media_of(root):
    with (root / "csv" / "version_0" / "media.csv").open() as stream:
        return [tuple(row) for row in csv.reader(stream)][1:]


def test_the_curves_of_tensorboard_are_monotone(runs):
    def curves(root):
        (folder,) = (root / "tb").iterdir()
        events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
        events.Reload()
        scalars = {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}
        return {
            tag: [(each.step, each.value) for each in of_tag]
            for tag, of_tag in scalars.items()
            if "time/" not in tag
        }

    whole, killed, *_ = runs
    assert curves(killed) == curves(whole)
    steps = [step for step, _ in curves(killed)["train/episodes"]]
    assert steps == [STEPS * n for n in range(1, WHOLE + 1)]
    assert len(list((killed / "tb" / "version_0").glob("events.*"))) > 1


def test_mlflow_goes_on_in_its_run_and_is_told_nothing_twice(runs, monkeypatch):
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")

    def curves(root):
        client = MlflowClient((root / "mlruns").as_uri())
        (run,) = client.search_runs([client.get_experiment_by_name("griddly").experiment_id])
        return run, {
            key: [(p.step, p.value) for p in client.get_metric_history(run.info.run_id, key)]
            for key in run.data.metrics
            if "time/" not in key
        }

    whole, killed, *_ = runs
    run, resumed = curves(killed)
    assert resumed == curves(whole)[1]
    assert run.info.status == "FINISHED"
    assert run.data.tags["griddly_lit.resumed_at_env_steps"] == str(CHECKPOINT * STEPS)


def test_wandb_offline_has_a_second_run_that_names_the_first(runs):
    _, killed, _, told = runs
    logs = killed.glob("wandb/offline-run-*/run-*.wandb")
    first, second = sorted(map(read_run, logs), key=lambda run: run.started)
    assert second.group == first.run_id
    assert first.run_id in second.notes
    assert f"run {second.run_id} continues {first.run_id}" in told
    steps = [row["trainer/global_step"] for row in second.history if "train/episodes" in row]
    assert steps == sorted(steps)
    assert steps[0] == (CHECKPOINT + 1) * STEPS
    assert max(row["trainer/global_step"] for row in first.history) >= CHECKPOINT * STEPS


def test_run_json_tells_of_both_sessions(runs):
    _, killed, *_ = runs
    run = json.loads((killed / "csv" / "version_0" / "run.json").read_text())
    first, second = run["sessions"]
    assert "ended" not in first
    assert second["from_env_steps"] == CHECKPOINT * STEPS
    assert second["ended"]["stop_reason"] == "max_iterations"
    assert second["ended"]["env_steps"] == WHOLE * STEPS
    assert second["changed"] == {}
    assert [each["logger"] for each in run["loggers"]] == [
        "CSVLogger",
        "TensorBoardLogger",
        "MLFlowLogger",
        "WandbLogger",
    ]
