"""100,000 steps of GriddlyRTS along the tree of valid actions."""

import numpy as np
import pytest
import torch

from griddly_lit import GAP, GriddlyEnvSpec
from griddly_lit.envs import VectorGame
from griddly_lit.models import Tree
from griddly_lit.models.valid_actions import parts_of, unpack
from griddly_lit.policies import resolve_policies
from griddly_lit.policies.players import PolicyPlayers

pytestmark = pytest.mark.slow

STEPS = 100_000
GAMES = 64


@pytest.mark.timeout(3600)
def test_no_action_is_invalid_in_100_000_steps():
    spec = GriddlyEnvSpec(yaml_file="RTS/GriddlyRTS.yaml", levels=0, max_steps=500)
    (policy,) = resolve_policies(spec, "shared", GAP(), "tree")
    torch.manual_seed(1)
    network = GAP().build(policy.observation_shape, policy.head.num_logits)
    # Fresh heads are all but uniform; these prefer some branches over others.
    torch.nn.init.normal_(network.actor[-1].weight, std=0.3)
    players = PolicyPlayers([policy], {"shared": network})
    games = VectorGame(spec, GAMES, seed=1, valid_actions=True)
    games.reset()
    generator = torch.Generator().manual_seed(1)
    steps = no_ops = 0
    while steps < STEPS:
        actions = players.act(games, generator)
        for game, of_game in zip(games._games, actions, strict=True):
            # The engine's own trees, as it gives them.
            trees = game._engine.build_valid_action_trees()
            for tree, action in zip(trees, of_game.tolist(), strict=True):
                if tree:
                    branch = tree
                    for part in action:
                        assert part in branch, action
                        branch = branch[part]
                else:
                    assert action == [0, 0, 0, 0]
                    no_ops += 1
        games.step(actions)
        steps += GAMES
    assert no_ops < steps


def test_probabilities_of_all_valid_actions_of_a_state_sum_to_one():
    spec = GriddlyEnvSpec(yaml_file="RTS/GriddlyRTS.yaml", levels=0, max_steps=500)
    nvec = spec.single_action_nvec
    games = VectorGame(spec, 16, seed=2, valid_actions=True)
    games.reset()
    rng = np.random.default_rng(0)
    for _ in range(200):
        (block,) = games.blocks
        packed = torch.from_numpy(block.valid_actions)
        logits = 3 * torch.randn(len(packed), sum(nvec))
        tree = Tree(logits, nvec, packed)
        valid = unpack(packed)
        sums = torch.zeros(len(packed), dtype=torch.float64)
        drawn, _ = tree.sample(torch.Generator().manual_seed(int(rng.integers(2**31))))
        for item in range(len(packed)):
            mine = parts_of(valid.flat[valid.item == item], nvec)
            # One state, asked for each of its valid actions in turn.
            alone = Tree(
                logits[item].expand(len(mine), -1),
                nvec,
                packed[item].expand(len(mine), -1),
            )
            sums[item] = alone.log_prob(mine).double().exp().sum()
        assert (sums - 1).abs().max() < 1e-5
        games.step(drawn.numpy().reshape(2, 16, 4).swapaxes(0, 1))
