"""What a trainer was told, to JSON and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from griddly_lit.models import ModelSpec, model_from_dict
from griddly_lit.policies import SelfPlay


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


def settings_from_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Restores what :func:`settings_to_json` gave, also after a trip through JSON."""
    model, policies = values["model"], values["policies"]
    return {
        **values,
        "model": (
            {name: model_from_dict(spec) for name, spec in model["by_policy"].items()}
            if "by_policy" in model
            else model_from_dict(model)
        ),
        "policies": (
            policies
            if isinstance(policies, str)
            else SelfPlay(**policies["self_play"])
            if "self_play" in policies
            else policies["agents"]
        ),
    }
