import pytest
import torch
from torch.distributions import Categorical

from griddly_lit.models import Factored

PARTS = [(5,), (2, 5), (3, 1, 4, 2)]


def categoricals(logits: torch.Tensor, nvec: tuple[int, ...]) -> list[Categorical]:
    return [Categorical(logits=part) for part in torch.split(logits, nvec, -1)]


@pytest.mark.parametrize("nvec", PARTS)
def test_all_but_sampling_equal_torch(nvec: tuple[int, ...]) -> None:
    logits = 3 * torch.randn(64, sum(nvec))
    actions, log_probs = Factored(logits, nvec).sample(torch.Generator().manual_seed(1))
    assert actions.dtype == torch.int64
    assert actions.shape == (64, len(nvec))
    parts = categoricals(logits, nvec)
    wanted = sum(part.log_prob(actions[:, i]) for i, part in enumerate(parts))
    torch.testing.assert_close(log_probs, wanted)
    assert torch.equal(Factored(logits, nvec).log_prob(actions), log_probs)
    torch.testing.assert_close(
        Factored(logits, nvec).entropy(), sum(part.entropy() for part in parts)
    )
    assert torch.equal(
        Factored(logits, nvec).mode(), torch.stack([part.mode for part in parts], -1)
    )


@pytest.mark.parametrize(
    ("nvec", "critical"),  # of chi-square at 0.1 % for (product of nvec) - 1 degrees of freedom
    [((5,), 18.47), ((2, 5), 27.88), ((3, 1, 4, 2), 49.73)],
)
def test_joint_frequencies_are_the_probabilities(nvec: tuple[int, ...], critical: float) -> None:
    draws = 200_000
    logits = torch.randn(sum(nvec))
    actions, _ = Factored(logits.expand(draws, -1), nvec).sample(torch.Generator().manual_seed(2))
    joint = torch.ones(1)
    cell = torch.zeros(draws, dtype=torch.int64)
    for index, part in enumerate(categoricals(logits, nvec)):
        joint = torch.outer(joint, part.probs).flatten()
        cell = cell * nvec[index] + actions[:, index]
    expected = draws * joint
    counts = torch.bincount(cell, minlength=len(joint))
    assert expected.min() > 5
    assert ((counts - expected) ** 2 / expected).sum() < critical


def test_the_generator_is_the_only_randomness() -> None:
    logits = torch.randn(64, 7)
    generator = torch.Generator().manual_seed(3)
    state, global_state = generator.get_state(), torch.get_rng_state()
    first, _ = Factored(logits, (2, 5)).sample(generator)
    second, _ = Factored(logits, (2, 5)).sample(generator)
    generator.set_state(state)
    again, _ = Factored(logits, (2, 5)).sample(generator)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), global_state)


def test_extreme_logits_stay_in_range() -> None:
    logits = torch.tensor([[1e4, 0.0, -1e4], [-1e4, 0.0, 1e4]]).repeat(1000, 1)
    actions, log_probs = Factored(logits, (3,)).sample(torch.Generator().manual_seed(4))
    assert torch.equal(actions[:, 0], torch.tensor([0, 2]).repeat(1000))
    assert not log_probs.any()
    assert not Factored(logits, (3,)).entropy().any()


def test_half_precision_is_computed_in_single() -> None:
    logits = torch.randn(8, 5).bfloat16()
    actions, log_probs = Factored(logits, (5,)).sample(torch.Generator().manual_seed(5))
    assert log_probs.dtype == torch.float32
    assert torch.equal(log_probs, Factored(logits.float(), (5,)).log_prob(actions))


def test_gradients_equal_torch() -> None:
    logits = torch.randn(16, 7, dtype=torch.float32, requires_grad=True)
    actions = torch.stack([torch.randint(0, 2, (16,)), torch.randint(0, 5, (16,))], -1)
    parts = categoricals(logits, (2, 5))
    wanted = sum(p.log_prob(actions[:, i]) + p.entropy() for i, p in enumerate(parts))
    ours = Factored(logits, (2, 5)).log_prob(actions) + Factored(logits, (2, 5)).entropy()
    torch.testing.assert_close(
        torch.autograd.grad(ours.sum(), logits), torch.autograd.grad(wanted.sum(), logits)
    )
