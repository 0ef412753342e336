import pytest
import torch
from torch import Tensor, nn

from griddly_lit.models import GAP, ImpalaCNN, ModelSpec, SimpleConv, summarize, total


@pytest.mark.parametrize("spec", [SimpleConv(), GAP(), ImpalaCNN()], ids=repr)
def test_totals_are_those_of_the_module(spec: ModelSpec) -> None:
    module = spec.build((5, 4, 3), 7)
    next(module.parameters()).requires_grad_(False)
    everything = sum(parameter.numel() for parameter in module.parameters())
    frozen = next(module.parameters()).numel()
    assert total(summarize(module, (5, 4, 3))) == (everything, everything - frozen)


def test_layers_of_gap() -> None:
    layers = summarize(GAP().build((5, 4, 3), 7), (5, 4, 3))
    rows = [(layer.name, layer.type, layer.output_shape, layer.parameters) for layer in layers]
    assert rows == [
        ("body.0", "Conv2d", (32, 5, 4), 32 * (3 * 9 + 1)),
        ("body.1", "ReLU", (32, 5, 4), 0),
        ("body.2", "Conv2d", (64, 5, 4), 64 * (32 * 9 + 1)),
        ("body.3", "ReLU", (64, 5, 4), 0),
        ("body.4", "GlobalAverage", (64,), 0),
        ("body.5", "RepeatedLinear", (1024,), 1024 * (2048 + 1)),
        ("body.6", "ReLU", (1024,), 0),
        ("body.7", "Linear", (512,), 512 * (1024 + 1)),
        ("body.8", "ReLU", (512,), 0),
        ("actor.0", "Linear", (256,), 256 * (512 + 1)),
        ("actor.1", "ReLU", (256,), 0),
        ("actor.2", "Linear", (7,), 7 * (256 + 1)),
        ("critic", "Linear", (1,), 512 + 1),
    ]
    assert all(layer.trainable == layer.parameters for layer in layers)


class Odd(nn.Module):
    """Its own parameter, a tied one, an unused layer and one with several outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(5))
        self.first = nn.Linear(5, 5)
        self.tied = nn.Linear(5, 5)
        self.tied.weight = self.first.weight
        self.unused = nn.Linear(2, 2)
        self.memory = nn.GRU(5, 5, batch_first=True)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.tied(self.first(observations.flatten(1).float() * self.scale))
        return self.memory(hidden)[0], hidden[:, 0]


def test_odd_modules() -> None:
    module = Odd()
    layers = {layer.name: layer for layer in summarize(module, (1, 1, 5))}
    assert layers[""].parameters == 5
    assert layers["first"].parameters == 30
    assert layers["tied"].parameters == 5
    assert layers["tied"].output_shape == (5,)
    assert layers["unused"].output_shape is None
    assert layers["memory"].output_shape == (5,)
    assert total(layers.values()).parameters == sum(each.numel() for each in module.parameters())


def test_the_module_is_left_as_it_was() -> None:
    module = SimpleConv().build((3, 3, 2), 5)
    module.body.eval()  # type: ignore[union-attr]
    modes = [part.training for part in module.modules()]
    summarize(module, (3, 3, 2))
    assert [part.training for part in module.modules()] == modes
    assert not any(part._forward_hooks for part in module.modules())
