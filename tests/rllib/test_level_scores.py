"""Scores of episodes, and the level sources that ask for them."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from ray.rllib.utils.postprocessing.value_predictions import compute_value_targets

from games import CORRIDOR
from griddly_lit import GeneratedLevels, GriddlyEnvSpec, GriddlyTrainer, PrioritizedLevels
from griddly_lit.envs import EpisodeEnd, EpisodeStart
from griddly_lit.envs.levels import source_state
from griddly_lit.errors import LevelError
from griddly_lit.policies import resolve_policies
from griddly_lit.rllib.config import Settings, algorithm_config
from griddly_lit.rllib.env_runner import GriddlyEnvRunner
from griddly_lit.rllib.level_scores import LevelScores, mean_absolute_gae

GAMMA, LAMBDA = 0.97, 0.9


def rllib_mean_absolute_gae(rewards, values, next_value):
    """RLlib's own, with the step that it adds behind the end of an episode."""
    terminated = next_value == 0
    steps = len(rewards)
    flags = np.zeros(steps + 1)
    flags[steps - 1] = 1
    # As RLlib's connector does: a bootstrapped value sits where the added step is.
    values = np.append(values, next_value).astype(np.float32)
    targets = compute_value_targets(
        values,
        np.append(rewards, 0).astype(np.float32),
        flags if terminated else np.zeros(steps + 1),
        np.zeros(steps + 1) if terminated else flags,
        GAMMA,
        LAMBDA,
    )
    return float(np.abs(targets - values)[:steps].mean())


@pytest.mark.parametrize("length", [1, 2, 37])
@pytest.mark.parametrize("next_value", [0.0, 1.7])
def test_scores_are_rllibs_own_advantages(length, next_value):
    rng = np.random.default_rng(length)
    rewards, values = rng.normal(size=length), rng.normal(size=length)
    ours = mean_absolute_gae(rewards, values, GAMMA, LAMBDA, next_value)
    assert ours == pytest.approx(rllib_mean_absolute_gae(rewards, values, next_value), rel=1e-5)


def end_of(index, rewards, terminated, lengths=None):
    rewards = np.asarray(rewards, dtype=np.float32)
    length = len(rewards)
    return EpisodeEnd(
        index=index,
        start=EpisodeStart(0, 0),
        returns=rewards.sum(axis=0),
        length=length,
        lengths=np.array(lengths or [length] * rewards.shape[1]),
        terminated=terminated,
        outcomes=("end",) * rewards.shape[1] if terminated else (),
        observations=(),
        actions=np.zeros((length, rewards.shape[1], 1), dtype=np.int64),
        rewards=rewards,
        events=[],
    )


def test_every_game_and_player_has_its_own_values():
    rng = np.random.default_rng(0)
    scores = LevelScores(2, 3, GAMMA, LAMBDA)
    values, rewards = rng.normal(size=(700, 3, 2)), rng.normal(size=(700, 2, 3))
    values[:, 2] = np.nan  # does not learn
    values = values.astype(np.float32)
    for row in values:
        scores.add((0, 2), row[[0, 2]])
        scores.add((1,), row[[1]])
        scores.end_step()
    # Over more steps than there was room for at first; player 1 has left after 5.
    end = end_of(1, rewards[:, 1], terminated=False, lengths=[700, 5, 700])
    expected = np.mean(
        [
            mean_absolute_gae(
                rewards[:, 1, 0].astype("f4"), values[:, 0, 1], GAMMA, LAMBDA, values[-1, 0, 1]
            ),
            mean_absolute_gae(rewards[:5, 1, 1].astype("f4"), values[:5, 1, 1], GAMMA, LAMBDA, 0.0),
        ]
    )
    assert scores.score(end) == pytest.approx(expected)
    # Nothing is left of it, and the other game goes on.
    assert scores.score(end_of(1, rewards[:1, 1], terminated=True)) is None
    assert scores.score(end_of(0, rewards[:, 0], terminated=True)) > 0


def test_values_of_unfinished_episodes_are_restored():
    rng = np.random.default_rng(0)
    one = LevelScores(3, 1, GAMMA, LAMBDA)
    for step in range(300):
        one.add((0,), rng.normal(size=(1, 3)).astype(np.float32))
        one.end_step()
        if step == 120:
            one.score(end_of(2, np.zeros((121, 1)), terminated=True))
    other = LevelScores(3, 1, GAMMA, LAMBDA)
    other.load_state_dict(one.state_dict())
    for scores in (one, other):
        scores.add((0,), np.ones((1, 3), dtype=np.float32))
        scores.end_step()
    for index, length in ((0, 301), (1, 301), (2, 180)):
        end = end_of(index, rng.normal(size=(length, 1)), terminated=False)
        assert one.score(end) == other.score(end) > 0
    with pytest.raises(ValueError, match="3 games"):
        other.load_state_dict(LevelScores(2, 1, GAMMA, LAMBDA).state_dict())


def test_what_came_before_a_reset_is_not_scored():
    rng = np.random.default_rng(0)
    scores = LevelScores(1, 1, GAMMA, LAMBDA)
    values = rng.normal(size=(9, 1, 1)).astype(np.float32)
    for row in values:
        scores.add((0,), row)
        scores.end_step()
    rewards = rng.normal(size=(4, 1)).astype(np.float32)
    expected = mean_absolute_gae(rewards[:, 0], values[5:, 0, 0], GAMMA, LAMBDA, 0.0)
    assert scores.score(end_of(0, rewards, terminated=True)) == pytest.approx(expected)


# With a runner.


@dataclass
class Scored:
    """Keeps what it is told."""

    levels: tuple[int, ...] = (0,)
    scorer = "gae"

    def __post_init__(self):
        self.told = []

    def draw(self, rng, ordinal):
        return self.levels[ordinal % len(self.levels)]

    def indices(self):
        return tuple(self.levels)

    def note(self, outcome):
        self.told.append(outcome)


def runner_of(levels, **options):
    spec = GriddlyEnvSpec(**{"yaml_string": CORRIDOR, "levels": levels, "max_steps": 7, **options})
    policies = resolve_policies(spec, "shared", "GAP")
    config = algorithm_config(Settings(spec, policies, num_envs_per_env_runner=3, seed=1))
    config.env_runners(rollout_fragment_length=5)
    return GriddlyEnvRunner(config=config, worker_index=0)


def test_a_runner_scores_episodes_across_fragments():
    """As RLlib scores the same episodes, joined from their parts."""
    runner = runner_of(Scored())
    parts = {}
    for _ in range(6):
        for episode in runner.sample():
            parts.setdefault(episode.id_, []).append(episode)
    gamma, lambda_ = runner.config.gamma, runner.config.lambda_
    expected = []
    for episodes in parts.values():
        if not episodes[-1].is_done or episodes[0].t_started:
            continue
        rewards = np.concatenate([np.asarray(e.get_rewards()) for e in episodes])
        values = np.concatenate([e.get_extra_model_outputs("vf_preds") for e in episodes])
        last = 0.0 if episodes[-1].is_terminated else values[-1]
        expected.append(mean_absolute_gae(rewards, values, gamma, lambda_, last))
    told = runner.env.level_source.told
    assert len(told) >= 6
    for outcome in told:
        assert min(abs(outcome.score - each) for each in expected) < 1e-6
    assert {outcome.level for outcome in told} == {0}
    assert runner.sampler._level_scores.state_dict()["steps"].max() < 7


def test_nothing_is_scored_that_nobody_asks_for():
    class Unscored(Scored):
        scorer = None

    runner = runner_of(Unscored())
    assert runner.sampler._level_scores is None
    runner.sample(num_timesteps=90)
    told = runner.env.level_source.told
    assert told
    assert {outcome.score for outcome in told} == {None}
    with pytest.raises(LevelError, match="scorer='entropy'.*Available: gae"):
        runner_of(type("Other", (Scored,), {"scorer": "entropy"})())


def test_random_actions_are_not_scored():
    runner = runner_of(Scored())
    runner.sample(num_timesteps=90, random_actions=True)
    assert {outcome.score for outcome in runner.env.level_source.told} == {None}


def test_several_players():
    spec = {"yaml_string": None, "yaml_file": "Multi-Agent/foragers.yaml", "max_steps": 6}
    runner = runner_of(Scored(), **spec)
    runner.sample(num_timesteps=90)
    assert all(outcome.score > 0 for outcome in runner.env.level_source.told)


TRAINING = {"train_batch_size_per_learner": 64, "minibatch_size": 64, "num_epochs": 1}


def trainer_of(levels, folder, **options):
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR, levels=levels, max_steps=6)
    return GriddlyTrainer(
        spec,
        "GAP",
        **{
            "training": TRAINING,
            "num_envs_per_env_runner": 4,
            "max_iterations": 2,
            "default_root_dir": folder,
            "logger": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "seed": 1,
            **options,
        },
    )


class Corridors:
    def __init__(self, config):
        pass

    def generate(self, rng):
        length = int(rng.integers(1, 6))
        row = "WA" + "." * length + "GW"
        return "\n".join(["W" * len(row), row, "W" * len(row)])


@pytest.mark.parametrize(
    ("levels", "hand_over"),
    [
        (Scored((0, 1)), Scored),
        (
            PrioritizedLevels(GeneratedLevels(Corridors, largest=(3, 9)), capacity=20),
            PrioritizedLevels(GeneratedLevels(Corridors)),
        ),
    ],
)
def test_a_fit_and_its_checkpoint(levels, hand_over, tmp_path, ray_once):
    trainer = trainer_of(levels, tmp_path)
    result = trainer.fit()
    assert result.env_steps == 128
    assert trainer.validate().by_level
    again = GriddlyTrainer.from_checkpoint(result.last_path, levels=hand_over)
    assert again.env.to_dict() == trainer.env.to_dict()
    trusted = GriddlyTrainer.from_checkpoint(result.last_path, trust=[__name__])
    assert trusted.env.to_dict() == trainer.env.to_dict()
    longer = trainer_of(levels, tmp_path / "longer", max_iterations=3)
    assert longer.fit(ckpt_path=result.last_path).env_steps == 192


def test_an_algorithm_without_values_is_named(tmp_path, ray_once):
    trainer = trainer_of(PrioritizedLevels([0, 1]), tmp_path, algorithm="DQN", training=None)
    with pytest.raises(LevelError, match="has no values to score with"):
        trainer.fit()


SCRIPT = """
import os, sys
from griddly_lit import GriddlyEnvSpec, GriddlyTrainer

class Mine:
    scorer = "gae"
    def __init__(self):
        self.scores = []
    def draw(self, rng, ordinal):
        return int(rng.integers(2))
    def indices(self):
        return (0, 1)
    def note(self, outcome):
        assert outcome.score >= 0
        self.scores.append(outcome.score)
        if len(self.scores) > 3 and os.environ.get("FAULT"):
            raise RuntimeError("no more notes")

if __name__ == "__main__":
    trainer = GriddlyTrainer(
        GriddlyEnvSpec(yaml_string=open(sys.argv[1]).read(), levels=Mine(), max_steps=6),
        "GAP", num_env_runners=1, num_envs_per_env_runner=4, max_iterations=2,
        training={"train_batch_size_per_learner": 64, "minibatch_size": 64, "num_epochs": 1},
        logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, seed=1,
    )
    print("steps", trainer.fit().env_steps)
"""


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["", "note"])
def test_a_source_of_a_script_in_a_remote_runner(fault, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "game.yaml").write_text(CORRIDOR)
    done = subprocess.run(
        [sys.executable, "script.py", "game.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "FAULT": fault},
        capture_output=True,
        text=True,
        timeout=300,
    )
    if fault:
        assert "LevelError" in done.stderr
        assert "Mine(…)" in done.stderr
    else:
        assert "steps 128" in done.stdout, done.stderr


def test_prioritised_levels_learn_their_scores():
    runner = runner_of(PrioritizedLevels([0, 1]), max_steps=4)
    runner.sample(num_timesteps=200)
    state = source_state(runner.env.level_source)
    assert np.isfinite(state["scores"]).all()
    # The spec's own has not been touched.
    assert np.isnan(source_state(runner.spec.level_source)["scores"]).all()
