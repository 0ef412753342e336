"""Algorithms that users bring."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core.learner.torch.torch_learner import TorchLearner
from ray.rllib.core.rl_module.rl_module import RLModule

from griddly_lit.arguments import checked_choice, checked_text, shown
from griddly_lit.errors import AlgorithmError
from griddly_lit.rllib.algorithms import (
    ALGORITHMS,
    BUILT_IN,
    SupportedAlgorithm,
    check_training,
    find_algorithm,
    training_names,
)
from griddly_lit.rllib.learner import LeanUpdates
from griddly_lit.rllib.training_values import check_values


def register_algorithm(
    name: str,
    config_class: type[AlgorithmConfig],
    *,
    like: str = "PPO",
    training: Mapping[str, Any] | None = None,
    module: type[RLModule] | None = None,
) -> None:
    """Makes an RLlib algorithm known under a name, for ``GriddlyTrainer(algorithm=name)``.

    Args:
        name: A new name, or that of an algorithm of one's own.
        config_class: RLlib's config of the algorithm, such as a subclass of PPOConfig with another
            default learner.
        like: The algorithm that it resembles: what its learner takes from models, which defaults it
            has, how its updates are told.
        training: Defaults for its ``training()``, over those of ``like`` that it has.
        module: The RLModule class that serves it, built with our ``model_config``; by default that
            of ``like``.

    Raises:
        AlgorithmError: The name is taken, the class is none, or a setting is unknown.
    """
    checked_text("name", name, "Pass the algorithm's name", error=AlgorithmError)
    if name in BUILT_IN:
        raise AlgorithmError(
            f"name={name!r}", "this is an algorithm of griddly_lit's", "Choose another name"
        )
    if not (isinstance(config_class, type) and issubclass(config_class, AlgorithmConfig)):
        raise AlgorithmError(
            shown("config_class", config_class),
            "it is a subclass of RLlib's AlgorithmConfig",
            "Pass the class itself",
        )
    checked_choice("like", like, ALGORITHMS, error=AlgorithmError)
    _, model = find_algorithm(like)
    training = training or {}
    check_training(name, config_class, training)
    check_values(config_class, training)
    known = training_names(config_class)
    ALGORITHMS[name] = dataclasses.replace(
        model,
        config=config_class,
        learner=_lean_learner(name, config_class, model),
        module=module or model.module,
        training={**{k: v for k, v in model.training.items() if k in known}, **training},
        small={k: v for k, v in model.small.items() if k in known},
    )


def _lean_learner(
    name: str, config_class: type[AlgorithmConfig], model: SupportedAlgorithm
) -> type[LeanUpdates]:
    """Returns the algorithm's own learner, taking its updates as that of the model does."""
    own = config_class().get_default_learner_class()
    if not (isinstance(own, type) and issubclass(own, TorchLearner)):
        raise AlgorithmError(
            f"{config_class.__name__}.get_default_learner_class() = {own!r}",
            "models here are learned by a TorchLearner",
            "Let it return the class of one",
        )
    if issubclass(own, LeanUpdates):
        return own
    if issubclass(model.learner, own):
        return model.learner
    # What a learner of ours adds to RLlib's is its first base.
    added = model.learner.__bases__[0]
    return type(f"{name}Learner", (added, own), {"__doc__": own.__doc__})
