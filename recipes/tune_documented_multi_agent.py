"""The multi-agent example of Griddly's RLlib documentation: all but its imports is as it was.

Four foragers share one policy, videos are recorded and actions counted::

    python recipes/tune_documented_multi_agent.py
"""

from __future__ import annotations

from typing import Any

from ray import tune
from ray.rllib.models import ModelCatalog
from ray.tune.registry import register_env

from griddly_lit.from_griddly import (
    ActionTrackerCallback,
    MultiCallbacks,
    PPOTrainer,
    RLlibEnv,
    RLlibMultiAgentWrapper,
    SimpleConvAgent,
    VideoCallback,
    gd,
)

ENV_NAME = "ray-ma-env"
MAX_TRAINING_STEPS = 10000000
CONFIG: dict[str, Any] = {
    "framework": "torch",
    "num_workers": 8,
    "num_envs_per_worker": 2,
    "num_gpus": 1,
    "callbacks": MultiCallbacks([VideoCallback, ActionTrackerCallback]),
    "model": {"custom_model": "SimpleConv", "custom_model_config": {}},
    "env": ENV_NAME,
    "env_config": {
        "record_video_config": {"frequency": 20000},
        "record_actions": True,
        "random_level_on_reset": True,
        "yaml_file": "Multi-Agent/foragers.yaml",
        "global_observer_type": gd.ObserverType.SPRITE_2D,
        "max_steps": 500,
    },
    "entropy_coeff_schedule": [[0, 0.01], [MAX_TRAINING_STEPS, 0.0]],
    "lr_schedule": [[0, 0.0005], [MAX_TRAINING_STEPS, 0.0]],
}


def _create_env(env_config: Any) -> Any:
    env = RLlibEnv(env_config)
    return RLlibMultiAgentWrapper(env, env_config)


def main(
    max_training_steps: int = MAX_TRAINING_STEPS,
    storage_path: str | None = None,
    **changes: Any,
) -> Any:
    """Trains, and returns Tune's analysis; ``changes`` go over the config."""
    register_env(ENV_NAME, _create_env)
    ModelCatalog.register_custom_model("SimpleConv", SimpleConvAgent)
    analysis = tune.run(
        PPOTrainer,
        config={**CONFIG, **changes},
        stop={"timesteps_total": max_training_steps},
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
