"""What a model is made of, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor, nn

from griddly_lit.models.dry_run import dry_run


@dataclass(frozen=True)
class LayerSummary:
    """One layer of a model.

    Attributes:
        name: Its path in the model, such as ``body.0``; empty for the model itself.
        type: The name of its class.
        output_shape: Shape of its output without the axes of batch and time; None when the model does not call
            it, or when its output is not a tensor.
        parameters: Number of its own parameters, without those of layers inside it. A parameter
            that two layers share counts in the first.
        trainable: How many of them are trained.
    """

    name: str
    type: str
    output_shape: tuple[int, ...] | None
    parameters: int
    trainable: int


class ParameterTotal(NamedTuple):
    """Numbers of parameters of a whole model: all, and those that are trained."""

    parameters: int
    trainable: int


def summarize(module: nn.Module, observation_shape: tuple[int, int, int]) -> list[LayerSummary]:
    """Returns the layers of a model in the order of their definition.

    Listed are the modules without modules inside, and those with parameters of their own.

    Args:
        module: A built model; it is run once on zeros, in evaluation mode.
        observation_shape: (H, W, C) of one observation.
    """
    layers = {
        name: layer
        for name, layer in module.named_modules()
        if not list(layer.children()) or list(layer.parameters(recurse=False))
    }
    shapes: dict[nn.Module, tuple[int, ...]] = {}

    def note_shape(layer: nn.Module, _: Any, output: Any) -> None:
        if isinstance(layer, nn.RNNBase):
            shapes[layer] = (layer.hidden_size,)
        elif isinstance(output, Tensor):
            shapes[layer] = tuple(output.shape[1:])

    hooks = [layer.register_forward_hook(note_shape) for layer in layers.values()]
    try:
        dry_run(module, observation_shape)
    finally:
        for hook in hooks:
            hook.remove()

    seen: set[nn.Parameter] = set()
    summaries = []
    for name, layer in layers.items():
        own = [each for each in layer.parameters(recurse=False) if each not in seen]
        seen.update(own)
        summaries.append(
            LayerSummary(
                name=name,
                type=type(layer).__name__,
                output_shape=shapes.get(layer),
                parameters=sum(each.numel() for each in own),
                trainable=sum(each.numel() for each in own if each.requires_grad),
            )
        )
    return summaries


def total(layers: Iterable[LayerSummary]) -> ParameterTotal:
    """Returns the sums over the layers of a summary."""
    listed = list(layers)
    return ParameterTotal(
        parameters=sum(layer.parameters for layer in listed),
        trainable=sum(layer.trainable for layer in listed),
    )
