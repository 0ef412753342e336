"""One run in W&B (offline), TensorBoard and CSV at once: the same values under the same keys."""

import csv

import imageio.v3 as iio
import pytest
import wandb
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger, WandbLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from griddly_lit import VideoRecording
from tracking.wandb_log import offline_runs
from trainer.small import STEPS, spec, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


@pytest.fixture(scope="module")
def run(tmp_path_factory, ray_once):
    root = tmp_path_factory.mktemp("every_logger")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_SILENT", "true")
        for name in ("DATA", "CACHE", "CONFIG"):
            patch.setenv(f"WANDB_{name}_DIR", str(root / name))
        loggers = [
            # Lightning refuses log_model=True offline in its constructor only.
            WandbLogger(project="griddly", save_dir=root, offline=True),
            TensorBoardLogger(root, name="tb"),
            CSVLogger(root, name="csv"),
        ]
        loggers[0]._log_model = True
        mine = trainer(
            root,
            env=spec(test_levels=[4]),
            logger=loggers,
            video=VideoRecording(every_env_steps=30, include_agents=True),
            track_actions=True,
            validate_every_env_steps=2 * STEPS,
            validation_episodes=1,
            max_iterations=4,
        )
        mine.fit()
        wandb.finish()
        (wandb_run,) = offline_runs(root)
    events = EventAccumulator(str(root / "tb" / "version_0"), size_guidance={"images": 0})
    events.Reload()
    with (root / "csv" / "version_0" / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    return wandb_run, events, rows


def in_wandb(wandb_run):
    """Every scalar as {(key, environment step): value}."""
    return {
        (key, row["trainer/global_step"]): value
        for row in wandb_run.history
        if "trainer/global_step" in row
        for key, value in row.items()
        if ("/" in key or key == "best_score") and key != "trainer/global_step"
        if isinstance(value, (int, float))
    }


def in_csv(rows):
    return {
        (key, int(row["step"])): float(value)
        for row in rows
        for key, value in row.items()
        if key != "step" and value != ""
    }


def test_scalars_are_equal_everywhere(run):
    wandb_run, events, rows = run
    scalars = in_csv(rows)
    assert {step for _, step in scalars} == {STEPS * n for n in (1, 2, 3, 4)}
    # JSON and CSV store all digits of a double.
    assert in_wandb(wandb_run) == scalars
    for (key, step), value in scalars.items():
        (event,) = (event for event in events.Scalars(key) if event.step == step)
        # TensorBoard stores single precision.
        assert event.value == pytest.approx(value, rel=1e-6), key


def test_the_documented_keys_are_there(run):
    keys = {key for key, _ in in_wandb(run[0])}
    assert keys >= {
        "train/return_mean",
        "train/length_mean",
        "train/win_rate",
        "agent_info/1/move",
        "agent_info/1/win",
        "agent_info/1/lose",
        "agent_info/1/end",
        "val/return_mean",
        "val/agent_info/1/move",
        "learner/default_policy/loss",
        "learner/default_policy/entropy",
        "learner/default_policy/kl",
        "time/env_steps_per_second",
    }


def test_wandb_has_videos_table_chart_and_config(run):
    wandb_run, events, _ = run
    videos = [
        (key, value)
        for row in wandb_run.history
        for key, value in row.items()
        if key.startswith("videos/level_")
    ]
    assert any(key.endswith("/agent_1") for key, _ in videos)
    assert any(not key.endswith("/agent_1") for key, _ in videos)
    for _, value in videos:
        frames = iio.imread(wandb_run.files / value["path"])
        assert 2 <= len(frames) <= 21
        assert frames.std() > 10
    images = events.Tags()["images"]
    assert {key for key, _ in videos} <= {tag.removesuffix("/image") for tag in images}
    assert wandb_run.config["seed"] == 1
    aliases = {alias for artifact in wandb_run.artifacts for alias in artifact.aliases}
    assert {"last", "best"} <= aliases
    assert any("actions" in key for row in wandb_run.history for key in row)
