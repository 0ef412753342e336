"""Numbers that are not finite: training has come to nothing, and ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from griddly_lit.errors import DivergedError

BAD_GRADIENTS = "gradients_not_finite"
"""Metric of a learner: minibatches of an update whose gradients are not all finite."""

BAD_WEIGHTS = "weights_not_finite"
"""Metric of a learner: updates after which the weights are not all finite."""

_COUNTS = (BAD_GRADIENTS, BAD_WEIGHTS)


def check_metrics(metrics: Mapping[str, Any], iteration: int, env_steps: int) -> None:
    """Raises DivergedError when losses, gradients or weights were not finite.

    Args:
        metrics: An iteration's ``learner/{policy}/{name}``.
        iteration: Its number.
        env_steps: Environment steps by then.
    """
    bad = {name: value for name, value in metrics.items() if _is_bad(name, value)}
    if bad:
        first = next(iter(bad))
        policy = first.split("/")[1]
        also = f" (also {', '.join(list(bad)[1:6])})" if len(bad) > 1 else ""
        shown = f"{first}={bad[first]:g}"
        raise _error(shown, f"policy {policy!r} has diverged{also}", iteration, env_steps)


def check_weights(
    weights: Mapping[str, Mapping[str, Tensor]], iteration: int, env_steps: int
) -> None:
    """Raises DivergedError when a weight is not finite.

    Args:
        weights: By policy and name.
        iteration: Iterations so far.
        env_steps: Environment steps so far.
    """
    for policy, of_policy in weights.items():
        for name, value in of_policy.items():
            # A sum passes on every NaN and infinity, and takes less memory than a look at each.
            if value.is_floating_point() and not value.sum(dtype=torch.float64).isfinite():
                shown = f"weight {name!r} is not finite"
                raise _error(shown, f"policy {policy!r} has diverged", iteration, env_steps)


def raise_divergence(weights: Callable[[], object]) -> None:
    """Raises DivergedError when that is behind another exception.

    Args:
        weights: Returns the weights, or raises.
    """
    try:
        weights()
    except DivergedError:
        raise
    except Exception:
        # The one at hand says more.
        return


def _is_bad(name: str, value: Any) -> bool:
    last = name.rpartition("/")[2]
    if last in _COUNTS:
        return bool(value > 0)
    # The divergence is no part of the loss unless that is not finite then either.
    judged = ("loss" in last and last != "kl_loss") or last == "grad_norm"
    return judged and not math.isfinite(value)


def _error(value: str, rule: str, iteration: int, env_steps: int) -> DivergedError:
    return DivergedError(
        value,
        f"{rule}, in iteration {iteration} at {env_steps:,} environment steps",
        "Lower the learning rate (training={'lr': …}) or grad_clip, scale down rewards, and look for "
        "a division or logarithm in a network of your own",
    )
