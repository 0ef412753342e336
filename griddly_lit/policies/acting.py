"""The one way from what agents see to what they do: observations → network → head → actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from griddly_lit.models import ActionHead

Network = Callable[[Tensor], tuple[Tensor, Tensor | None]]
"""From observations (B, H, W, C) to logits (B, L) and values (B,), if it gives any."""


class Acted(NamedTuple):
    """What a policy did for B observations.

    Attributes:
        actions: int64 (B, parts).
        log_probs: float32 (B,); zeros for actions that were not drawn.
        logits: float32 (B, L).
        values: float32 (B,), or None where the network gives none.
    """

    actions: NDArray[np.int64]
    log_probs: NDArray[np.float32]
    logits: NDArray[np.float32]
    values: NDArray[np.float32] | None


@torch.no_grad()
def act(
    network: Network,
    head: ActionHead,
    observations: NDArray[np.generic],
    valid_actions: NDArray[np.uint8],
    generator: torch.Generator | None,
) -> Acted:
    """Lets a network act.

    Args:
        network: Answers the observations.
        head: What its logits mean.
        observations: (B, H, W, C), uint8 as games give them.
        valid_actions: What each may do, packed as the head packs it.
        generator: Draws the actions; None takes the most probable ones.
    """
    logits, values = network(torch.from_numpy(observations))
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
    )
