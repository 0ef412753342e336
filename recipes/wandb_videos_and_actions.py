"""Videos, action counts and scores in Weights & Biases, and beside it as plain files.

Offline unless you are logged in; ``wandb sync`` uploads an offline run later::

    python recipes/wandb_videos_and_actions.py
"""

from __future__ import annotations

from typing import Any

import wandb
from lightning.pytorch.loggers import CSVLogger, WandbLogger

from griddly_lit import GriddlyEnvSpec, GriddlyTrainer, ImpalaCNN, VideoRecording


def main(**options: Any) -> None:
    """Trains and tests; ``options`` go to the trainer over those below."""
    spec = GriddlyEnvSpec(
        yaml_file="Single-Player/GVGAI/clusters_partially_observable.yaml",
        levels="random",
        test_levels=(4,),
        max_steps=200,
    )
    root = options.get("default_root_dir", ".")
    logged_in = wandb.api.api_key is not None
    loggers = [
        WandbLogger(project="griddly", save_dir=root, offline=not logged_in),
        CSVLogger(root, name="wandb_videos_and_actions"),
    ]
    defaults: dict[str, Any] = {
        "video": VideoRecording(every_env_steps=20_000, include_agents=True, best=True),
        "track_actions": True,
        "logger": loggers,
        "max_env_steps": 200_000,
        "validate_every_env_steps": 50_000,
        "validation_episodes": 5,
        "seed": 1,
    }
    trainer = GriddlyTrainer(spec, ImpalaCNN(), **{**defaults, **options})
    trainer.fit()
    print(f"videos, tables and metrics.csv: {loggers[1].log_dir}")
    print("W&B: " + ("see your project" if logged_in else f"wandb sync {root}/wandb/latest-run"))


if __name__ == "__main__":
    main()
