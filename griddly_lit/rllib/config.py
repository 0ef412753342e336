"""Trainer settings → ``AlgorithmConfig``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.tune.registry import register_env

from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.envs.gymnasium_env import GriddlyEnv
from griddly_lit.envs.spaces import action_space, observation_space
from griddly_lit.errors import AlgorithmError, OptionError
from griddly_lit.models import ModelSpec
from griddly_lit.rllib.algorithms import check_training, find_algorithm
from griddly_lit.rllib.env_runner import GriddlyEnvRunner

__all__ = ["AlgorithmConfig", "Settings", "algorithm_config"]

_ENV_NAME = "griddly_lit"


@dataclass(frozen=True)
class Settings:
    """What the trainer was told of the algorithm and of where it runs.

    Attributes:
        env: The environment.
        model: The model of the policy.
        algorithm: Name of an algorithm, or RLlib's config of one.
        training: For the algorithm's ``training()``, over our defaults.
        num_env_runners: Processes that sample; 0 samples in the trainer's own.
        num_envs_per_env_runner: Games stepped together in each.
        num_learners: Processes that learn; 0 learns in the trainer's own.
        accelerator: ``"auto"``, ``"cpu"`` or ``"gpu"``, of the learners.
        seed: Seed of everything random.
        track_actions: Count actions and outcomes.
        record_every: Record the first game of each runner, an episode every so many of its steps.
        small: Take a batch of a few steps only, to see that all works.
    """

    env: GriddlyEnvSpec
    model: ModelSpec
    algorithm: str | AlgorithmConfig = "PPO"
    training: Mapping[str, Any] = field(default_factory=dict)
    num_env_runners: int = 0
    num_envs_per_env_runner: int = 64
    num_learners: int = 0
    accelerator: str = "auto"
    seed: int = 0
    track_actions: bool = False
    record_every: int | None = None
    small: bool = False

    def __post_init__(self) -> None:
        least = {"num_env_runners": 0, "num_envs_per_env_runner": 1, "num_learners": 0, "seed": 0}
        for name, lowest in least.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
                raise OptionError(
                    f"{name}={value!r}",
                    f"it is an integer of at least {lowest}",
                    "Pass such a number",
                )


def algorithm_config(settings: Settings) -> AlgorithmConfig:
    """Builds the config that ``fit()`` uses.

    Raises:
        AlgorithmError: The algorithm or a training setting is unknown or does not fit the game.
        OptionError: There is no GPU though one is asked for.
    """
    name, supported = find_algorithm(settings.algorithm)
    spec = settings.env
    nvec = spec.action_nvec
    if spec.game.player_count > 1:
        raise AlgorithmError(
            spec.name_in_errors,
            f"the game has {spec.game.player_count} players, and training takes one so far",
            "Choose a single-player game",
        )
    if name == "DQN" and len(nvec) > 1:
        raise AlgorithmError(
            "algorithm='DQN'",
            f"DQN needs one discrete action, but this game's has parts {nvec}",
            "Use PPO, APPO or IMPALA",
        )
    training = dict(settings.training)
    config_class = supported.config_class()
    check_training(name, config_class, training)
    if isinstance(settings.algorithm, str):
        config = config_class().training(**{**supported.training, **training})
    else:
        config = settings.algorithm.copy(copy_frozen=False).training(**training)
    if settings.small:
        config.training(**supported.small)
    games = (
        min(4, settings.num_envs_per_env_runner)
        if settings.small
        else settings.num_envs_per_env_runner
    )
    if isinstance(settings.algorithm, str) and supported.fragment_fills_batch:
        fragment = max(1, config.train_batch_size_per_learner // games)
        config.env_runners(rollout_fragment_length=fragment)
    register_env(_ENV_NAME, _make_env)
    model_config = {"model": settings.model, "nvec": nvec}
    if name == "DQN":
        model_config["epsilon"] = config.epsilon
        _check_dqn(config)
    return (
        config.environment(
            _ENV_NAME,
            env_config={
                "spec": spec,
                "track_actions": settings.track_actions,
                "record_every": settings.record_every,
            },
            observation_space=observation_space(spec.observation_shapes[0]),
            action_space=action_space(nvec),
        )
        .env_runners(
            env_runner_cls=GriddlyEnvRunner,
            num_env_runners=settings.num_env_runners,
            num_envs_per_env_runner=games,
        )
        .learners(
            num_learners=settings.num_learners,
            num_gpus_per_learner=int(_use_gpu(settings.accelerator)),
        )
        .rl_module(
            rl_module_spec=RLModuleSpec(module_class=supported.module, model_config=model_config)
        )
        .reporting(
            min_time_s_per_iteration=0,
            min_sample_timesteps_per_iteration=(
                min(32, supported.steps_per_iteration)
                if settings.small
                else supported.steps_per_iteration
            ),
        )
        .fault_tolerance(restart_failed_env_runners=True)
        .debugging(seed=settings.seed, log_level="ERROR")
    )


def _make_env(env_config: Mapping[str, Any]) -> GriddlyEnv:
    """What RLlib's own env runners would make of the same config."""
    return GriddlyEnv(env_config["spec"])


def _check_dqn(config: Any) -> None:
    if config.dueling or config.num_atoms > 1:
        raise AlgorithmError(
            f"training: dueling={config.dueling}, num_atoms={config.num_atoms}",
            "models here have one output an action",
            "Set dueling=False and num_atoms=1",
        )


def _use_gpu(accelerator: str) -> bool:
    if accelerator not in ("auto", "cpu", "gpu"):
        raise OptionError(
            f"accelerator={accelerator!r}",
            "there is no such accelerator",
            "Choose one",
            ("auto", "cpu", "gpu"),
        )
    available = torch.cuda.is_available()
    if accelerator == "gpu" and not available:
        raise OptionError("accelerator='gpu'", "torch sees no GPU", "Use 'auto' or 'cpu'")
    return available and accelerator != "cpu"
