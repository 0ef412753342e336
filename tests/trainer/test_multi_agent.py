"""Games of several players through the trainer."""

import json

import imageio.v2 as imageio
import numpy as np
import pytest
import torch

from griddly_lit import (
    GAP,
    GriddlyEnvSpec,
    GriddlyTrainer,
    ImpalaCNN,
    VideoRecording,
    bundled_games,
)
from griddly_lit.checkpoints import open_checkpoint
from griddly_lit.errors import CheckpointError, PolicyError
from griddly_lit.policies import SelfPlay
from trainer.small import STEPS, trainer

pytestmark = pytest.mark.usefixtures("ray_once")

FORAGERS = "Multi-Agent/foragers.yaml"
RTS = "RTS/GriddlyRTS.yaml"
MULTI_PLAYER = [game for game in bundled_games() if not game.startswith("Single-Player")]
GRIDMAN = {
    "yaml_file": "recipes/games/gridman.yaml",
    "levels": [0],
    "test_levels": [1],
    "max_steps": 30,
    "player_observer_type": ["GridmanView", "ChaserView", "ChaserView", "ChaserView"],
    "global_observer_type": "Block2D",
}
OUTPOST = {
    "yaml_file": "tests/games/outpost.yaml",
    "levels": [0],
    "test_levels": [1],
    "max_steps": 30,
    "global_observer_type": "Block2D",
}


def foragers(**options):
    return GriddlyEnvSpec(yaml_file=FORAGERS, max_steps=12, **options)


@pytest.mark.parametrize("valid_actions", ["off", "tree"])
@pytest.mark.parametrize("policies", ["shared", "independent"])
@pytest.mark.parametrize("game", MULTI_PLAYER)
def test_fast_dev_run(game, policies, valid_actions, tmp_path):
    leaves = {"player_done_variable": "player_done"} if "robot_tag" in game else {}
    spec = GriddlyEnvSpec(yaml_file=game, max_steps=8, **leaves)
    result = GriddlyTrainer(
        spec,
        "ImpalaCNN",
        policies=policies,
        valid_actions=valid_actions,
        fast_dev_run=True,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    ).fit()
    assert result.env_steps == 32
    names = (
        ["shared"]
        if policies == "shared"
        else [f"agent_{n}" for n in range(1, spec.game.player_count + 1)]
    )
    for name in names:
        assert result.metrics[f"learner/{name}/entropy"] > 0
        assert np.isfinite(result.metrics[f"learner/{name}/loss"])


def test_metrics_are_per_agent_and_per_policy(tmp_path):
    mine = trainer(
        tmp_path,
        foragers(),
        policies={"odd": [1, 3], "even": [2, 4]},
        model={"odd": GAP(), "even": ImpalaCNN()},
        track_actions=True,
        max_iterations=1,
    )
    metrics = mine.fit().metrics
    agents = [metrics[f"train/agent_{agent}/return_mean"] for agent in (1, 2, 3, 4)]
    assert metrics["train/odd/return_mean"] == pytest.approx((agents[0] + agents[2]) / 2)
    assert metrics["train/even/return_mean"] == pytest.approx((agents[1] + agents[3]) / 2)
    assert metrics["train/return_mean"] == pytest.approx(sum(agents))
    assert all(metrics[f"agent_info/{agent}/move"] > 0 for agent in (1, 2, 3, 4))
    result = mine.test(episodes_per_level=3)
    assert result.metrics("test")["test/agent_4/return_mean"] == result.agent_return_mean(4)
    assert sum(map(result.agent_return_mean, (1, 2, 3, 4))) == pytest.approx(result.return_mean)
    assert "agent 4: return" in str(result)


@pytest.mark.parametrize(
    "policies", [{"default_policy": [1, 2], "other": [3, 4]}, {"default_policy": [1, 2, 3, 4]}]
)
def test_a_policy_may_be_called_default_policy(policies, tmp_path):
    mine = trainer(tmp_path, foragers(), policies=policies, max_iterations=1, logger=False)
    network = mine._actor.networks["default_policy"]
    before = [weight.detach().clone() for weight in network.parameters()]
    result = mine.fit()
    assert result.metrics["learner/default_policy/entropy"] > 0
    assert {f"train/agent_{agent}/return_mean" for agent in (1, 2, 3, 4)} <= set(result.metrics)
    assert "train/default_policy/return_mean" in result.metrics
    assert not all(map(torch.equal, before, network.parameters()))
    assert open_checkpoint(result.last_path).weights().keys() == policies.keys()
    again = trainer(tmp_path, foragers(), policies=policies, max_iterations=2, logger=False)
    assert again.fit(ckpt_path="last").iterations == 2


def test_frozen_policies_keep_their_weights(tmp_path):
    mine = trainer(
        tmp_path,
        foragers(),
        policies={"a": [1, 2], "b": [3, 4]},
        train_policies=["a"],
        training={"lr": 1e-2, "train_batch_size_per_learner": 128, "minibatch_size": 64},
    )
    saved = mine.fit().last_path
    options = {"enable_progress_bar": False, "enable_model_summary": False, "max_iterations": 3}
    again = GriddlyTrainer.from_checkpoint(saved, default_root_dir=tmp_path / "again", **options)
    result = again.fit(ckpt_path=saved)
    assert result.iterations == 3
    first, second = open_checkpoint(saved).weights(), open_checkpoint(result.last_path).weights()
    assert all(torch.equal(first["b"][name], second["b"][name]) for name in first["b"])
    assert not all(torch.equal(first["a"][name], second["a"][name]) for name in first["a"])
    assert "learner/a/loss" in result.metrics
    assert "learner/b/loss" not in result.metrics


def test_settings_of_one_policy_reach_its_learner(tmp_path):
    mine = trainer(
        tmp_path,
        foragers(),
        policies={"a": [1, 2], "b": [3, 4]},
        training={"lr": 1e-3, "b": {"lr": 5e-4, "entropy_coeff": 0.5}},
    )
    config = mine.to_rllib()
    assert config.get_config_for_module("a").lr == 1e-3
    assert config.get_config_for_module("b").lr == 5e-4
    assert config.get_config_for_module("b").entropy_coeff == 0.5
    with pytest.raises(ValueError, match=r"training\['entropy_coef'\]"):
        trainer(tmp_path, foragers(), training={"shared": {"entropy_coef": 1}})


def test_a_run_of_several_policies_resumes(tmp_path):
    options = {"policies": "independent", "valid_actions": "tree"}
    first = trainer(tmp_path, foragers(), **options).fit()
    result = trainer(tmp_path, foragers(), **options, max_iterations=3).fit(ckpt_path="last")
    assert (first.env_steps, result.env_steps) == (2 * STEPS, 3 * STEPS)
    other = trainer(tmp_path, foragers(), policies="shared")
    with pytest.raises(CheckpointError, match="another model|another choice of policies"):
        other.fit(ckpt_path=result.last_path)
    loaded = GriddlyTrainer.from_checkpoint(result.last_path)
    assert loaded.policies == "independent"
    assert loaded.valid_actions == "tree"
    mine = trainer(tmp_path, foragers(), **options)
    mine.test(ckpt_path=result.last_path, episodes_per_level=1)
    observation = np.zeros((5, 5, 5), dtype=np.uint8)
    for agent in (1, 4):
        assert loaded.act(observation, agent).tolist() == mine.act(observation, agent).tolist()
        assert loaded.act(observation, agent, [[1, 3]]).tolist() == [1, 3]
    with pytest.raises(PolicyError, match="agent_id=None"):
        loaded.act(observation)


def test_self_play_learns_and_resumes_with_its_pool(tmp_path):
    spec = GriddlyEnvSpec(**{**OUTPOST, "max_steps": 12})
    options = {"policies": SelfPlay(snapshot_every=STEPS, pool_size=3), "valid_actions": "tree"}
    mine = trainer(tmp_path, spec, model=GAP(), **options, max_iterations=4)
    result = mine.fit()
    assert result.metrics["self_play/snapshots"] == 5
    assert np.isfinite(result.metrics["self_play/elo"])
    assert result.metrics["self_play/elo_standard_error"] > 0
    league = open_checkpoint(result.last_path).league(options["policies"])
    assert sorted(league.pool) == [0, 3, 4]
    assert [league.pool[n].env_steps for n in (0, 3, 4)] == [0, 3 * STEPS, 4 * STEPS]
    newest = open_checkpoint(result.last_path).weights()["learner"]
    assert all(torch.equal(league.pool[4].weights[name], newest[name]) for name in newest)
    assert any(not torch.equal(league.pool[0].weights[name], newest[name]) for name in newest)
    games = json.loads((result.last_path / "pool" / "league.json").read_text())["results"]
    assert sum(played for *_, played in games) > 0
    resumed = trainer(tmp_path, spec, model=GAP(), **options, max_iterations=5)
    more = resumed.fit(ckpt_path="last")
    assert more.metrics["self_play/snapshots"] == 6


def test_two_remote_runners_play_against_the_pool(tmp_path):
    spec = GriddlyEnvSpec(**{**OUTPOST, "max_steps": 12})
    result = trainer(
        tmp_path,
        spec,
        model=GAP(),
        policies=SelfPlay(snapshot_every=STEPS, opponent="prioritised"),
        num_env_runners=2,
        max_iterations=3,
    ).fit()
    assert result.metrics["self_play/snapshots"] == 4


@pytest.mark.parametrize(
    ("game", "options"),
    [
        (GRIDMAN, {"policies": {"gridman": [1], "chaser": [2, 3, 4]}}),
        (OUTPOST, {"valid_actions": "tree"}),
        ({**OUTPOST, "actions_per_turn": 2}, {"valid_actions": "mask"}),
    ],
)
def test_unseen_games_are_trained_tested_and_recorded(game, options, tmp_path):
    spec = GriddlyEnvSpec(**game)
    mine = trainer(
        tmp_path,
        spec,
        model=GAP(),
        track_actions=True,
        video=VideoRecording(every_env_steps=1, include_agents=True, directory=tmp_path / "videos"),
        max_iterations=4,
        **options,
    )
    result = mine.fit()
    players = spec.game.player_count
    assert result.env_steps == 4 * STEPS
    assert {f"train/agent_{n}/return_mean" for n in range(1, players + 1)} <= set(result.metrics)
    tested = mine.test(episodes_per_level=2)
    assert [level.level for level in tested.by_level] == [1]
    videos = sorted((tmp_path / "videos").rglob("*.mp4"))
    assert len(videos) >= 1 + players
    for video in videos:
        frames = imageio.mimread(video, memtest=False)
        assert len(frames) > 1
        assert np.stack(frames).max() > 0
    replay = mine.play(1, tmp_path / "played.gif", view=players)
    assert replay.actions.shape[1:] == (players, len(spec.action_nvec))
    assert (tmp_path / "played.gif").stat().st_size > 0
