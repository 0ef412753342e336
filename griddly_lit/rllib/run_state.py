"""What an algorithm goes on with after a resume, as tensors and JSON values.

RLlib's own checkpoints are pickled, so that whoever opens one runs what it holds. This is the same
without pickle: optimizers, target networks and counters. The networks' weights are beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ray.rllib.core import (
    COMPONENT_ENV_RUNNER,
    COMPONENT_LEARNER,
    COMPONENT_LEARNER_GROUP,
    COMPONENT_METRICS_LOGGER,
    COMPONENT_OPTIMIZER,
    COMPONENT_RL_MODULE,
)
from ray.rllib.utils.metrics import NUM_ENV_STEPS_SAMPLED_LIFETIME, WEIGHTS_SEQ_NO
from ray.tune.result import TRAINING_ITERATION
from safetensors.torch import save_file
from torch import Tensor

from griddly_lit.checked_files import CheckedFiles
from griddly_lit.errors import CheckpointError

NETWORK = "network."
"""Where a module holds the network whose weights a checkpoint has by themselves."""

_TENSORS = "state.safetensors"
_VALUES = "state.json"
_ALGORITHM = "algorithm"
_COUNTER = "lifetime_sum"


def save_state(algorithm: Any, directory: Path) -> None:
    """Writes an algorithm's state, all but the weights of the networks.

    Args:
        algorithm: RLlib's.
        directory: Gets ``state.safetensors`` and ``state.json``.
    """
    state = algorithm.get_state()
    learner = state[COMPONENT_LEARNER_GROUP][COMPONENT_LEARNER]
    tensors = {
        f"{COMPONENT_RL_MODULE}/{policy}/{name}": value
        for policy, module in learner[COMPONENT_RL_MODULE].items()
        for name, value in module.items()
        if not name.startswith(NETWORK)
    } | {
        f"{COMPONENT_OPTIMIZER}/{name}/{index}/{key}": value
        for name, optimizer in learner[COMPONENT_OPTIMIZER].items()
        for index, of_parameter in optimizer["state"]["state"].items()
        for key, value in of_parameter.items()
        if value is not None
    }
    values = {
        _ALGORITHM: type(algorithm).__name__,
        TRAINING_ITERATION: state[TRAINING_ITERATION],
        NUM_ENV_STEPS_SAMPLED_LIFETIME: state[COMPONENT_ENV_RUNNER][NUM_ENV_STEPS_SAMPLED_LIFETIME],
        WEIGHTS_SEQ_NO: learner[WEIGHTS_SEQ_NO],
        COMPONENT_METRICS_LOGGER: _counters(state),
        COMPONENT_LEARNER: _counters(learner),
    }
    save_file({name: _tensor(value) for name, value in tensors.items()}, directory / _TENSORS)
    (directory / _VALUES).write_text(json.dumps(values, indent=1), "utf-8")


def restore_state(
    algorithm: Any,
    files: CheckedFiles,
    folder: str,
    weights: Mapping[str, Mapping[str, Tensor]],
) -> None:
    """Takes over what :func:`save_state` wrote.

    Args:
        algorithm: One that was built from an equal config.
        files: The files of the checkpoint.
        folder: Where in it the state is.
        weights: Of every policy's network, by policy and name.

    Raises:
        CheckpointError: The state is another algorithm's, or none.
    """
    name = f"{folder}/{_VALUES}"
    values, tensors = files.json(name), files.tensors(f"{folder}/{_TENSORS}")
    group = algorithm.learner_group
    with files.decoding(name):
        if values[_ALGORITHM] != type(algorithm).__name__:
            raise CheckpointError(
                f"algorithm={type(algorithm).__name__!r}",
                f"the checkpoint was written by {values[_ALGORITHM]}",
                "Resume with that algorithm, or train from its weights with a new trainer",
            )
        sequence_number = int(values[WEIGHTS_SEQ_NO])
        env_steps = int(values[NUM_ENV_STEPS_SAMPLED_LIFETIME])
        iteration = int(values[TRAINING_ITERATION])
        counters = _checked_counters(values[COMPONENT_METRICS_LOGGER])
        learner_counters = _checked_counters(values[COMPONENT_LEARNER])
        modules: dict[str, dict[str, Any]] = {
            policy: {f"{NETWORK}{key}": value.numpy() for key, value in of_policy.items()}
            for policy, of_policy in weights.items()
        }
        component = f"{COMPONENT_LEARNER}/{COMPONENT_OPTIMIZER}"
        optimizers = group.get_state(component)[COMPONENT_LEARNER][COMPONENT_OPTIMIZER]
        shapes = next(iter(group.foreach_learner(_parameter_shapes))).get()
        for key, value in tensors.items():
            kind, _, rest = key.partition("/")
            if kind == COMPONENT_RL_MODULE:
                policy, _, of_module = rest.rpartition("/")
                modules[policy][of_module] = value.numpy()
                continue
            optimizer, index, of_parameter = rest.rsplit("/", 2)
            if value.ndim and tuple(value.shape) != shapes[optimizer][int(index)]:
                raise ValueError(f"{key} has shape {tuple(value.shape)}")
            moments = optimizers[optimizer]["state"]["state"].setdefault(int(index), {})
            moments[of_parameter] = value.numpy()
        for each in optimizers.values():
            each["state"]["state"] = dict(sorted(each["state"]["state"].items()))
        # The counters first: of them RLlib tells its runners.
        algorithm.set_state({COMPONENT_METRICS_LOGGER: counters, TRAINING_ITERATION: iteration})
        algorithm.set_state(
            {
                COMPONENT_ENV_RUNNER: {NUM_ENV_STEPS_SAMPLED_LIFETIME: env_steps},
                COMPONENT_LEARNER_GROUP: {
                    COMPONENT_LEARNER: {
                        WEIGHTS_SEQ_NO: sequence_number,
                        COMPONENT_RL_MODULE: modules,
                        COMPONENT_OPTIMIZER: optimizers,
                        COMPONENT_METRICS_LOGGER: learner_counters,
                    }
                },
            }
        )


def _tensor(value: Any) -> Tensor:
    return torch.as_tensor(np.array(value) if np.ndim(value) else np.float64(value)).contiguous()


def _counters(state: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is counted over the lifetime of a run; everything else is of one iteration."""
    return {
        name: stats
        for name, stats in state[COMPONENT_METRICS_LOGGER]["stats"].items()
        if stats["stats_cls_identifier"] == _COUNTER
    }


def _checked_counters(counters: Mapping[str, Any]) -> dict[str, Any]:
    for name, stats in counters.items():
        plain = all(isinstance(value, (bool, int, float)) for value in [*stats.values()][1:])
        if next(iter(stats.items())) != ("stats_cls_identifier", _COUNTER) or not plain:
            raise ValueError(f"{name} is no counter")
    return {"stats": dict(counters)}


def _parameter_shapes(learner: Any) -> dict[str, list[tuple[int, ...]]]:
    """Returns the shapes of the parameters of each optimizer, by the name RLlib gives it."""
    return {
        f"{policy}_{name}": [
            tuple(parameter.shape)
            for group in optimizer.param_groups
            for parameter in group["params"]
        ]
        for policy in learner.module.keys()  # noqa: SIM118, a MultiRLModule iterates otherwise
        for name, optimizer in learner.get_optimizers_for_module(policy)
    }
