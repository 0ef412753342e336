import pytest
import torch
from torch import nn

from griddly_lit.models import ImpalaCNN


@pytest.mark.parametrize("num_logits", [5, 2 + 5])
@pytest.mark.parametrize(
    ("grid", "last_map"), [((1, 1), 1), ((3, 3), 1), ((5, 5), 1), ((13, 30), 2 * 4)]
)
def test_any_grid_leaves_a_map(grid: tuple[int, int], last_map: int, num_logits: int) -> None:
    model = ImpalaCNN().build((*grid, 7), num_logits)
    observations = torch.randint(0, 2, (3, *grid, 7), dtype=torch.uint8)
    logits, values = model(observations)
    assert logits.shape == (3, num_logits)
    assert values.shape == (3,)
    assert logits.dtype == values.dtype == torch.float32
    (logits.sum() + values.sum()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    entry = next(layer for layer in model.modules() if isinstance(layer, nn.Linear))
    assert entry.weight.shape == (256, 32 * last_map)


def test_it_has_the_layers_of_the_paper() -> None:
    convolutions = [
        (layer.in_channels, layer.out_channels)
        for layer in ImpalaCNN().build((16, 16, 7), 5).modules()
        if isinstance(layer, nn.Conv2d)
    ]
    assert convolutions == [(7, 16), *[(16, 16)] * 4, (16, 32), *[(32, 32)] * 9]


def test_the_first_policy_is_nearly_uniform() -> None:
    model = ImpalaCNN().build((5, 5, 7), 5)
    logits, _ = model(torch.randint(0, 2, (8, 5, 5, 7), dtype=torch.uint8))
    assert logits.abs().max() < 0.1
