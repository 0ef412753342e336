"""The values of training settings: RLlib takes most wrong ones, and fails in mid-training or never."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig

from griddly_lit.arguments import checked_bool, checked_float, checked_int, is_real, shown
from griddly_lit.errors import AlgorithmError, GriddlyLitError

_COUNTS = (
    "train_batch_size",
    "train_batch_size_per_learner",
    "minibatch_size",
    "num_epochs",
    "n_step",
    "target_network_update_freq",
    "broadcast_interval",
    "circular_buffer_num_batches",
    "circular_buffer_iterations_per_batch",
    "learner_queue_size",
)
_SHARES = ("gamma", "lambda_", "tau", "decay", "replay_proportion")
_BOUNDS = ("clip_param", "vf_clip_param", "grad_clip", "training_intensity")
_SCHEDULES = ("lr", "entropy_coeff", "epsilon")
# Of these, no number means that there is none of it.
_MAY_BE_NONE = ("minibatch_size", "grad_clip", "training_intensity", "train_batch_size_per_learner")
# What RLlib's configs hold for settings that they do not take any more.
_DEPRECATED = -1


def check_values(config_class: type[AlgorithmConfig], values: Mapping[str, Any]) -> None:
    """Checks values by the setting's name, or else by the type of RLlib's default.

    Args:
        config_class: RLlib's config of the algorithm.
        values: Training settings.

    Raises:
        AlgorithmError: A value is of a wrong type or out of its range.
    """
    defaults = config_class()
    for name, value in values.items():
        default = getattr(defaults, name, None)
        if value is None and (name in _MAY_BE_NONE or default is None):
            continue
        check = _CHECKS.get(name) or _check_by_default(default)
        if check is not None:
            try:
                check(name, value)
            except GriddlyLitError as error:
                raise AlgorithmError(
                    shown(f"training[{name!r}]", value), error.rule, error.mend
                ) from error


def check_together(config: AlgorithmConfig, names: Iterable[str]) -> None:
    """Checks a whole config before anything is built of it.

    Args:
        config: The config.
        names: Its training settings.

    Raises:
        AlgorithmError: Its values do not fit together, by our rules or RLlib's.
    """
    check_values(type(config), {name: getattr(config, name, None) for name in names})
    minibatch, batch = config.minibatch_size, config.train_batch_size_per_learner
    if minibatch is not None and batch is not None and minibatch > batch:
        raise AlgorithmError(
            f"training: minibatch_size={minibatch}, train_batch_size_per_learner={batch}",
            "a minibatch is a part of the batch",
            f"Give minibatch_size at most {batch}, or a larger batch",
        )
    # It announces its API stack at every call.
    logging.getLogger("ray.rllib").setLevel(logging.ERROR)
    try:
        config.copy(copy_frozen=False).validate()
    except Exception as error:  # RLlib raises whatever its checks stumble on
        raise AlgorithmError(
            f"training of {type(config).__name__}",
            f"RLlib refuses it ({' '.join(str(error).split())[:400]})",
            "Change the setting that it names",
        ) from error


def _check_schedule(name: str, value: Any) -> None:
    if not isinstance(value, (list, tuple)):
        checked_float(name, value, 0.0)
        return
    pairs = [tuple(pair) for pair in value if isinstance(pair, (list, tuple)) and len(pair) == 2]
    right = (
        len(pairs) == len(value) >= 2
        and all(is_real(step) and is_real(each) and each >= 0 for step, each in pairs)
        and [step for step, _ in pairs] == sorted({step for step, _ in pairs})
        and pairs[0][0] == 0
    )
    if not right:
        raise AlgorithmError(
            shown(name, value),
            "it is a number of at least 0, or a schedule over environment steps from step 0 on",
            "Write a schedule as [[0, 0.001], [1_000_000, 0.0001]]",
        )


def _check_bound(name: str, value: Any) -> None:
    # Infinity is a bound that never binds.
    if not (isinstance(value, float) and value == math.inf) and checked_float(name, value, 0) == 0:
        raise AlgorithmError(shown(name, value), "it is a positive number", "Pass such a number")


def _check_by_default(default: Any) -> Callable[[str, Any], Any] | None:
    if isinstance(default, bool):
        return checked_bool
    if isinstance(default, int) and default != _DEPRECATED:
        return checked_int
    return checked_float if isinstance(default, float) else None


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(_COUNTS, lambda name, value: checked_int(name, value, 1)),
    **dict.fromkeys(_SHARES, lambda name, value: checked_float(name, value, 0.0, 1.0)),
    **dict.fromkeys(_BOUNDS, _check_bound),
    **dict.fromkeys(_SCHEDULES, _check_schedule),
}
