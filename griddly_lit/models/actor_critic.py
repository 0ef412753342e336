"""The module that all our own models are: a body with an actor head and a critic head."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

from griddly_lit.errors import ModelError

State = Tensor | tuple[Tensor, ...]
Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)


class ActorCritic(nn.Module):
    """A body shared by two heads.

    Args:
        body: From (B, C, H, W) planes of the parameters' type to (B, F) features.
        actor: From the features to (B, L) logits.
        critic: From the features to (B, 1) values.
    """

    def __init__(self, body: nn.Module, actor: nn.Module, critic: nn.Linear) -> None:
        super().__init__()
        self.body = body
        self.actor = actor
        self.critic = critic

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logits and values.

        Args:
            observations: (B, H, W, C), uint8 or float; raw values, which are not scaled.

        Returns:
            Logits (B, L) and values (B,), of the parameters' type.
        """
        return self.heads(self.encode(observations))

    def encode(self, observations: Tensor) -> Tensor:
        """Returns features (B, F) of observations (B, H, W, C)."""
        # A permuted (B, H, W, C) tensor is channels-last, which convolutions like, at no cost.
        planes = observations.permute(0, 3, 1, 2).to(self.critic.weight.dtype)
        features: Tensor = self.body(planes)
        return features

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logits (B, L) and values (B,) of features."""
        return self.actor(features), self.critic(features).squeeze(-1)


class RecurrentActorCritic(ActorCritic):
    """A memory between body and heads; see :mod:`griddly_lit.models.recurrent` for its protocol.

    Args:
        body: As for :class:`ActorCritic`.
        memory: An LSTM or a GRU of one layer, from (B, T, F) to (B, T, units). It computes in
            float32 under autocast, too, as its rounding would add up over an episode.
        actor: From the memory's output to (B, L) logits.
        critic: From the memory's output to (B, 1) values.
    """

    def __init__(
        self, body: nn.Module, memory: nn.RNNBase, actor: nn.Module, critic: nn.Linear
    ) -> None:
        super().__init__(body, actor, critic)
        self.memory = memory

    def initial_state(self) -> State:
        """Returns zeros (units,): an LSTM's output and cell, or a GRU's output."""
        zeros = torch.zeros(self.memory.hidden_size)
        return (zeros, zeros) if isinstance(self.memory, nn.LSTM) else zeros

    def forward(  # type: ignore[override]
        self, observations: Tensor, state: State
    ) -> tuple[Tensor, Tensor, State]:
        """Returns logits (B, L), values (B,) and the state after this step."""
        remembered, state = self.recall(self.encode(observations)[:, None], state)
        return (*self.heads(remembered[:, 0]), state)

    def recall(self, features: Tensor, state: State) -> tuple[Tensor, State]:
        """Takes the memory through sequences.

        Args:
            features: (B, T, F).
            state: Before the first steps.

        Returns:
            Its output (B, T, units), and the state after the last steps.
        """
        with torch.autocast(features.device.type, enabled=False):
            layers = (
                tuple(part[None].contiguous() for part in state)
                if isinstance(state, tuple)
                else state[None].contiguous()
            )
            remembered, after = self.memory(features.to(self.critic.weight.dtype), layers)
        return remembered, tuple(p[0] for p in after) if isinstance(after, tuple) else after[0]


def actor_critic(
    body: nn.Module, memory: nn.RNNBase | None, actor: nn.Module, critic: nn.Linear
) -> ActorCritic:
    """Returns the module of these parts."""
    if memory is None:
        return ActorCritic(body, actor, critic)
    return RecurrentActorCritic(body, memory, actor, critic)


def orthogonal(layer: Layer, gain: float) -> Layer:
    """Returns the layer with orthogonal weights of that gain and zero biases."""
    nn.init.orthogonal_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def grid_shape(model: str, observation_shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Returns (H, W, C) of a grid observation.

    Args:
        model: Name of the model, for the error.
        observation_shape: Shape of one observation.

    Raises:
        ModelError: When the shape is not three positive numbers.
    """
    if len(observation_shape) != 3 or min(observation_shape) < 1:
        raise ModelError(
            f"observation_shape={tuple(observation_shape)}",
            f"{model} convolves over a grid of shape (height, width, channels)",
            "Choose an observer that gives such a grid, or bring a module of your own in TorchModel",
        )
    height, width, channels = observation_shape
    return height, width, channels
