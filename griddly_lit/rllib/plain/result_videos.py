"""From the replays of an iteration to videos that its result names."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ray.rllib.utils.metrics import ENV_RUNNER_RESULTS, NUM_ENV_STEPS_SAMPLED_LIFETIME

from griddly_lit.recording import EpisodeReplay, FinishedVideo, VideoRecorder, VideoRecording

# A result is final once it is given, and Tune may end the trial with it. So it waits for its videos.
_TIMEOUT_S = 120.0
# The x axis of Lightning's logger, so that runs of either kind lie in one panel.
_STEP = "trainer/global_step"
_log = logging.getLogger("griddly_lit")


def add_videos(
    algorithm: Any,
    result: dict[str, Any],
    settings: VideoRecording,
    replays: Sequence[EpisodeReplay],
) -> list[FinishedVideo]:
    """Draws episodes, and adds the videos' paths to a result by their keys.

    A key of several videos names the last one's; all are in the folder.

    Args:
        algorithm: RLlib's. The videos lie in its trial's folder, unless the settings name another
            one by an absolute path.
        result: Its result of one iteration.
        settings: How the videos look.
        replays: The episodes.

    Returns:
        The videos.
    """
    if not replays:
        return []
    folder = trial_folder(algorithm) / (settings.directory or "videos")
    recorder = VideoRecorder(settings, folder)
    for replay in replays:
        recorder.submit(replay, env_steps_of(result))
    recorder.close(_TIMEOUT_S)
    videos = recorder.finished()
    result.update({video.key: str(video.path) for video in videos})
    return videos


def tell_wandb(
    result: Mapping[str, Any], values: Mapping[str, float], videos: Sequence[FinishedVideo]
) -> None:
    """Uploads to the W&B run that is open in this process, if there is one.

    Args:
        result: RLlib's result of one iteration.
        values: Numbers by key.
        videos: Videos.
    """
    wandb = sys.modules.get("wandb")
    run = None if wandb is None else wandb.run
    if wandb is None or run is None or not (values or videos):
        return
    step = {_STEP: env_steps_of(result)}
    try:
        for key in (*values, *(video.key for video in videos)):
            run.define_metric(key, step_metric=_STEP)
        run.log({**values, **step})
        for video in videos:
            run.log({video.key: wandb.Video(str(video.path)), **step})
    except Exception as fault:  # training goes on without what is logged
        _log.warning("W&B failed with %s: %s", type(fault).__name__, fault)


def trial_folder(algorithm: Any) -> Path:
    """Returns where files of an algorithm belong: the trial's folder under Tune, else its logdir."""
    # Tune's working folder of a trial is not kept, unless it is told to sync artifacts.
    storage = getattr(algorithm, "_storage", None)
    if storage is not None and storage.storage_filesystem.type_name == "local":
        return Path(storage.trial_fs_path)
    return Path(algorithm.logdir)


def env_steps_of(result: Mapping[str, Any]) -> int:
    """Returns the environment steps of training so far."""
    return int(result.get(ENV_RUNNER_RESULTS, {}).get(NUM_ENV_STEPS_SAMPLED_LIFETIME, 0))
