"""RLlib's modules as networks that act."""

from __future__ import annotations

from typing import Any

import torch
from ray.rllib.core.columns import Columns
from torch import Tensor

from griddly_lit.models import ActionHead, Answers
from griddly_lit.policies.acting import Network
from griddly_lit.rllib.columns import ANSWERS


def module_network(module: Any, answers: Answers, *, explore: bool, timestep: int) -> Network:
    """Returns a module as a network.

    Args:
        module: An RLlib module.
        answers: What the module's network has answered with its present weights.
        explore: Ask it as it explores, otherwise as it knows best.
        timestep: Environment steps so far, for schedules of exploration.
    """

    def network(observations: Tensor) -> tuple[Tensor, Tensor | None]:
        batch = {Columns.OBS: observations, ANSWERS: answers}
        outputs = (
            module.forward_exploration(batch, t=timestep)
            if explore
            else module.forward_inference(batch)
        )
        return outputs[Columns.ACTION_DIST_INPUTS], outputs.get(Columns.VF_PREDS)

    return network


def uniform_network(head: ActionHead) -> Network:
    """Returns a network that takes every action for equally good."""
    return lambda observations: (torch.zeros(len(observations), head.num_logits), None)
