"""What a trainer was told, to JSON and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from griddly_lit.errors import CheckpointError
from griddly_lit.models import ModelSpec, model_from_dict
from griddly_lit.policies import SelfPlay

UNSAID = "unsaid"
"""Where saved settings name those that JSON cannot say."""

_TRANSFORMS = "transforms"
_BUFFER = "ReplayBuffer"
_SAVED = {
    "model": dict,
    "policies": (str, dict),
    "train_policies": (list, type(None)),
    "valid_actions": str,
    "algorithm": str,
    "training": dict,
    "num_env_runners": int,
    "num_envs_per_env_runner": int,
    "num_learners": int,
    "accelerator": str,
    "precision": str,
    "seed": int,
    UNSAID: list,
}


def settings_to_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a trainer's arguments as JSON values.

    Args:
        settings: Arguments of the trainer; ``model`` holds a spec, or one a policy.
    """
    model, policies = settings["model"], settings["policies"]
    return {
        **settings,
        "model": (
            model.to_dict()
            if isinstance(model, ModelSpec)
            else {"by_policy": {name: spec.to_dict() for name, spec in model.items()}}
        ),
        "policies": (
            {"self_play": dataclasses.asdict(policies)}
            if isinstance(policies, SelfPlay)
            else policies
            if isinstance(policies, str)
            else {"agents": {name: list(agents) for name, agents in policies.items()}}
        ),
    }


def settings_from_json(
    values: Mapping[str, Any], given: Mapping[str, Any], trust: Sequence[str]
) -> dict[str, Any]:
    """Restores what :func:`settings_to_json` gave, also after a trip through JSON.

    Args:
        values: As they were saved; whatever they hold, no code is imported or run.
        given: Arguments of the trainer that the user gives instead. A model's class that comes
            alone gets the keywords that were saved, and ``training`` goes over what was saved.
        trust: Modules that may be imported for the classes of models.

    Raises:
        CheckpointError: A value is none that was saved, or some are missing that only the user has.
        TrustError: A model's class is neither given nor trusted.
    """
    for name, value in values.items():
        kind: Any = _SAVED.get(name)
        if kind is None or not isinstance(value, kind):
            raise CheckpointError(
                f"trainer.json: {name}={value!r}"[:120],
                "a trainer saves no such setting",
                "Use another checkpoint",
            )
    apart = (UNSAID, "training", *given)
    rest = {name: value for name, value in values.items() if name not in apart}
    training = given.get("training") or {}
    unsaid = values.get(UNSAID, [])
    _check_handed_over([name for name in unsaid if name == _TRANSFORMS], given)
    # An algorithm that the user gives says all the rest.
    if "algorithm" not in given:
        saved = {name: value for name, value in values["training"].items() if name not in training}
        _check_handed_over([name for name in unsaid if name != _TRANSFORMS], training)
        _check_names_nothing(saved)
        training = {**saved, **training}
    rest["training"] = training
    rest["model"] = _model(values["model"], given.get("model"), trust)
    if "policies" in rest and not isinstance(rest["policies"], str):
        policies = rest["policies"]
        rest["policies"] = (
            SelfPlay(**policies["self_play"]) if "self_play" in policies else policies["agents"]
        )
    return {**given, **rest}


def _model(saved: Mapping[str, Any], given: Any, trust: Sequence[str]) -> Any:
    by_policy = saved.get("by_policy")
    if given is None:
        if by_policy is None:
            return model_from_dict(saved, trust)
        return {name: model_from_dict(spec, trust) for name, spec in by_policy.items()}
    if isinstance(given, Mapping) and by_policy is not None:
        # Those that are not handed over are built from what was saved.
        return {name: _model(spec, given.get(name), trust) for name, spec in by_policy.items()} | {
            name: model for name, model in given.items() if name not in by_policy
        }
    return given.completed(saved) if isinstance(given, ModelSpec) else given


def _check_handed_over(unsaid: Sequence[str], given: Collection[str]) -> None:
    """Raises CheckpointError when settings that JSON cannot say are not handed over again."""
    missing = [name for name in unsaid if name not in given]
    if missing:
        raise CheckpointError(
            f"settings {', '.join(map(str, missing))}",
            "the run was made with them, and a checkpoint cannot hold them, as JSON cannot say them",
            f"Hand them over again, from_checkpoint(path, {_TRANSFORMS}=[…]); an empty list does "
            "without them"
            if missing == [_TRANSFORMS]
            else "Hand them over again, from_checkpoint(path, training={…}) or algorithm=…; "
            "None in training does without one",
        )


def _check_names_nothing(training: object) -> None:
    """Raises CheckpointError when saved training settings name something for RLlib to import.

    RLlib imports what some settings name, such as the type of a replay buffer. Saved by a trainer,
    such a name is the bare one of a class of RLlib's own.
    """
    buffer = training.get("replay_buffer_config") if isinstance(training, Mapping) else None
    odd = buffer is not None and not str(buffer.get("type", _BUFFER)).endswith(_BUFFER)
    if odd or (isinstance(training, str) and not training.replace("_", "").isalnum()):
        raise CheckpointError(
            f"trainer.json: {training!r}"[:120],
            "a training setting of a checkpoint may name neither a file nor code of others",
            "Give algorithm= as a config of your own",
        )
    parts: Collection[Any] = ()
    if isinstance(training, Mapping):
        parts = training.values()
    elif isinstance(training, (list, tuple)):
        parts = training
    for part in parts:
        _check_names_nothing(part)
