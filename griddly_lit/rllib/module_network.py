"""RLlib's modules as networks that act."""

from __future__ import annotations

from typing import Any

import torch
from ray.rllib.core.columns import Columns
from torch import Tensor

from griddly_lit.models import ActionHead, Answers
from griddly_lit.policies.acting import Network
from griddly_lit.rllib.columns import ANSWERS, MEMORY


def module_network(module: Any, answers: Answers, *, explore: bool, timestep: int) -> Network:
    """Returns a module as a network.

    Args:
        module: An RLlib module.
        answers: What the module's network has answered with its present weights.
        explore: Ask it as it explores, otherwise as it knows best.
        timestep: Environment steps so far, for schedules of exploration.
    """

    def network(
        observations: Tensor, states: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        batch: dict[str, Any] = {Columns.OBS: observations, ANSWERS: answers}
        if states is not None:
            # RLlib's modules with a state take sequences, (B, T, …), here of one step.
            batch[Columns.OBS] = observations[:, None]
            batch[Columns.STATE_IN] = {MEMORY: states}
        outputs = (
            module.forward_exploration(batch, t=timestep)
            if explore
            else module.forward_inference(batch)
        )
        logits, values = outputs[Columns.ACTION_DIST_INPUTS], outputs.get(Columns.VF_PREDS)
        if states is None:
            return logits, values, None
        assert values is not None
        return logits[:, 0], values[:, 0], outputs[Columns.STATE_OUT][MEMORY]

    return network


def uniform_network(head: ActionHead) -> Network:
    """Returns a network that takes every action for equally good."""
    return lambda observations, states: (
        torch.zeros(len(observations), head.num_logits),
        None,
        states,
    )
