"""ImpalaCNN: the large residual network of the IMPALA paper."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from griddly_lit.models.actor_critic import actor_critic, grid_shape, orthogonal
from griddly_lit.models.memory_spec import MemorySpec

_STACKS = (16, 32, 32)
_FEATURES = 256


@dataclass(frozen=True, repr=False)
class ImpalaCNN(MemorySpec):
    """Three residual stacks of 16, 32 and 32 channels, a linear layer to 256, and linear heads.

    Source: Espeholt et al. 2018, "IMPALA: Scalable distributed deep-RL with importance weighted
    actor-learner architectures", https://arxiv.org/abs/1802.01561, figure 3 right. Its LSTM is
    there with ``memory=LSTM(256)``, though it sees neither the last reward nor the last action. The body has torch's initialisation; the heads are orthogonal with gain 0.01 for the actor
    and 1 for the critic. Unlike the paper's, it does not divide by 255, as most of Griddly's
    observations are not pixels.
    """

    def build(self, observation_shape: tuple[int, int, int], num_logits: int) -> nn.Module:
        """See ``ModelSpec.build``."""
        height, width, channels = grid_shape("ImpalaCNN", observation_shape)
        layers: list[nn.Module] = []
        for stack_channels in _STACKS:
            layers += [
                nn.Conv2d(channels, stack_channels, kernel_size=3, padding=1),
                # Padded, it halves and rounds up, so that even a 1x1 map leaves a 1x1 map.
                nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
                ResidualBlock(stack_channels),
                ResidualBlock(stack_channels),
            ]
            height, width, channels = (height + 1) // 2, (width + 1) // 2, stack_channels
        layers += [
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(channels * height * width, _FEATURES),
            nn.ReLU(),
        ]
        body = nn.Sequential(*layers)
        memory = None if self.memory is None else self.memory.build(_FEATURES)
        features = _FEATURES if self.memory is None else self.memory.units
        return actor_critic(
            body,
            memory,
            orthogonal(nn.Linear(features, num_logits), gain=0.01),
            orthogonal(nn.Linear(features, 1), gain=1.0),
        )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, each after a ReLU, added to their input of (B, channels, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.second = nn.Conv2d(channels, channels, kernel_size=3, padding=1)

    def forward(self, volume: Tensor) -> Tensor:
        """Returns a volume of the same shape."""
        change: Tensor = self.first(functional.relu(volume))
        change = self.second(functional.relu(change))
        return volume + change
