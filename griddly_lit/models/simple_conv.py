"""SimpleConv: Griddly's documented convolutional agent, for one grid size."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from griddly_lit.models.actor_critic import grid_shape
from griddly_lit.models.documented import ENTRY_FEATURES, VOLUME_CHANNELS, documented_agent
from griddly_lit.models.memory_spec import MemorySpec


@dataclass(frozen=True, repr=False)
class SimpleConv(MemorySpec):
    """Two convolutions, flattened into linear layers; the grid size is fixed when it is built.

    Convolutions to 32 and 64 channels (3x3, padding 1), linear layers to 1024 and 512; actor
    512-256-L, critic 512-1; ReLU between layers. Source: Griddly's ``SimpleConvAgent``.
    """

    def build(self, observation_shape: tuple[int, int, int], num_logits: int) -> nn.Module:
        """See ``ModelSpec.build``."""
        height, width, channels = grid_shape("SimpleConv", observation_shape)
        entry = nn.Linear(VOLUME_CHANNELS * height * width, ENTRY_FEATURES)
        return documented_agent(channels, nn.Flatten(), entry, num_logits, self.memory)
