"""RLlib by itself, without the trainer: its own PPO, env runners and results.

The environment takes Griddly's old ``env_config``, the network is the documented GAP agent, and the
callbacks record videos and count actions::

    python recipes/plain_rllib.py
"""

from __future__ import annotations

from typing import Any

from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.rl_module import RLModuleSpec

from griddly_lit import ActionTrackerCallback, GAPModule, RLlibEnv, VideoCallback

ENV_CONFIG: dict[str, Any] = {
    "yaml_file": "Single-Player/GVGAI/clusters_partially_observable.yaml",
    "random_level_on_reset": True,
    "max_steps": 1000,
    "record_actions": True,
    "record_video_config": {"frequency": 10_000},
}


def main(
    iterations: int = 200,
    num_env_runners: int = 0,
    env_config: dict[str, Any] | None = None,
    **training: Any,
) -> dict[str, Any]:
    """Trains, and returns the last result; what is given goes over the settings below."""
    config = (
        PPOConfig()
        .environment(RLlibEnv, env_config={**ENV_CONFIG, **(env_config or {})})
        .env_runners(num_env_runners=num_env_runners, num_envs_per_env_runner=8)
        .rl_module(rl_module_spec=RLModuleSpec(module_class=GAPModule))
        .training(**{"lr": 5e-4, "entropy_coeff": 0.01, "num_epochs": 4, **training})
        .callbacks([VideoCallback, ActionTrackerCallback])
    )
    algorithm = config.build_algo()
    result: dict[str, Any] = {}
    try:
        for _ in range(iterations):
            result = algorithm.train()
            for key, value in sorted(result.items()):
                if key.startswith(("agent_info/", "videos/")):
                    print(f"{key}: {value}")
    finally:
        algorithm.stop()
    return result


if __name__ == "__main__":
    main()
