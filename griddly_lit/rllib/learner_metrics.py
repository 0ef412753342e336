"""RLlib's learner results in the field's names."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

from griddly_lit.rllib.learner import KL

_ALL_MODULES = "__all_modules__"
_NAMES = {
    "total_loss": "loss",
    "vf_loss": "value_loss",
    "vf_explained_var": "explained_variance",
    KL: "kl",
    # The exact divergence, which RLlib computes where the loss has a term of it.
    "mean_kl_loss": "kl_loss",
}
# IMPALA calls its sums what the others call their means.
_NAMES_OF_MEANS = {
    "vf_loss": "vf_loss_sum",
    "mean_vf_loss": "value_loss",
    "pi_loss": "policy_loss_sum",
    "mean_pi_loss": "policy_loss",
}


def learner_metrics(results: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``learner/{policy}/…`` for every number of RLlib's results.

    Among them ``loss``, ``policy_loss``, ``value_loss``, ``entropy``, ``kl``, ``clip_fraction``,
    ``explained_variance``, ``grad_norm`` (before clipping) and ``lr``, as far as the algorithm has
    such.

    Args:
        results: RLlib's, by policy.
    """
    return {
        f"learner/{policy}/{_name(key, values)}": value
        for policy, values in results.items()
        if policy != _ALL_MODULES
        for key, value in values.items()
        if isinstance(value, Real) and not _is_left_out(key, values)
    }


def _name(key: str, values: Mapping[str, Any]) -> str:
    # RLlib puts the optimizer's name into these two.
    if key.startswith("gradients_") and key.endswith("_global_norm"):
        return "grad_norm"
    if key.endswith("_learning_rate"):
        return "lr"
    names = {**_NAMES, **_NAMES_OF_MEANS} if "mean_pi_loss" in values else _NAMES
    return names.get(key, key)


def _is_left_out(key: str, values: Mapping[str, Any]) -> bool:
    # A loss without a term of it reports a divergence of exactly 0, which is not one.
    return key == "mean_kl_loss" and values[key] == 0
