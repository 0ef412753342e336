"""The module that all our own models are: a body with an actor head and a critic head."""

from __future__ import annotations

from typing import TypeVar

from torch import Tensor, nn

from griddly_lit.errors import ModelError

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
        # A permuted (B, H, W, C) tensor is channels-last, which convolutions like, at no cost.
        planes = observations.permute(0, 3, 1, 2).to(self.critic.weight.dtype)
        features = self.body(planes)
        return self.actor(features), self.critic(features).squeeze(-1)


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
