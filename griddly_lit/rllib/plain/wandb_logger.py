"""Tune's logger for W&B, with videos."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ray.air.integrations import wandb as ray_wandb

_KEYS = "videos/"


class WandbLoggerCallback(ray_wandb.WandbLoggerCallback):  # type: ignore[misc]
    """Ray's ``WandbLoggerCallback``, which uploads the videos of a result, too.

    A result names a video's path as ``videos/level_{n}``; Ray's own callback leaves out what is no
    number. ``WANDB_MODE`` and ``WANDB_DIR`` of this process count, also where Ray ran before they were
    set. Runs lie in ``wandb/`` of the working directory, as W&B has it, and not among the trial's
    files, which Tune copies before the run is whole. Its arguments are Ray's. For
    ``tune.RunConfig(callbacks=[…])``.

    Example:
        >>> from griddly_lit import WandbLoggerCallback
        >>> logger = WandbLoggerCallback(project="griddly", mode="offline")
    """

    def __init__(self, project: str | None = None, **options: Any) -> None:
        # Ray's process that logs has the environment that Ray was started in.
        told = {"dir": os.environ.get("WANDB_DIR") or os.getcwd()}
        if os.environ.get("WANDB_MODE"):
            told["mode"] = os.environ["WANDB_MODE"]
        super().__init__(project, **{**told, **options})

    def log_trial_result(self, iteration: int, trial: Any, result: dict[str, Any]) -> None:
        """Hands a result over; Tune calls this."""
        import wandb

        videos = {
            key: wandb.Video(value)
            for key, value in result.items()
            if key.startswith(_KEYS) and isinstance(value, str) and Path(value).is_file()
        }
        super().log_trial_result(iteration, trial, {**result, **videos})

    def log_trial_end(self, trial: Any, failed: bool = False) -> None:
        """Ends the run of a trial; Tune calls this."""
        # A trial that fails as it starts has no run, and Ray's KeyError would hide its error.
        with suppress(KeyError):
            super().log_trial_end(trial, failed)
