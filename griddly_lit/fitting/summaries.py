"""The models of a trainer in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from griddly_lit.callbacks import print_summary
from griddly_lit.engine import Shape
from griddly_lit.models import ModelSpec, summarize
from griddly_lit.policies import Policy


def print_summaries(policies: Sequence[Policy], networks: Mapping[str, nn.Module]) -> None:
    """Prints the layers of each network; of policies that have equal ones, once."""
    alike: dict[tuple[ModelSpec, Shape], list[str]] = {}
    for policy in policies:
        alike.setdefault((policy.model, policy.observation_shape), []).append(policy.name)
    for (_, shape), names in alike.items():
        title = ", ".join(names) if policies[0].has_company else ""
        print_summary(summarize(networks[names[0]], shape), title)
