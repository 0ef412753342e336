"""RLlib's algorithms by their old names, for the configs of Griddly's documentation."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

import ray
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.algorithms.appo import APPO, APPOConfig
from ray.rllib.algorithms.impala import IMPALA, IMPALAConfig
from ray.rllib.algorithms.ppo import PPO, PPOConfig
from ray.rllib.callbacks.callbacks import RLlibCallback
from ray.rllib.utils.metrics import (
    ENV_RUNNER_RESULTS,
    EPISODE_LEN_MEAN,
    EPISODE_RETURN_MEAN,
    NUM_EPISODES_LIFETIME,
)

from griddly_lit.rllib.plain.old_config import translated
from griddly_lit.rllib.plain.result_videos import env_steps_of
from griddly_lit.rllib.trainer_results import classes_of

_log = logging.getLogger("griddly_lit")


class OldResultKeys(RLlibCallback):  # type: ignore[misc]
    """Adds ``timesteps_total``, ``episode_reward_mean`` and so on to RLlib's results.

    Conditions to stop and schedulers of old scripts ask for them. Those of episodes are NaN until
    one has ended.
    """

    def on_train_result(self, *, result: dict[str, Any], **_: Any) -> None:
        """Adds them."""
        runners = result.get(ENV_RUNNER_RESULTS, {})
        result["timesteps_total"] = env_steps_of(result)
        result["episodes_total"] = runners.get(NUM_EPISODES_LIFETIME, 0)
        result["episode_reward_mean"] = runners.get(EPISODE_RETURN_MEAN, math.nan)
        result["episode_len_mean"] = runners.get(EPISODE_LEN_MEAN, math.nan)


class _Translating:
    """An algorithm that takes an old config."""

    _config_class: type[AlgorithmConfig]

    def __init__(self: Any, config: Any = None, env: Any = None, **options: Any) -> None:
        if isinstance(config, Mapping):
            old = _with_gpus_there(config if env is None else {**config, "env": env})
            config = _with_old_keys(translated(self._config_class, old))
        super().__init__(config=config, **options)  # type: ignore[call-arg]

    @classmethod
    def default_resource_request(cls, config: Any) -> Any:
        """Returns what Tune has to reserve."""
        if isinstance(config, Mapping):
            config = translated(cls._config_class, _with_gpus_there(config)).to_dict()
        return super().default_resource_request(config)  # type: ignore[misc]


class PPOTrainer(_Translating, PPO):  # type: ignore[misc]
    """RLlib's PPO, for ``tune.run(PPOTrainer, config={…})`` with a config as it was."""

    _config_class = PPOConfig


class ImpalaTrainer(_Translating, IMPALA):  # type: ignore[misc]
    """RLlib's IMPALA, for ``tune.run(ImpalaTrainer, config={…})`` with a config as it was."""

    _config_class = IMPALAConfig


class APPOTrainer(_Translating, APPO):  # type: ignore[misc]
    """RLlib's APPO, for ``tune.run(APPOTrainer, config={…})`` with a config as it was."""

    _config_class = APPOConfig


def _with_gpus_there(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the config, without GPUs where Ray has none: Tune would wait for them for ever."""
    if config.get("num_gpus") and ray.is_initialized() and not ray.cluster_resources().get("GPU"):
        _log.warning(
            "config['num_gpus']=%s: Ray has no GPU, and the CPU learns.", config["num_gpus"]
        )
        return {**config, "num_gpus": 0}
    return config


def _with_old_keys(config: AlgorithmConfig) -> AlgorithmConfig:
    return config.callbacks(callbacks_class=[OldResultKeys, *classes_of(config)])
