"""What of a user's RLlib config would be lost here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.callbacks.callbacks import RLlibCallback

from griddly_lit.errors import AlgorithmError

# What the trainer's own arguments decide, and which of them.
_TRAINERS = {
    "env": "env",
    "env_config": "env",
    "observation_space": "env",
    "action_space": "env",
    "_rl_module_spec": "model",
    "policies": "policies",
    "policy_mapping_fn": "policies",
    "policies_to_train": "train_policies",
    "algorithm_config_overrides_per_module": "training",
    "env_runner_cls": "env",
    "num_env_runners": "num_env_runners",
    "num_envs_per_env_runner": "num_envs_per_env_runner",
    "num_learners": "num_learners",
    "num_gpus_per_learner": "accelerator",
    "seed": "seed",
}

# Of these, the ones that are decided in games of several agents alone.
_OF_COMPANY = {"policies", "policy_mapping_fn", "policies_to_train"}

_OWN_RUNNER = "griddly_lit samples with an env runner of its own, which"

# What our runner does not read: why, and what to do instead.
_UNREAD_BY_RUNNER = {
    "batch_mode": (
        f"{_OWN_RUNNER} gives fragments of episodes, bootstrapped where they are cut",
        "Leave it out",
    ),
    **dict.fromkeys(
        (
            "_env_to_module_connector",
            "_module_to_env_connector",
            "add_default_connectors_to_env_to_module_pipeline",
            "add_default_connectors_to_module_to_env_pipeline",
        ),
        (
            f"{_OWN_RUNNER} has no connectors between game and network",
            "Transform observations in the model (TorchModel); learner connectors are kept",
        ),
    ),
    **dict.fromkeys(
        (
            "action_mask_key",
            "clip_actions",
            "clip_rewards",
            "compress_observations",
            "count_steps_by",
            "episode_lookback_horizon",
            "gym_env_vectorize_mode",
            "normalize_actions",
            "observation_filter",
            "observation_fn",
            "remote_worker_envs",
            "render_env",
            "restart_failed_sub_environments",
            "torch_compile_worker",
        ),
        (f"{_OWN_RUNNER} does not carry it out", "Leave it out"),
    ),
    **dict.fromkeys(
        ("model", "_model_config"),
        (
            "the network is the trainer's model",
            "Describe it by the argument model: memory is its own, as in GAP(memory=LSTM(256)), and "
            "TorchModel is for a network of your own",
        ),
    ),
}

# The same of all that is here.
_UNREAD = {
    **_UNREAD_BY_RUNNER,
    "exploration_config": (
        "it is a setting of RLlib's old API stack",
        "PPO, APPO and IMPALA draw from the policy; for DQN set training={'epsilon': …}",
    ),
    **dict.fromkeys(
        ("noisy", "sigma0"),
        (
            "models here have no noisy layers",
            "Set training={'epsilon': …}, the schedule of random actions",
        ),
    ),
    **dict.fromkeys(
        (
            "custom_evaluation_function",
            "evaluation_config",
            "evaluation_duration",
            "evaluation_duration_unit",
            "evaluation_interval",
            "evaluation_num_env_runners",
            "evaluation_parallel_to_training",
        ),
        (
            "evaluation is the trainer's",
            "Set validate_every_env_steps and validation_episodes, and call test()",
        ),
    ),
    **dict.fromkeys(
        ("input_", "output", "offline_evaluation_interval"),
        ("training here plays the game itself", "Leave it out"),
    ),
    "enable_rl_module_and_learner": ("this is RLlib's old API stack", "Use the new one"),
    "restart_failed_env_runners": ("env runners that fail are always restarted", "Leave it out"),
}

_UNCALLED_HOOKS = (
    "on_environment_created",
    "on_episode_created",
    "on_episode_start",
    "on_episode_step",
    "on_episode_end",
    "on_sample_end",
)


def check_nothing_is_lost(users: AlgorithmConfig, result: AlgorithmConfig) -> None:
    """Checks that what a user has set has its effect.

    Args:
        users: The user's settings, before ours.
        result: The config that training uses.

    Raises:
        AlgorithmError: A setting differs from its default, and would be ignored or overwritten.
    """
    default = type(users)()
    alone = not result.env_config["policies"][0].has_company
    _check_unread(users, default, _UNREAD)
    for name, argument in _TRAINERS.items():
        value = getattr(users, name)
        kept = _equal(value, getattr(result, name)) and not (alone and name in _OF_COMPANY)
        if not (kept or _equal(value, getattr(default, name))):
            raise AlgorithmError(
                _shown(name, value),
                "the trainer decides this, and would overwrite it",
                f"Leave it out, and use the trainer's argument {argument}",
            )
    _check_hooks(users)


def check_runner_reads(config: AlgorithmConfig) -> None:
    """Checks that what a user has set on the config of a trainer has its effect on our runner.

    Args:
        config: What ``GriddlyTrainer.to_rllib()`` gave, and the user may have changed.

    Raises:
        AlgorithmError: A setting differs from its default, and would be ignored.
    """
    # For evaluation RLlib sets some of them by itself.
    if not config.in_evaluation:
        _check_unread(config, type(config)(), _UNREAD_BY_RUNNER)
        _check_hooks(config)


def _check_unread(
    config: AlgorithmConfig, default: AlgorithmConfig, unread: Mapping[str, tuple[str, str]]
) -> None:
    for name, (rule, mend) in unread.items():
        value, usual = getattr(config, name, None), getattr(default, name, None)
        if not _equal(value, usual):
            raise AlgorithmError(_shown(name, what_differs(value, usual)), rule, mend)


def what_differs(value: Any, usual: Any) -> Any:
    """Returns the entries of a dictionary or dataclass that are not the usual ones.

    Args:
        value: RLlib's settings, or anything else, which is returned as it is.
        usual: The same where nobody has set any.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # Its fields are RLlib's defaults where the config itself has none.
        usual, value = vars(type(value)()), vars(value)
    if isinstance(value, dict) and isinstance(usual, dict):
        return {key: each for key, each in value.items() if not _equal(each, usual.get(key))}
    return value


def _check_hooks(config: AlgorithmConfig) -> None:
    for hook in _lost_hooks(config):
        raise AlgorithmError(
            f"callbacks: {hook}",
            f"{_OWN_RUNNER} does not call it",
            "Use the trainer's callbacks, or RLlib's hooks of the algorithm, such as on_train_result",
        )


def _lost_hooks(users: AlgorithmConfig) -> Iterator[str]:
    given: Any = users.callbacks_class
    classes = given if isinstance(given, (list, tuple)) else [given]
    for hook in _UNCALLED_HOOKS:
        own = getattr(RLlibCallback, hook)
        if getattr(users, f"callbacks_{hook}", None) is not None or any(
            getattr(each, hook, own) is not own for each in classes
        ):
            yield hook


def _shown(name: str, value: Any) -> str:
    text = getattr(value, "__name__", None) or repr(value)
    return f"RLlib's config: {name.lstrip('_').rstrip('_')}={text[:80]}"


def _equal(one: Any, other: Any) -> bool:
    try:
        return bool(one is other or one == other)
    except Exception:  # arrays, for example
        return False
