"""The layers that Griddly's two documented agents share."""

from __future__ import annotations

import math

from torch import nn

from griddly_lit.models.actor_critic import ActorCritic, actor_critic, orthogonal
from griddly_lit.models.memory import Memory

VOLUME_CHANNELS = 64
ENTRY_FEATURES = 1024
_FEATURES = 512

_BODY_GAIN = math.sqrt(2)
_HEAD_GAIN = 0.01


def documented_agent(
    channels: int,
    flatten: nn.Module,
    entry: nn.Linear,
    num_logits: int,
    memory: Memory | None = None,
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
        memory: Comes between the last of the shared layers and the heads, which then begin with as
            many inputs as it has units.
    """
    body = nn.Sequential(
        orthogonal(nn.Conv2d(channels, 32, kernel_size=3, padding=1), _BODY_GAIN),
        nn.ReLU(inplace=True),
        orthogonal(nn.Conv2d(32, VOLUME_CHANNELS, kernel_size=3, padding=1), _BODY_GAIN),
        nn.ReLU(inplace=True),
        flatten,
        orthogonal(entry, _BODY_GAIN),
        nn.ReLU(inplace=True),
        orthogonal(nn.Linear(ENTRY_FEATURES, _FEATURES), _BODY_GAIN),
        nn.ReLU(inplace=True),
    )
    layer = None if memory is None else memory.build(_FEATURES)
    features = _FEATURES if memory is None else memory.units
    actor = nn.Sequential(
        orthogonal(nn.Linear(features, 256), _HEAD_GAIN),
        nn.ReLU(inplace=True),
        orthogonal(nn.Linear(256, num_logits), _HEAD_GAIN),
    )
    return actor_critic(body, layer, actor, orthogonal(nn.Linear(features, 1), _HEAD_GAIN))
