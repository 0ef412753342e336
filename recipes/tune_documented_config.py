"""The single-agent example of Griddly's RLlib documentation: all but its imports is as it was.

It records videos, counts actions, and reports to Weights & Biases through Ray Tune::

    python recipes/tune_documented_config.py

``WANDB_MODE=offline`` keeps the run on this machine. ``num_workers`` processes sample, a core each.
"""

from __future__ import annotations

from typing import Any

from ray import tune
from ray.rllib.models import ModelCatalog
from ray.tune.registry import register_env

from griddly_lit import WandbLoggerCallback
from griddly_lit.from_griddly import (
    ActionTrackerCallback,
    GAPAgent,
    ImpalaTrainer,
    MultiCallbacks,
    RLlibEnv,
    VideoCallback,
    gd,
)

ENV_NAME = "ray-griddly-env"
MAX_TRAINING_STEPS = 100000000
CONFIG: dict[str, Any] = {
    "framework": "torch",
    "num_workers": 8,
    "num_envs_per_worker": 4,
    "callbacks": MultiCallbacks([VideoCallback, ActionTrackerCallback]),
    "model": {"custom_model": "GAP", "custom_model_config": {}},
    "env": ENV_NAME,
    "env_config": {
        "record_video_config": {"frequency": 100000},
        "record_actions": True,
        "random_level_on_reset": True,
        "yaml_file": "Single-Player/GVGAI/clusters_partially_observable.yaml",
        "global_observer_type": gd.ObserverType.SPRITE_2D,
        "max_steps": 1000,
    },
    "entropy_coeff_schedule": [[0, 0.01], [MAX_TRAINING_STEPS, 0.0]],
    "lr_schedule": [[0, 0.0005], [MAX_TRAINING_STEPS, 0.0]],
}


def main(
    max_training_steps: int = MAX_TRAINING_STEPS,
    storage_path: str | None = None,
    **changes: Any,
) -> Any:
    """Trains, and returns Tune's analysis; ``changes`` go over the config."""
    register_env(ENV_NAME, RLlibEnv)
    ModelCatalog.register_custom_model("GAP", GAPAgent)
    analysis = tune.run(
        ImpalaTrainer,
        config={**CONFIG, **changes},
        stop={"timesteps_total": max_training_steps},
        callbacks=[WandbLoggerCallback(project="griddly")],
        storage_path=storage_path,
        verbose=1,
    )
    (trial,) = analysis.trials
    for key, value in sorted(trial.last_result.items()):
        if key.startswith(("agent_info/", "videos/", "timesteps_total")):
            print(f"{key}: {value}")
    return analysis


if __name__ == "__main__":
    main()
