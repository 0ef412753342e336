"""GAP: Griddly's documented agent with global average pooling, for any grid size."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.optimizer import register_optimizer_step_post_hook

from griddly_lit.models.actor_critic import grid_shape
from griddly_lit.models.documented import ENTRY_FEATURES, VOLUME_CHANNELS, documented_agent
from griddly_lit.models.memory_spec import MemorySpec

_REPEATS = 32

# Fused optimizers change weights without a trace in their ``_version``, so every step of any
# optimizer makes a new mark.
_newest_step = [object()]


def _mark_step(*_: object) -> None:
    _newest_step[0] = object()


register_optimizer_step_post_hook(_mark_step)


@dataclass(frozen=True, repr=False)
class GAP(MemorySpec):
    """SimpleConv with its flatten replaced by a global average pool.

    The pool, an ``AdaptiveAvgPool3d((2048, 1, 1))``, averages each of the 64 channels over the grid
    and repeats it 32 times. So the parameters are the same for any grid size, and a trained model
    plays on levels of any size. Source: Griddly's ``GAPAgent``; Bamford, Huang and Lucas,
    "Griddly: A platform for AI research in games", https://arxiv.org/abs/2011.06363.
    """

    def build(self, observation_shape: tuple[int, int, int], num_logits: int) -> nn.Module:
        """See ``ModelSpec.build``."""
        _, _, channels = grid_shape("GAP", observation_shape)
        return documented_agent(
            channels, GlobalAverage(), RepeatedLinear(), num_logits, self.memory
        )


class GlobalAverage(nn.Module):
    """From a (B, C, H, W) volume to its (B, C) averages over the grid."""

    def forward(self, volume: Tensor) -> Tensor:
        """Returns the averages."""
        # The volume is channels-last in memory; with the channels last in shape as well, so is its
        # gradient, and the layers below read both in one order. A sum's gradient, unlike a mean's,
        # is not written out cell by cell.
        cells = volume.permute(0, 2, 3, 1).flatten(1, 2)
        return cells.sum(1) / cells.shape[1]


class RepeatedLinear(nn.Linear):
    """``Linear(2048, 1024)`` on 64 features that are each repeated 32 times, without the repeats.

    Equal inputs may share the sum of their weights: same parameters, outputs and gradients for
    1/32 of the multiplications.
    """

    def __init__(self) -> None:
        super().__init__(VOLUME_CHANNELS * _REPEATS, ENTRY_FEATURES)
        self._kept: tuple[tuple[int, int, object], Tensor] | None = None

    def forward(self, features: Tensor) -> Tensor:
        """Returns (B, 1024) from (B, 64)."""
        return functional.linear(features, self._summed(), self.bias)

    def _summed(self) -> Tensor:
        if torch.is_grad_enabled():
            self._kept = None
            return self._sum()
        # Acting calls it many times between two changes of the weights.
        now = (self.weight.data_ptr(), self.weight._version, _newest_step[0])
        if self._kept is None or self._kept[0] != now:
            self._kept = now, self._sum()
        return self._kept[1]

    def _sum(self) -> Tensor:
        return self.weight.view(ENTRY_FEATURES, VOLUME_CHANNELS, _REPEATS).sum(-1)
