import itertools
import math

import numpy as np
import pytest
import torch

from griddly_lit.models import ActionHead, Factored, Tree

NVEC = (3, 4, 2, 5)


def packed_of(valid_lists, nvec):
    valid = np.zeros((len(valid_lists), math.prod(nvec)), dtype=bool)
    for row, actions in enumerate(valid_lists):
        for action in actions:
            valid[row, np.ravel_multi_index(action, nvec)] = True
    return torch.from_numpy(np.packbits(valid, axis=1, bitorder="little"))


def some_valid(batch, nvec, seed=0, most=12):
    rng = np.random.default_rng(seed)
    every = list(itertools.product(*map(range, nvec)))
    return [
        sorted(every[i] for i in rng.choice(len(every), rng.integers(1, most), replace=False))
        for _ in range(batch)
    ]


def walked(logits, nvec, actions):
    """Log-probability of each action, by recursion down the tree."""
    offsets = np.cumsum([0, *nvec])

    def below(prefix, depth):
        choices = sorted({a[depth] for a in actions if a[:depth] == prefix})
        log_probs = torch.log_softmax(logits[[offsets[depth] + c for c in choices]], 0)
        for choice, log_prob in zip(choices, log_probs, strict=True):
            path = (*prefix, choice)
            if depth + 1 == len(nvec):
                yield path, log_prob
            else:
                for leaf, rest in below(path, depth + 1):
                    yield leaf, log_prob + rest

    return dict(below((), 0))


@pytest.mark.parametrize("nvec", [NVEC, (2, 5), (7,)])
def test_log_probs_entropy_and_mode_are_those_of_a_walk_down_the_tree(nvec):
    valid = some_valid(20, nvec, most=min(12, math.prod(nvec)))
    logits = 3 * torch.randn(20, sum(nvec))
    tree = Tree(logits, nvec, packed_of(valid, nvec))
    entropies, modes = tree.entropy(), tree.mode()
    for row, actions in enumerate(valid):
        wanted = walked(logits[row], nvec, actions)
        total = 0.0
        for action in actions:
            asked = torch.tensor([action] * 20)
            found = tree.log_prob(asked)[row]
            torch.testing.assert_close(found, wanted[action])
            total += float(found.exp())
        assert total == pytest.approx(1, abs=1e-5)
        every = torch.stack(list(wanted.values()))
        torch.testing.assert_close(entropies[row], -(every.exp() * every).sum())
        assert tuple(modes[row].tolist()) == max(wanted, key=lambda a: (wanted[a],))


def test_an_invalid_action_has_no_probability():
    tree = Tree(torch.randn(1, sum(NVEC)), NVEC, packed_of([[(0, 1, 1, 3)]], NVEC))
    assert tree.log_prob(torch.tensor([[0, 1, 1, 2]])).item() == -math.inf
    assert tree.log_prob(torch.tensor([[0, 1, 1, 3]])).item() == 0


def test_draws_have_the_frequencies_of_their_probabilities():
    draws = 100_000
    actions = [(0, 1, 0, 0), (0, 1, 0, 4), (0, 3, 1, 2), (2, 0, 0, 0), (2, 2, 1, 1)]
    logits = torch.randn(1, sum(NVEC)).expand(draws, -1)
    tree = Tree(logits, NVEC, packed_of([actions], NVEC).expand(draws, -1))
    drawn, log_probs = tree.sample(torch.Generator().manual_seed(1))
    torch.testing.assert_close(log_probs, tree.log_prob(drawn))
    wanted = walked(logits[0], NVEC, actions)
    chi_square = 0.0
    for action in actions:
        count = int((drawn == torch.tensor(action)).all(-1).sum())
        expected = draws * float(wanted[action].exp())
        chi_square += (count - expected) ** 2 / expected
    assert chi_square < 18.47  # 0.1 % for 4 degrees of freedom


def test_gradients_are_those_of_the_walk():
    valid = some_valid(1, NVEC, seed=3)
    logits = torch.randn(1, sum(NVEC), requires_grad=True)
    tree = Tree(logits, NVEC, packed_of(valid, NVEC))
    (tree.log_prob(torch.tensor(valid[0][:1])) + tree.entropy()).sum().backward()
    mine, logits.grad = logits.grad.clone(), None
    wanted = walked(logits[0], NVEC, valid[0])
    every = torch.stack(list(wanted.values()))
    (wanted[valid[0][0]] - (every.exp() * every).sum()).backward()
    torch.testing.assert_close(mine, logits.grad)


def test_several_turns_are_independent_draws_from_one_tree():
    valid = some_valid(6, NVEC, seed=4)
    logits = torch.randn(6, 2 * sum(NVEC))
    packed = packed_of(valid, NVEC)
    both = ActionHead(NVEC, 2, "tree").distribution(logits, packed)
    drawn, log_probs = both.sample(torch.Generator().manual_seed(1))
    assert drawn.shape == (6, 8)
    first, second = (Tree(each, NVEC, packed) for each in logits.split(sum(NVEC), -1))
    torch.testing.assert_close(
        log_probs, first.log_prob(drawn[:, :4]) + second.log_prob(drawn[:, 4:])
    )
    torch.testing.assert_close(both.entropy(), first.entropy() + second.entropy())


def test_kl_of_a_tree():
    valid = some_valid(5, NVEC, seed=5)
    packed = packed_of(valid, NVEC)
    p, q = torch.randn(5, sum(NVEC)), torch.randn(5, sum(NVEC))
    divergence = Tree(p, NVEC, packed).kl(Tree(q, NVEC, packed))
    for row, actions in enumerate(valid):
        log_p, log_q = walked(p[row], NVEC, actions), walked(q[row], NVEC, actions)
        wanted = sum(log_p[a].exp() * (log_p[a] - log_q[a]) for a in actions)
        torch.testing.assert_close(divergence[row], wanted)


def test_mask_rules_out_what_no_valid_action_chooses():
    valid = [[(0, 1, 0, 0), (2, 1, 1, 4)], [(1, 0, 0, 3)]]
    head = ActionHead(NVEC, 1, "mask")
    logits = torch.randn(2, sum(NVEC))
    masked = head.masked(logits, packed_of(valid, NVEC))
    allowed = [{0, 2, 3 + 1, 7, 8, 9, 13}, {1, 3, 7, 12}]
    for row in range(2):
        for column in range(sum(NVEC)):
            if column in allowed[row]:
                assert masked[row, column] == logits[row, column]
            else:
                assert masked[row, column] < -1e8
    generator = torch.Generator().manual_seed(1)
    for _ in range(50):
        drawn, _ = head.distribution(logits, packed_of(valid, NVEC)).sample(generator)
        assert drawn[0, 0] in (0, 2)
        assert drawn[0, 1] == 1
        assert drawn[1].tolist() == [1, 0, 0, 3]
    assert torch.isfinite(Factored(masked, NVEC).entropy()).all()


def test_a_choice_of_probability_zero_is_never_drawn():
    logits = torch.full((200_000, 3), -1e9)
    logits[:, :2] = torch.tensor([0.3, 0.1])
    drawn, _ = Factored(logits, (3,)).sample(torch.Generator().manual_seed(0))
    assert drawn.max() == 1
