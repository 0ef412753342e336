"""Agents among agents learn: minutes each, run by ``make test-slow``."""

import numpy as np
import pytest

from griddly_lit import GAP, GriddlyEnvSpec, GriddlyTrainer, SelfPlay
from griddly_lit.checkpoints import open_checkpoint
from griddly_lit.playing import batches_of, play_episodes
from griddly_lit.policies import resolve_policies
from griddly_lit.policies.match import score_of
from griddly_lit.policies.players import PolicyPlayers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

OUTPOST = "tests/games/outpost.yaml"


def small_trainer(spec, tmp_path, **options):
    defaults = {
        "training": {"train_batch_size_per_learner": 2048, "minibatch_size": 512},
        "num_envs_per_env_runner": 32,
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "default_root_dir": tmp_path,
    }
    return GriddlyTrainer(spec, GAP(), **{**defaults, **options})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_forager_gathers_more_than_at_random(seed, tmp_path):
    spec = GriddlyEnvSpec(yaml_file="Multi-Agent/foragers.yaml", max_steps=500)
    trainer = small_trainer(spec, tmp_path, max_env_steps=40_000, seed=seed)
    # An untrained policy is uniform but for a hundredth.
    before = trainer.test(episodes_per_level=32)
    trainer.fit()
    after = trainer.test(episodes_per_level=32)
    means = [[each.agent_return_mean(agent) for agent in (1, 2, 3, 4)] for each in (before, after)]
    print(f"foragers, seed {seed}: {np.round(means, 1).tolist()}")
    assert after.return_interval[0] > 1.5 * before.return_interval[1]
    assert all(trained > untrained for untrained, trained in zip(*means, strict=True))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_valid_actions_make_learning_faster(seed, tmp_path):
    """The same steps on an RTS of two levels; what counts is what is gained over no training."""
    spec = GriddlyEnvSpec(yaml_file=OUTPOST, levels=[0, 1], max_steps=40)
    gains = {}
    for mode in ("off", "mask", "tree"):
        trainer = small_trainer(
            spec, tmp_path / mode, max_env_steps=8_000, seed=seed, valid_actions=mode
        )
        before = trainer.test(episodes_per_level=32).return_mean
        trainer.fit()
        after = trainer.test(episodes_per_level=32).return_mean
        gains[mode] = after - before
        print(f"outpost, seed {seed}, {mode}: {before:.1f} before, {after:.1f} after")
    assert gains["mask"] > gains["off"] + 3
    assert gains["tree"] > gains["off"] + 3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_newest_of_self_play_beats_the_first_snapshot(seed, tmp_path):
    spec = GriddlyEnvSpec(yaml_file=OUTPOST, levels=0, max_steps=200)
    rules = SelfPlay(snapshot_every=8_192, pool_size=6)
    trainer = small_trainer(
        spec, tmp_path, max_env_steps=60_000, seed=seed, policies=rules, valid_actions="tree"
    )
    result = trainer.fit()
    checkpoint = open_checkpoint(result.last_path)
    policies = resolve_policies(spec, {"newest": [1], "first": [2]}, GAP(), "tree")
    networks = {
        policy.name: GAP().build(policy.observation_shape, policy.head.num_logits)
        for policy in policies
    }
    networks["newest"].load_state_dict(checkpoint.weights()["learner"])
    networks["first"].load_state_dict(checkpoint.league(rules).pool[0].weights)
    scores = []
    for player, names in enumerate((("newest", "first"), ("first", "newest"))):
        seated = resolve_policies(spec, {names[0]: [1], names[1]: [2]}, GAP(), "tree")
        (batch,) = batches_of([0], 64, seed)
        ends = play_episodes(PolicyPlayers(seated, networks), spec, batch)
        scores += [score_of(end.outcomes, end.returns, player) for end in ends]
    decided = [score for score in scores if score != 0.5]
    print(
        f"self-play, seed {seed}: newest won {sum(decided):.0f} of {len(decided)} decided games "
        f"of {len(scores)}; Elo {result.metrics['self_play/elo']:.0f} "
        f"± {result.metrics['self_play/elo_standard_error']:.0f}"
    )
    assert len(decided) >= 64
    assert np.mean(decided) >= 0.7
