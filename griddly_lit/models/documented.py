"""The layers that Griddly's two documented agents share."""

from __future__ import annotations

import math

from torch import nn

from griddly_lit.models.actor_critic import ActorCritic, orthogonal

VOLUME_CHANNELS = 64
ENTRY_FEATURES = 1024

_BODY_GAIN = math.sqrt(2)
_HEAD_GAIN = 0.01


def documented_agent(
    channels: int, flatten: nn.Module, entry: nn.Linear, num_logits: int
) -> ActorCritic:
    """Returns an agent that differs from the other only in how its feature volume is flattened.

    Source: the agents of Griddly's documentation, ``griddly.util.rllib.torch.agents`` of
    https://github.com/Bam4d/Griddly. Weights are orthogonal, with gain sqrt 2 in the body and 0.01
    in both heads; biases are zero.

    Args:
        channels: C, channels of the observation.
        flatten: From the (B, 64, H, W) feature volume to what ``entry`` takes.
        entry: The first linear layer, to (B, 1024) features; initialised here.
        num_logits: L, the sum of the sizes of the action's parts.
    """
    body = nn.Sequential(
        orthogonal(nn.Conv2d(channels, 32, kernel_size=3, padding=1), _BODY_GAIN),
        nn.ReLU(inplace=True),
        orthogonal(nn.Conv2d(32, VOLUME_CHANNELS, kernel_size=3, padding=1), _BODY_GAIN),
        nn.ReLU(inplace=True),
        flatten,
        orthogonal(entry, _BODY_GAIN),
        nn.ReLU(inplace=True),
        orthogonal(nn.Linear(ENTRY_FEATURES, 512), _BODY_GAIN),
        nn.ReLU(inplace=True),
    )
    actor = nn.Sequential(
        orthogonal(nn.Linear(512, 256), _HEAD_GAIN),
        nn.ReLU(inplace=True),
        orthogonal(nn.Linear(256, num_logits), _HEAD_GAIN),
    )
    return ActorCritic(body, actor, orthogonal(nn.Linear(512, 1), _HEAD_GAIN))
