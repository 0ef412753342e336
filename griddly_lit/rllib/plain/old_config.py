"""Old RLlib configs, as Griddly's documentation wrote them, on RLlib's new API stack."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core.rl_module.rl_module import RLModule, RLModuleSpec
from ray.tune.registry import RLLIB_MODEL, _global_registry

from griddly_lit.arguments import checked_mapping, shown
from griddly_lit.errors import AlgorithmError, ModelError, did_you_mean
from griddly_lit.rllib.algorithms import training_names
from griddly_lit.rllib.plain.env_options import RECORD_VIDEO_CONFIG, env_options
from griddly_lit.rllib.plain.modules import GAPModule, ImpalaCNNModule, SimpleConvModule

# The method of RLlib's config that takes each key, and its name there.
_NEW: dict[str, tuple[str, str]] = {
    "num_workers": ("env_runners", "num_env_runners"),
    "num_envs_per_worker": ("env_runners", "num_envs_per_env_runner"),
    "num_cpus_per_worker": ("env_runners", "num_cpus_per_env_runner"),
    "num_gpus_per_worker": ("env_runners", "num_gpus_per_env_runner"),
    "rollout_fragment_length": ("env_runners", "rollout_fragment_length"),
    "batch_mode": ("env_runners", "batch_mode"),
    "explore": ("env_runners", "explore"),
    "num_gpus": ("learners", "num_gpus_per_learner"),
    "train_batch_size": ("training", "train_batch_size_per_learner"),
    "sgd_minibatch_size": ("training", "minibatch_size"),
    "num_sgd_iter": ("training", "num_epochs"),
    "lambda": ("training", "lambda_"),
    "lr_schedule": ("training", "lr"),
    "entropy_coeff_schedule": ("training", "entropy_coeff"),
    "min_iter_time_s": ("reporting", "min_time_s_per_iteration"),
    "min_time_s_per_iteration": ("reporting", "min_time_s_per_iteration"),
    "timesteps_per_iteration": ("reporting", "min_sample_timesteps_per_iteration"),
    "seed": ("debugging", "seed"),
    "log_level": ("debugging", "log_level"),
    "callbacks": ("callbacks", "callbacks_class"),
    "env": ("environment", "env"),
    "env_config": ("environment", "env_config"),
}
_READ_HERE = ("framework", "model", "multiagent")
_TUNES_OWN = "__"
_MOVED = {
    "monitor": f"Set {RECORD_VIDEO_CONFIG!r} in env_config, and callbacks: VideoCallback",
    RECORD_VIDEO_CONFIG: "Put it into env_config",
    "horizon": "Set 'max_steps' in env_config",
    "evaluation_interval": "Use GriddlyTrainer(validate_every_env_steps=…)",
}
_MODULES = {"GAP": GAPModule, "SimpleConv": SimpleConvModule, "ImpalaCNN": ImpalaCNNModule}
_POLICY = "shared"


def translated(config_class: type[AlgorithmConfig], old: Mapping[str, Any]) -> AlgorithmConfig:
    """Returns what an old config says, as RLlib says it now.

    Args:
        config_class: RLlib's config of the algorithm.
        old: The dictionary: ``num_workers``, ``num_envs_per_worker``, ``model`` with a
            ``custom_model``, ``env``, ``env_config``, ``lr_schedule``, ``callbacks`` and so on, and
            what ``training()`` of the new config takes. In a game of several players without
            ``multiagent`` all agents share one policy, as they used to.

    Raises:
        AlgorithmError: A key is unknown, and the nearest known one is suggested, or is of what does
            not exist any more.
        ModelError: The model is unknown, or one of RLlib's old stack.
        GriddlyLitError: The ``env_config`` does not fit.
    """
    checked_mapping("config", old, "Pass the dictionary as it was", error=AlgorithmError)
    config = config_class()
    ours = training_names(config_class)
    for key, value in old.items():
        if key in _READ_HERE or key.startswith(_TUNES_OWN):
            continue
        if key not in _NEW and key not in ours:
            known = sorted({*_NEW, *ours, *_READ_HERE})
            raise AlgorithmError(
                shown(f"config[{key!r}]", value),
                "RLlib has no such setting any more" if key in _MOVED else "there is no such key",
                _MOVED.get(key) or did_you_mean(key, known),
                None if key in _MOVED else known,
            )
        method, name = _NEW.get(key, ("training", key))
        # A schedule stands over the number beside it.
        if f"{key}_schedule" not in old:
            getattr(config, method)(**{name: value})
    if old.get("framework", "torch") != "torch":
        raise AlgorithmError(
            f"config['framework']={old['framework']!r}", "RLlib is torch now", "Write 'torch'"
        )
    _set_model(config, old.get("model") or {})
    _set_policies(config, old)
    return config


def _set_model(config: AlgorithmConfig, model: Mapping[str, Any]) -> None:
    checked_mapping("config['model']", model, "Write {'custom_model': 'GAP'}", error=ModelError)
    for key, value in model.items():
        if key not in ("custom_model", "custom_model_config") and value:
            raise ModelError(
                shown(f"config['model'][{key!r}]", value),
                "the documented agents do not read it",
                "Leave it out; GriddlyTrainer has other models, and TorchModel for your own",
            )
    config.rl_module(
        rl_module_spec=RLModuleSpec(
            module_class=_module_class(model.get("custom_model")),
            model_config=dict(model.get("custom_model_config") or {}),
        )
    )


def _module_class(name: Any) -> type[RLModule]:
    found = name
    if isinstance(name, str):
        # What ModelCatalog.register_custom_model registered.
        is_registered = _global_registry.contains(RLLIB_MODEL, name)
        found = _global_registry.get(RLLIB_MODEL, name) if is_registered else _MODULES.get(name)
    if isinstance(found, type) and issubclass(found, RLModule):
        return found
    raise ModelError(
        f"config['model']['custom_model']={name!r}",
        "RLlib's default network takes no grids, and a network of yours has to be an RLModule now"
        if name is None or found is not None
        else "no model of this name is registered",
        "Name one of these, or derive your class from ray.rllib.core.rl_module.RLModule",
        _MODULES,
    )


def _set_policies(config: AlgorithmConfig, old: Mapping[str, Any]) -> None:
    given = old.get("multiagent")
    if given:
        config.multi_agent(
            policies=list(given["policies"]),
            policy_mapping_fn=_with_episode(given["policy_mapping_fn"]),
            **{key: given[key] for key in ("policies_to_train",) if key in given},
        )
    elif env_options(old.get("env_config") or {}).spec.game.player_count > 1:
        config.multi_agent(policies=[_POLICY], policy_mapping_fn=_all_share)


def _with_episode(policy_of: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a mapping as RLlib calls it, from one that may take the agent alone."""
    if len(inspect.signature(policy_of).parameters) > 1:
        return policy_of
    return lambda agent, episode=None, **_: policy_of(agent)


def _all_share(agent: Any, episode: Any = None, **_: Any) -> str:
    return _POLICY
