"""Which RLlib algorithms run here, and settings with which they learn the bundled games."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core.rl_module.rl_module import RLModule

from griddly_lit.errors import AlgorithmError, did_you_mean
from griddly_lit.rllib.learner import (
    APPOLearner,
    DQNLearner,
    IMPALALearner,
    LeanUpdates,
    PPOLearner,
)
from griddly_lit.rllib.module import ActorCriticModule, QModule


@dataclass(frozen=True)
class SupportedAlgorithm:
    """One algorithm.

    Attributes:
        config: Its config, or ``"module:Class"`` of it.
        module: How our models serve it.
        learner: Its learner.
        by_policy: Settings that its learner reads for each policy; of the others it takes one for
            all.
        training: Defaults for its ``training()``.
        small: The same for one quick look at whether all works.
        steps_per_iteration: Least number of environment steps between reports, of algorithms whose
            own training step is shorter than that.
        fragment_fills_batch: By default, one fragment of all games of a runner is one batch.
    """

    config: str | type[AlgorithmConfig]
    module: type[RLModule]
    learner: type[LeanUpdates]
    by_policy: frozenset[str]
    training: dict[str, Any]
    small: dict[str, Any]
    steps_per_iteration: int = 1
    fragment_fills_batch: bool = False

    def config_class(self) -> type[AlgorithmConfig]:
        """Returns the class of its config, imported."""
        if not isinstance(self.config, str):
            return self.config
        module, _, name = self.config.partition(":")
        found: type[AlgorithmConfig] = getattr(importlib.import_module(module), name)
        return found


_BY_POLICY = frozenset({"lr", "entropy_coeff", "vf_loss_coeff", "grad_clip", "grad_clip_by"})
_BY_POLICY_V_TRACE = _BY_POLICY | {
    "gamma",
    "vtrace_clip_rho_threshold",
    "vtrace_clip_pg_rho_threshold",
}
_BY_POLICY_CLIPPED = frozenset({"clip_param", "use_kl_loss", "kl_coeff", "kl_target"})

_V_TRACE = {
    "lr": 1e-3,
    "gamma": 0.99,
    "entropy_coeff": 0.01,
    "vf_loss_coeff": 0.5,
    "grad_clip": 40.0,
    # One update a batch, so many small ones.
    "train_batch_size_per_learner": 512,
}

_V_TRACE_SMALL = {"train_batch_size_per_learner": 32}

ALGORITHMS = {
    "PPO": SupportedAlgorithm(
        "ray.rllib.algorithms.ppo:PPOConfig",
        ActorCriticModule,
        PPOLearner,
        _BY_POLICY | _BY_POLICY_CLIPPED | {"use_critic", "vf_clip_param"},
        {
            "lr": 7e-4,
            # Rewards of grid games lie hundreds of steps apart: spider-nest stalls at 0.99.
            "gamma": 0.995,
            "lambda_": 0.95,
            "entropy_coeff": 0.02,
            "clip_param": 0.2,
            "vf_loss_coeff": 0.5,
            # Returns of grid games pass 10; a tighter clip would keep the critic from reaching them.
            "vf_clip_param": 100.0,
            "use_kl_loss": False,
            "grad_clip": 0.5,
            # Many small updates: spider-nest's first gem takes fewer steps than with 4096 and 1024.
            "train_batch_size_per_learner": 1024,
            "minibatch_size": 256,
            "num_epochs": 4,
        },
        {"train_batch_size_per_learner": 32, "minibatch_size": 16, "num_epochs": 1},
    ),
    "APPO": SupportedAlgorithm(
        "ray.rllib.algorithms.appo:APPOConfig",
        ActorCriticModule,
        APPOLearner,
        _BY_POLICY_V_TRACE | _BY_POLICY_CLIPPED,
        _V_TRACE,
        _V_TRACE_SMALL,
        steps_per_iteration=4096,
        fragment_fills_batch=True,
    ),
    "IMPALA": SupportedAlgorithm(
        "ray.rllib.algorithms.impala:IMPALAConfig",
        ActorCriticModule,
        IMPALALearner,
        _BY_POLICY_V_TRACE,
        _V_TRACE,
        _V_TRACE_SMALL,
        steps_per_iteration=4096,
        fragment_fills_batch=True,
    ),
    "DQN": SupportedAlgorithm(
        "ray.rllib.algorithms.dqn:DQNConfig",
        QModule,
        DQNLearner,
        frozenset(),
        {
            "lr": 3e-4,
            "gamma": 0.99,
            "train_batch_size_per_learner": 256,
            "epsilon": [[0, 1.0], [50_000, 0.05]],
            "num_steps_sampled_before_learning_starts": 2_000,
            "target_network_update_freq": 2_000,
            "training_intensity": 4.0,
            "dueling": False,
            "double_q": True,
            "num_atoms": 1,
            "n_step": 3,
        },
        {"train_batch_size_per_learner": 16, "num_steps_sampled_before_learning_starts": 16},
        steps_per_iteration=4096,
    ),
}

BUILT_IN = tuple(ALGORITHMS)


def find_algorithm(algorithm: str | AlgorithmConfig) -> tuple[str, SupportedAlgorithm]:
    """Returns the name of an algorithm and what is known of it.

    Args:
        algorithm: A name, or a config of RLlib's.

    Raises:
        AlgorithmError: It is none of those that run here.
    """
    if isinstance(algorithm, str):
        if algorithm not in ALGORITHMS:
            raise AlgorithmError(
                f"algorithm={algorithm!r}",
                "there is no such algorithm here",
                f"{did_you_mean(algorithm, ALGORITHMS)} (One of your own: register_algorithm)",
                ALGORITHMS,
            )
        return algorithm, ALGORITHMS[algorithm]
    for name, supported in ALGORITHMS.items():
        if type(algorithm) is supported.config_class():
            return name, supported
    raise AlgorithmError(
        f"algorithm={type(algorithm).__name__}",
        "no model here serves this algorithm",
        "Use one of the available algorithms, by name or as its RLlib config, or make it known by "
        "register_algorithm",
        ALGORITHMS,
    )


def check_training(
    name: str, config_class: type[AlgorithmConfig], training: Mapping[str, Any]
) -> None:
    """Checks the names of training settings.

    Raises:
        AlgorithmError: The algorithm has no such setting; the nearest one is suggested.
    """
    known = training_names(config_class)
    for key in training:
        if key not in known:
            raise AlgorithmError(
                f"training[{key!r}]",
                f"{name} has no such training setting",
                did_you_mean(key, known),
                known,
            )


def check_training_of_policy(name: str, policy: str, training: Mapping[str, Any]) -> None:
    """Checks that the learner reads each setting for every policy apart.

    Raises:
        AlgorithmError: One of the settings is the same for all policies.
    """
    available = ALGORITHMS[name].by_policy
    for key in training:
        if key not in available:
            raise AlgorithmError(
                f"training[{policy!r}][{key!r}]",
                f"{name} takes one {key} for all policies",
                f"Give it as training[{key!r}]",
                sorted(available),
            )


def training_settings(config: AlgorithmConfig) -> dict[str, Any]:
    """Returns the training settings that differ from RLlib's defaults, as far as JSON can say them."""
    default = type(config)()
    values = {name: getattr(config, name, None) for name in training_names(type(config))}
    changed = {
        name: value for name, value in values.items() if value != getattr(default, name, None)
    }
    return as_json(changed)


def as_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings without those that JSON cannot say."""
    return {name: value for name, value in settings.items() if _is_json(value)}


def unsaid_settings(
    algorithm: str | AlgorithmConfig, training: Mapping[str, Any], used: AlgorithmConfig
) -> list[str]:
    """Returns the names of the user's settings that a checkpoint cannot hold.

    Args:
        algorithm: As the user gave it. Of a config, that is what differs from the default and is
            used, unless it is a training setting that JSON can say.
        training: As the user gave it; a dictionary may hold the settings of one policy.
        used: The config that is made of them.
    """
    unsaid = [name for name, value in training.items() if not _is_json(value)]
    if isinstance(algorithm, str):
        return unsaid
    default, names = vars(type(algorithm)()), training_names(type(algorithm))
    for attribute, value in vars(algorithm).items():
        name = attribute.lstrip("_")
        kept = _equal(value, vars(used).get(attribute)) and not _equal(value, default[attribute])
        said = name in _OF_THE_TRAINER or (name in names and _is_json(value))
        if kept and not said and name not in training:
            unsaid.append(name)
    return unsaid


# Of a config's settings, those that the trainer has arguments for, and what RLlib notes for itself.
_OF_THE_TRAINER = frozenset(
    {"num_env_runners", "num_envs_per_env_runner", "num_learners", "num_gpus_per_learner", "seed"}
    | {"is_frozen", "log_level", "restart_failed_env_runners"}
)


def _equal(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except Exception:  # of arrays and the like
        return one is other


def training_names(config_class: type[AlgorithmConfig]) -> list[str]:
    """Returns the names of an algorithm's training settings."""
    names: set[str] = set()
    for base in config_class.__mro__:
        if "training" in vars(base):
            names |= set(inspect.signature(vars(base)["training"]).parameters)
    return sorted(names - {"self", "kwargs"})


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True
