"""SimpleConv and GAP against a literal construction of the documented agents."""

import copy

import pytest
import torch
from torch import Tensor, nn

from griddly_lit.errors import ModelError
from griddly_lit.models import GAP, ModelSpec, SimpleConv

GRIDS = [(3, 3), (5, 5), (7, 10)]
LOGITS = [5, 2 + 5]


def body_shapes(channels: int, entry: int) -> list[tuple[int, ...]]:
    weights = [(32, channels, 3, 3), (64, 32, 3, 3), (1024, entry), (512, 1024)]
    return [shape for weight in weights for shape in (weight, weight[:1])]


def head_shapes(num_logits: int) -> list[tuple[int, ...]]:
    return [
        shape
        for weight in [(256, 512), (num_logits, 256), (1, 512)]
        for shape in (weight, weight[:1])
    ]


class Literal(nn.Module):
    """The documented agents, word for word; parameters in the same order as ours."""

    def __init__(self, channels: int, num_logits: int, flatten: nn.Module, entry: int) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            flatten,
            nn.Linear(entry, 1024),
            nn.ReLU(),
            nn.Linear(1024, 512),
            nn.ReLU(),
        )
        self.actor = nn.Sequential(nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, num_logits))
        self.critic = nn.Sequential(nn.Linear(512, 1))

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network(observations.permute(0, 3, 1, 2))
        return self.actor(features), self.critic(features).reshape(-1)


def literal(spec: ModelSpec, shape: tuple[int, int, int], num_logits: int) -> Literal:
    height, width, channels = shape
    if isinstance(spec, GAP):
        pool = nn.Sequential(nn.AdaptiveAvgPool3d((2048, 1, 1)), nn.Flatten())
        return Literal(channels, num_logits, pool, 2048)
    return Literal(channels, num_logits, nn.Flatten(), 64 * height * width)


@pytest.mark.parametrize("num_logits", LOGITS)
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("spec", [SimpleConv(), GAP()], ids=repr)
def test_outputs_and_gradients_equal_the_literal_agent(
    spec: ModelSpec, grid: tuple[int, int], num_logits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Orthogonal initialisation of a large layer is slow, and replaced here anyway.
    monkeypatch.setattr(nn.init, "orthogonal_", lambda tensor, gain: tensor)
    shape = (*grid, 6)
    ours = spec.build(shape, num_logits).double()
    theirs = literal(spec, shape, num_logits).double()
    with torch.no_grad():
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert mine.shape == other.shape
            mine.uniform_(-1, 1).div_(mine[0].numel() ** 0.5)
            other.copy_(mine)
    observations = torch.randint(0, 256, (4, *shape), dtype=torch.uint8)

    logits, values = ours(observations)
    wanted_logits, wanted_values = theirs(observations.double())
    assert logits.shape == (4, num_logits)
    assert values.shape == (4,)
    torch.testing.assert_close(logits, wanted_logits)
    torch.testing.assert_close(values, wanted_values)

    by_logits, by_values = torch.randn_like(logits), torch.randn_like(values)
    ((logits * by_logits).sum() + (values * by_values).sum()).backward()
    ((wanted_logits * by_logits).sum() + (wanted_values * by_values).sum()).backward()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert other.grad is not None
        assert other.grad.abs().max() > 0
        torch.testing.assert_close(mine.grad, other.grad)


def test_the_documented_pool_repeats_each_channel_32_times_in_order() -> None:
    volume = torch.randn(3, 64, 5, 7)
    pooled = nn.AdaptiveAvgPool3d((2048, 1, 1))(volume).flatten(1)
    torch.testing.assert_close(pooled, volume.mean((2, 3)).repeat_interleave(32, dim=1))


@pytest.mark.parametrize("num_logits", LOGITS)
@pytest.mark.parametrize(("spec", "entry"), [(SimpleConv(), 64 * 5 * 4), (GAP(), 2048)])
def test_parameter_shapes_and_initialisation(spec: ModelSpec, entry: int, num_logits: int) -> None:
    model = spec.build((5, 4, 10), num_logits)
    shapes = [tuple(parameter.shape) for parameter in model.parameters()]
    assert shapes == body_shapes(10, entry) + head_shapes(num_logits)

    parameters = dict(model.named_parameters())
    weights = {name: each for name, each in parameters.items() if name.endswith("weight")}
    assert len(weights) == 7
    for name, weight in weights.items():
        gain = 2**0.5 if name.startswith("body") else 0.01
        rows = weight.detach().flatten(1)
        if rows.shape[0] > rows.shape[1]:
            rows = rows.T
        torch.testing.assert_close(
            rows @ rows.T, gain**2 * torch.eye(len(rows)), atol=1e-5 * gain**2, rtol=1e-4
        )
        assert not parameters[name.replace("weight", "bias")].any()


def test_gap_carries_its_parameters_to_another_grid_size() -> None:
    small, large = GAP().build((3, 4, 6), 5), GAP().build((9, 8, 6), 5)
    large.load_state_dict(small.state_dict())
    observations = torch.randint(0, 2, (2, 9, 8, 6), dtype=torch.uint8)
    for from_small, from_large in zip(small(observations), large(observations), strict=True):
        torch.testing.assert_close(from_small, from_large)


@pytest.mark.parametrize("spec", [SimpleConv(), GAP()], ids=repr)
def test_uint8_and_float_observations_are_the_same(spec: ModelSpec) -> None:
    model = spec.build((4, 4, 3), 5)
    observations = torch.randint(0, 256, (2, 4, 4, 3), dtype=torch.uint8)
    for a, b in zip(model(observations), model(observations.double()), strict=True):
        assert a.dtype == torch.float32
        assert torch.equal(a, b)


@pytest.mark.parametrize("spec", [SimpleConv(), GAP()], ids=repr)
def test_a_flat_observation_is_refused(spec: ModelSpec) -> None:
    with pytest.raises(ModelError, match="height, width, channels"):
        spec.build((25,), 5)  # type: ignore[arg-type]


def test_gap_acts_with_the_weights_of_now() -> None:
    agent, other = GAP().build((5, 5, 3), 4), GAP().build((5, 5, 3), 4)
    observations = torch.randint(0, 5, (6, 5, 5, 3), dtype=torch.uint8)

    def acted(module: nn.Module) -> Tensor:
        with torch.no_grad():
            return module(observations)[1]

    first = acted(agent)
    agent.load_state_dict(other.state_dict())
    assert torch.equal(acted(agent), acted(other))
    assert not torch.equal(acted(agent), first)
    optimizer = torch.optim.SGD(agent.parameters(), lr=0.1)
    before = acted(agent)
    agent(observations)[1].sum().backward()
    optimizer.step()
    torch.testing.assert_close(acted(agent), agent(observations)[1].detach())
    assert not torch.allclose(acted(agent), before)
    copied = copy.deepcopy(agent)
    copied.load_state_dict(other.state_dict())
    assert torch.equal(acted(copied), acted(other))
    assert not torch.equal(acted(copied), acted(agent))


def test_gap_sees_the_steps_of_a_fused_optimizer() -> None:
    network = GAP().build((3, 3, 2), 4)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1, fused=True)
    observations = torch.ones(1, 3, 3, 2)
    network(observations)[1].sum().backward()
    with torch.no_grad():
        before = network(observations)[1]
        optimizer.step()
        after = network(observations)[1]
    fresh = GAP().build((3, 3, 2), 4)
    fresh.load_state_dict(network.state_dict())
    assert not torch.equal(after, before)
    torch.testing.assert_close(after, fresh(observations)[1].detach())
