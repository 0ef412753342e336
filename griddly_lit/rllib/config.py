"""Trainer settings → ``AlgorithmConfig``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core.rl_module.multi_rl_module import MultiRLModuleSpec
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.tune.registry import register_env

from griddly_lit.arguments import MAX_SEED, checked_choice, checked_mapping
from griddly_lit.envs import GriddlyEnvSpec, Transform
from griddly_lit.envs.gymnasium_env import GriddlyEnv
from griddly_lit.envs.spaces import action_space, observation_space
from griddly_lit.errors import OptionError
from griddly_lit.policies import Policy, SelfPlay
from griddly_lit.recording import VideoRecording
from griddly_lit.rllib.algorithm_fit import check_dqn, check_fits_dqn, check_sequences
from griddly_lit.rllib.algorithms import (
    SupportedAlgorithm,
    check_training,
    check_training_of_policy,
    find_algorithm,
    training_names,
)
from griddly_lit.rllib.env_runner import GriddlyEnvRunner
from griddly_lit.rllib.module import QModule
from griddly_lit.rllib.multi_agent_env import GriddlyMultiAgentEnv
from griddly_lit.rllib.session import cluster_address
from griddly_lit.rllib.training_values import check_together, check_values
from griddly_lit.rllib.user_config import check_nothing_is_lost

__all__ = ["AlgorithmConfig", "Settings", "algorithm_config"]

_ENV_NAME = "griddly_lit"


@dataclass(frozen=True)
class Settings:
    """What the trainer was told of the algorithm and of where it runs.

    Attributes:
        env: The environment.
        policies: Who acts for whom.
        algorithm: Name of an algorithm, or RLlib's config of one.
        training: For the algorithm's ``training()``, over our defaults; under a policy's name, for
            that policy alone.
        transforms: Change the rewards or observations that are learned from.
        self_play: The rules of self-play, if that is how the only policy learns.
        num_env_runners: Processes that sample; 0 samples in the trainer's own.
        num_envs_per_env_runner: Games stepped together in each.
        num_learners: Processes that learn; 0 learns in the trainer's own.
        accelerator: ``"auto"``, ``"cpu"`` or ``"gpu"``, of the learners.
        precision: ``"32-true"`` or ``"bf16-mixed"``, of the networks.
        ray_address: The cluster that is joined, see :func:`~griddly_lit.rllib.session.ray_session`.
        seed: Seed of everything random.
        track_actions: Count actions and outcomes.
        video: Which episodes of the runners' first games are recorded.
        small: Take a batch of a few steps only, to see that all works.
    """

    env: GriddlyEnvSpec
    policies: tuple[Policy, ...]
    algorithm: str | AlgorithmConfig = "PPO"
    training: Mapping[str, Any] = field(default_factory=dict)
    transforms: tuple[Transform, ...] = ()
    self_play: SelfPlay | None = None
    num_env_runners: int = 0
    num_envs_per_env_runner: int = 64
    num_learners: int = 0
    accelerator: str = "auto"
    precision: str = "32-true"
    ray_address: str | None = None
    seed: int = 0
    track_actions: bool = False
    video: VideoRecording | None = None
    small: bool = False

    def training_by_policy(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns the training settings for all policies, and those of each by its name."""
        names = [policy.name for policy in self.policies]
        apart = {name: self.training[name] for name in names if name in self.training}
        return {k: v for k, v in self.training.items() if k not in names}, apart


def algorithm_config(settings: Settings) -> AlgorithmConfig:
    """Builds the config that ``fit()`` uses.

    Raises:
        AlgorithmError: The algorithm or a training setting is unknown or does not fit the game, or a
            setting of the user's RLlib config would be lost.
        OptionError: There is no GPU though one is asked for.
    """
    name, supported = find_algorithm(settings.algorithm)
    learns_values = issubclass(supported.module, QModule)
    if learns_values:
        check_fits_dqn(name, settings.env, settings.policies)
    config = _with_training(settings, name, supported)
    users = config.copy(copy_frozen=False)
    if config.learner_class is config.get_default_learner_class():
        config.learners(learner_class=supported.learner)
    check_together(config, training_names(type(config)))
    if settings.small:
        config.training(**supported.small)
    if learns_values:
        check_dqn(config)
    _set_policies(config, settings, name, supported)
    _set_processes(config, settings, supported)
    check_sequences(config, settings.policies)
    _set_iterations(config, settings, supported, users)
    check_nothing_is_lost(users, config)
    return config


def _with_training(settings: Settings, name: str, supported: SupportedAlgorithm) -> AlgorithmConfig:
    """Returns the algorithm with its defaults, or the user's config, and the user's settings."""
    config_class = supported.config_class()
    training, by_policy = settings.training_by_policy()
    for policy, values in by_policy.items():
        checked_mapping(f"training[{policy!r}]", values, "Pass a dictionary of settings")
    for each in (training, *by_policy.values()):
        check_training(name, config_class, each)
        check_values(config_class, each)
    if not isinstance(settings.algorithm, str):
        return settings.algorithm.copy(copy_frozen=False).training(**training)
    return config_class().training(**{**supported.training, **training})


def _set_policies(
    config: AlgorithmConfig, settings: Settings, name: str, supported: SupportedAlgorithm
) -> None:
    """Sets the environment, the modules, and who acts for whom."""
    policies = settings.policies
    bfloat16 = _use_bfloat16(settings.precision)
    modules = {
        policy.name: _module_spec(policy, supported, config, bfloat16) for policy in policies
    }
    only = modules[policies[0].name]
    _, by_policy = settings.training_by_policy()
    register_env(_ENV_NAME, _make_env)
    config.environment(
        _ENV_NAME,
        env_config={
            "spec": settings.env,
            "policies": policies,
            "transforms": settings.transforms,
            "self_play": settings.self_play is not None,
            "track_actions": settings.track_actions,
            "video": settings.video,
        },
        observation_space=only.observation_space,
        action_space=only.action_space,
    )
    if policies[0].alone:
        config.training(**by_policy.get(policies[0].name, {}))
        config.rl_module(rl_module_spec=only)
        return
    for policy_name, values in by_policy.items():
        check_training_of_policy(name, policy_name, values)
    config.multi_agent(
        # In their order: a set would be gone through in another one in each process.
        policies=list(modules),
        policy_mapping_fn=PolicyOfAgent({a: p.name for p in policies for a in p.agents}),
        policies_to_train=[policy.name for policy in policies if policy.trained],
    )
    config.rl_module(
        rl_module_spec=MultiRLModuleSpec(rl_module_specs=modules),
        algorithm_config_overrides_per_module={
            policy: type(config).overrides(**values) for policy, values in by_policy.items()
        },
    )


def _set_processes(
    config: AlgorithmConfig, settings: Settings, supported: SupportedAlgorithm
) -> None:
    """Sets who samples and who learns, where."""
    games = settings.num_envs_per_env_runner
    if settings.small:
        games = min(4, games)
    if isinstance(settings.algorithm, str) and supported.fragment_fills_batch:
        fragment = max(1, config.train_batch_size_per_learner // games)
        config.env_runners(rollout_fragment_length=fragment)
    config.env_runners(
        env_runner_cls=GriddlyEnvRunner,
        num_env_runners=settings.num_env_runners,
        num_envs_per_env_runner=games,
        # Weights are pushed to our runner. Told to fetch them instead, as APPO and IMPALA tell
        # theirs by default, it would act with the first ones for ever.
        use_env_runner_state_server=False,
    )
    config.learners(
        num_learners=settings.num_learners,
        num_gpus_per_learner=int(_use_gpu(settings)),
    )
    config.fault_tolerance(restart_failed_env_runners=True)
    # RLlib adds the number of the runner to it.
    seed = min(settings.seed, MAX_SEED - settings.num_env_runners)
    config.debugging(seed=seed, log_level="ERROR")


def _set_iterations(
    config: AlgorithmConfig,
    settings: Settings,
    supported: SupportedAlgorithm,
    users: AlgorithmConfig,
) -> None:
    """Sets how long an iteration is."""
    steps = "min_sample_timesteps_per_iteration"
    config.reporting(
        log_gradients=True,
        min_time_s_per_iteration=_unless_set(users, "min_time_s_per_iteration", 0),
        min_sample_timesteps_per_iteration=(
            min(32, supported.steps_per_iteration)
            if settings.small
            else _unless_set(users, steps, supported.steps_per_iteration)
        ),
    )


@dataclass(frozen=True)
class PolicyOfAgent:
    """RLlib's ``policy_mapping_fn``: the policy of an agent.

    Attributes:
        names: Name of the policy by the agent's id.
    """

    names: Mapping[int, str]

    def __call__(self, agent_id: Any, episode: Any = None, **kwargs: Any) -> str:
        """Returns the name of the agent's policy."""
        return self.names[int(agent_id)]


def _unless_set(users: AlgorithmConfig, name: str, ours: Any) -> Any:
    value = getattr(users, name)
    return ours if value == getattr(type(users)(), name) else value


def _module_spec(
    policy: Policy, supported: SupportedAlgorithm, config: Any, bfloat16: bool
) -> RLModuleSpec:
    model_config = {
        "model": policy.model,
        "head": policy.head,
        "bfloat16": bfloat16,
        # RLlib's name for it; read of models with a memory.
        "max_seq_len": policy.model.max_seq_len,
    }
    if issubclass(supported.module, QModule):
        model_config["epsilon"] = config.epsilon
    return RLModuleSpec(
        module_class=supported.module,
        observation_space=observation_space(policy.observation_shape),
        action_space=action_space(policy.head.all_parts),
        model_config=model_config,
    )


def _make_env(env_config: Mapping[str, Any]) -> Any:
    """What RLlib's own env runners would make of the same config."""
    spec: GriddlyEnvSpec = env_config["spec"]
    return GriddlyEnv(spec) if spec.game.player_count == 1 else GriddlyMultiAgentEnv(spec)


def _use_bfloat16(precision: str) -> bool:
    checked_choice("precision", precision, ("32-true", "bf16-mixed"))
    return precision == "bf16-mixed"


def _use_gpu(settings: Settings) -> bool:
    accelerator = checked_choice("accelerator", settings.accelerator, ("auto", "cpu", "gpu"))
    if accelerator == "gpu" and settings.num_learners and cluster_address(settings.ray_address):
        # The cluster's nodes have them, whatever this machine has.
        return True
    available = torch.cuda.is_available()
    if accelerator == "gpu" and not available:
        raise OptionError("accelerator='gpu'", "torch sees no GPU", "Use 'auto' or 'cpu'")
    return available and accelerator != "cpu"
