import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from griddly_lit.models import (
    GAP,
    Answers,
    ImpalaCNN,
    ModelSpec,
    SimpleConv,
    answers_each_observation_alone,
)

SHAPE = (5, 5, 3)
LOGITS = 4


class Flat(nn.Module):
    """Two linear layers with something between them; heads of zeros, as some start."""

    def __init__(self, between: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(75, 8), between)
        self.heads = nn.Linear(8, LOGITS + 1)
        nn.init.zeros_(self.heads.weight)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        outputs = self.heads(self.body(observations.float()))
        return outputs[:, :-1], outputs[:, -1]


class Noise(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features + torch.randn_like(features)


class Habituation(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.ones(()))

    def forward(self, features: Tensor) -> Tensor:
        self.calls += 1
        return features / self.calls


class DropPath(nn.Module):
    """Stochastic depth that rarely strikes."""

    def forward(self, features: Tensor) -> Tensor:
        kept = torch.rand(len(features), 1) > 1e-6
        return features * kept if self.training else features


class NoiseUnderGrad(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        noisy = self.training and torch.is_grad_enabled()
        return features + np.random.randn() if noisy else features  # noqa: NPY002


class Centring(nn.Module):
    """Centres batches, and leaves a single row as it is."""

    def forward(self, features: Tensor) -> Tensor:
        return features - features.median(0).values if len(features) > 1 else features


class Scaling(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features / features.abs().max()


class Crowding(nn.Module):
    """Asks how many rows are equal."""

    def forward(self, features: Tensor) -> Tensor:
        apart = (features[:, None] - features[None]).abs().amax(-1)
        return features * (apart < 1e-6).sum(1, keepdim=True)


class FewValues(nn.Module):
    """An embedding, of values below 4 alone."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(4, LOGITS + 1)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        outputs = self.embedding(observations.flatten(1).long()).mean(1)
        return outputs[:, :-1], outputs[:, -1]


class Watched(nn.Module):
    """Notes what goes through a network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.batches: list[Tensor] = []

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        self.batches.append(observations)
        logits, values = self.network(observations)
        return logits, values


def observations(*numbers: int) -> Tensor:
    """Some of ten distinct observations."""
    ten = torch.zeros(10, *SHAPE, dtype=torch.uint8)
    ten.view(10, -1)[:, :10] = torch.eye(10, dtype=torch.uint8)
    return ten[list(numbers)]


@pytest.mark.parametrize("model", [SimpleConv(), GAP(), ImpalaCNN()])
def test_outputs_and_gradients_are_the_networks(model: ModelSpec) -> None:
    network = model.build(SHAPE, LOGITS)
    same = copy.deepcopy(network)
    asked = observations(3, 1, 3, 3, 0, 1)
    answers = Answers()
    answered, wanted = answers.of(network, asked), same(asked)
    for output, other in zip(answered, wanted, strict=True):
        assert output.shape == other.shape
        torch.testing.assert_close(output, other, rtol=1e-5, atol=1e-6)
    weights = torch.randn(6, LOGITS), torch.randn(6)
    for outputs in (answered, wanted):
        sum((o * w).sum() for o, w in zip(outputs, weights, strict=True)).backward()
    for parameter, other in zip(network.parameters(), same.parameters(), strict=True):
        assert parameter.grad is not None
        assert other.grad is not None
        scale = float(other.grad.abs().max())
        torch.testing.assert_close(parameter.grad, other.grad, rtol=1e-4, atol=1e-5 * scale)


def test_gradients_repeat_on_several_threads() -> None:
    torch.set_num_threads(2)
    table = torch.randn(200, 100, requires_grad=True)
    network = nn.Module()
    network.forward = lambda observations: (
        table[: len(observations)],
        table[: len(observations), 0],
    )
    asked = torch.randint(0, 200, (4096, 1, 1, 1), dtype=torch.uint8)
    weights = torch.randn(4096, 100)
    gradients = []
    for _ in range(20):
        logits, _ = Answers().of(network, asked)
        gradients.append(torch.autograd.grad((logits * weights).sum(), table)[0])
    assert all(torch.equal(gradient, gradients[0]) for gradient in gradients)


@torch.no_grad()
def test_each_distinct_observation_goes_through_the_network_once() -> None:
    network = Watched(SimpleConv().build(SHAPE, LOGITS))
    answers = Answers()
    for asked, new in [
        ((2, 2, 1), (2, 1)),
        ((1, 5, 2, 5, 0), (5, 0)),
        ((0, 1, 2), ()),
        ((9,), (9,)),
    ]:
        network.batches = []
        for output, wanted in zip(
            answers.of(network, observations(*asked)),
            network.network(observations(*asked)),
            strict=True,
        ):
            torch.testing.assert_close(output, wanted, rtol=1e-5, atol=1e-6)
        seen = torch.cat([torch.empty(0, *SHAPE, dtype=torch.uint8), *network.batches])
        assert torch.equal(seen, observations(*new))


def test_observations_of_any_memory_layout_and_type() -> None:
    network = SimpleConv().build(SHAPE, LOGITS)
    asked = observations(4, 4, 7)
    transposed = asked.permute(3, 0, 1, 2).contiguous().permute(1, 2, 3, 0)
    assert not transposed.is_contiguous()
    for same in (transposed, asked.float()):
        logits, _ = Answers().of(network, same)
        torch.testing.assert_close(logits, network(asked)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model", [SimpleConv(), GAP(), ImpalaCNN()])
def test_our_models_answer_each_observation_alone(model: ModelSpec) -> None:
    assert answers_each_observation_alone(model.build(SHAPE, LOGITS), SHAPE)


@pytest.mark.parametrize(
    ("between", "alone"),
    [
        (nn.Tanh(), True),
        (nn.LayerNorm(8), True),
        (nn.BatchNorm1d(8), False),
        (nn.Dropout(), False),
        (Noise(), False),
        (Habituation(), False),
        (DropPath(), False),
        (NoiseUnderGrad(), False),
        (Centring(), False),
        (Scaling(), False),
        (Crowding(), False),
    ],
)
def test_a_network_is_tried_and_left_as_it_was(between: nn.Module, alone: bool) -> None:
    network = Flat(between).eval()
    before = copy.deepcopy(network.state_dict())
    random_state = torch.get_rng_state()
    assert answers_each_observation_alone(network, SHAPE) == alone
    assert torch.equal(torch.get_rng_state(), random_state)
    assert not network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_an_embedding_of_few_values_passes() -> None:
    assert answers_each_observation_alone(FewValues(), SHAPE)


def test_the_gradient_of_many_equal_rows_is_summed_in_float32() -> None:
    network = nn.Linear(75, LOGITS + 1)
    network.forward = (
        lambda rows, linear=network.forward: (  # type: ignore[method-assign]
            linear(rows.flatten(1).float())[:, :-1],
            linear(rows.flatten(1).float())[:, -1],
        )
    )
    with torch.autocast("cpu", torch.bfloat16):
        logits, values = Answers().of(network, observations(*[3] * 1024))
    assert logits.dtype == values.dtype == torch.float32
    (gradient,) = torch.autograd.grad(logits[:, 0].sum() + values.sum(), network.bias)
    assert gradient[0] == gradient[-1] == 1024


@torch.no_grad()
def test_what_is_remembered_is_not_copied_every_step() -> None:
    answers = Answers()
    network = Watched(SimpleConv().build((1, 1, 2), LOGITS))
    tables = set()
    for step in range(100):
        # Two known rows and a new one.
        asked = torch.tensor([step, max(0, step - 1), 0], dtype=torch.uint8).reshape(3, 1, 1, 1)
        asked = asked.expand(3, 1, 1, 2)
        logits, values = answers.of(network, asked)
        wanted = network.network(asked)
        torch.testing.assert_close((logits, values), wanted, rtol=1e-5, atol=1e-6)
        tables.add(answers._tables[0].data_ptr())
    assert sum(map(len, network.batches)) == 100
    assert len(answers._tables[0]) < 2 * 100
    assert len(tables) <= 8


@torch.no_grad()
def test_where_little_repeats_it_gives_up() -> None:
    network = Watched(SimpleConv().build(SHAPE, LOGITS))
    generator = torch.Generator().manual_seed(0)
    answers = Answers()
    for _ in range(6):
        asked = torch.randint(0, 255, (8, *SHAPE), dtype=torch.uint8, generator=generator)
        answers.of(network, asked)
    network.batches = []
    answers.of(network, asked)
    assert [len(batch) for batch in network.batches] == [8]
    # Where half repeats, it goes on.
    answers = Answers()
    for _ in range(6):
        asked = torch.randint(0, 255, (4, *SHAPE), dtype=torch.uint8, generator=generator)
        answers.of(network, asked.repeat_interleave(2, 0))
    network.batches = []
    answers.of(network, asked)
    assert network.batches == []
