"""The one way from what agents see to what they do: observations → network → head → actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from griddly_lit.models import ActionHead, Answers, StateLayout, unroll

Network = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor | None, Tensor | None]]
"""From observations (B, H, W, C) and states (B, S), None without a memory, to logits (B, L), values
(B,), if it gives any, and the states after this step."""


class Acted(NamedTuple):
    """What a policy did for B observations.

    Attributes:
        actions: int64 (B, parts).
        log_probs: float32 (B,); zeros for actions that were not drawn.
        logits: float32 (B, L).
        values: float32 (B,), or None where the network gives none.
        states: float32 (B, S), of a network with a memory after this step; otherwise None.
    """

    actions: NDArray[np.int64]
    log_probs: NDArray[np.float32]
    logits: NDArray[np.float32]
    values: NDArray[np.float32] | None
    states: NDArray[np.float32] | None


def network_of(module: nn.Module, *, once_each: bool = False) -> Network:
    """Returns a built model as what acts, until its weights change.

    Args:
        module: The model.
        once_each: Whether it may be asked once about equal observations. Of our own models with a
            memory, what comes before the memory always is.
    """
    answers, layout = Answers(), StateLayout.of(module)

    def network(
        observations: Tensor, states: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        if layout is not None:
            assert states is not None
            logits, values, after = unroll(
                module, layout, observations[:, None], states, answers=answers
            )
            return logits[:, 0], values[:, 0], after
        outputs = answers.of(module, observations) if once_each else module(observations)
        return outputs[0], outputs[1], None

    return network


@torch.no_grad()
def act(
    network: Network,
    head: ActionHead,
    observations: NDArray[np.generic],
    valid_actions: NDArray[np.uint8],
    generator: torch.Generator | None,
    states: NDArray[np.float32] | None = None,
) -> Acted:
    """Lets a network act.

    Args:
        network: Answers the observations.
        head: What its logits mean.
        observations: (B, H, W, C), uint8 as games give them.
        valid_actions: What each may do, packed as the head packs it.
        generator: Draws the actions; None takes the most probable ones.
        states: float32 (B, S), of a network with a memory.
    """
    logits, values, after = network(
        torch.from_numpy(observations), None if states is None else torch.from_numpy(states)
    )
    # A user's network may compute in another precision.
    logits = logits.float()
    distribution = head.distribution(logits, torch.from_numpy(valid_actions))
    if generator is None:
        actions, log_probs = distribution.mode(), torch.zeros(len(logits))
    else:
        actions, log_probs = distribution.sample(generator)
    return Acted(
        actions.numpy(),
        log_probs.numpy(),
        logits.numpy(),
        None if values is None else values.float().numpy(),
        None if after is None else after.numpy(),
    )
