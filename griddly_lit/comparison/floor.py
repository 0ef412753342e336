"""The floor of scores: a policy that draws every action alike."""

from __future__ import annotations

import torch
from torch import Tensor, nn

FLOOR = "random"
"""Name of the random policy among the models of a study."""


class UniformPolicy(nn.Module):
    """A network whose logits are all zero.

    Args:
        observation_shape: (H, W, C).
        num_logits: L, the sum of the sizes of the action's parts.
    """

    def __init__(self, observation_shape: tuple[int, int, int], num_logits: int) -> None:
        super().__init__()
        # Gradients and optimizers want one parameter at least.
        self.logits = nn.Parameter(torch.zeros(num_logits))

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logits (B, L) and values (B,), all zero."""
        logits = self.logits.expand(len(observations), -1)
        return logits, logits[:, 0]
