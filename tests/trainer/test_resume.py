"""Which run is resumed, and what it plays then."""

import time

import pytest
import ray

from griddly_lit import SimpleConv
from griddly_lit.callbacks import Callback
from griddly_lit.errors import CheckpointError
from griddly_lit.fitting import checkpoint_of_run
from trainer.small import STEPS, spec, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


@pytest.fixture(scope="module")
def runs(tmp_path_factory, ray_once):
    """Runs under one root; the newest last."""
    root = tmp_path_factory.mktemp("runs")
    mine = trainer(root, seed=1).fit()
    other_seed = trainer(root, seed=2).fit()
    other_model = trainer(root, seed=1, model=SimpleConv()).fit()
    other_levels = trainer(root, seed=1, env=spec(levels=0)).fit()
    return root, mine, other_seed, other_model, other_levels


def test_last_is_that_of_the_same_run(runs, caplog):
    root, mine, other_seed, other_model, other_levels = runs

    def found(**options):
        return checkpoint_of_run(trainer(root, **options), "last").path

    assert found(seed=1) == mine.last_path
    assert found(seed=2) == other_seed.last_path
    assert found(seed=None) == other_seed.last_path
    assert found(seed=1, model=SimpleConv()) == other_model.last_path
    assert found(seed=1, env=spec(levels=0)) == other_levels.last_path
    assert f"ckpt_path='last' takes {mine.last_path}" in caplog.text
    with pytest.raises(CheckpointError, match="but 4 of other runs"):
        checkpoint_of_run(trainer(root, seed=3), "last")
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        checkpoint_of_run(trainer(root, seed=1, algorithm="IMPALA", training={}), "best")


def test_a_run_with_nothing_left_says_so(runs, caplog):
    root, mine, *_ = runs
    result = trainer(root, max_iterations=2).fit(ckpt_path="last")
    assert result.env_steps == 2 * STEPS
    assert "Nothing is left to train" in caplog.text
    assert "max_iterations is reached" in caplog.text
    assert (result.last_path, result.best_path) == (mine.last_path, None)
    assert checkpoint_of_run(trainer(root), "best").path == mine.best_path


class Starts(Callback):
    """Notes how every unfinished episode began, after each iteration."""

    def __init__(self):
        self.seen = []

    def on_iteration_end(self, trainer):
        runners = trainer._fit.run.state_dict()["runners"]
        self.seen.append(
            {
                (number, game): (episode["level"], episode["seed"])
                for number, runner in enumerate(runners)
                for game, episode in enumerate(runner["games"]["episodes"] if runner else ())
            }
        )


def first_starts(tmp_path, ckpt_path=None, iterations=1, **options):
    starts = Starts()
    trainer(tmp_path, callbacks=starts, logger=False, max_iterations=iterations, **options).fit(
        ckpt_path
    )
    return starts.seen[0]


def test_a_run_resumed_with_other_games_plays_other_levels_and_seeds(tmp_path, caplog):
    fresh = first_starts(tmp_path)
    assert first_starts(tmp_path / "again") == fresh
    checkpoint = tmp_path / "checkpoints" / "last"
    resumed = first_starts(
        tmp_path / "resumed", checkpoint, iterations=2, num_envs_per_env_runner=4
    )
    assert "not exact" in caplog.text
    assert set(resumed) < set(fresh)
    assert not set(fresh.values()) & set(resumed.values())


def test_a_restarted_runner_plays_other_levels_and_seeds(tmp_path):
    class Kill(Starts):
        def on_iteration_end(self, trainer):
            super().on_iteration_end(trainer)
            if trainer.iterations == 1:
                actors = trainer._fit.run.algorithm.env_runner_group._worker_manager.actors()
                ray.kill(actors[1], no_restart=False)
            else:
                # It takes seconds to restart.
                time.sleep(0.5)
                trainer.should_stop = bool(self.seen[-1])

    kill = Kill()
    trainer(tmp_path, callbacks=kill, logger=False, num_env_runners=1, max_iterations=100).fit()
    first, *_, last = kill.seen
    assert len(first) == len(last) == 8
    assert not set(first.values()) & set(last.values())


def test_a_run_goes_on_with_a_shorter_limit(tmp_path, caplog):
    mine = trainer(tmp_path, logger=False)
    mine.fit()
    shorter = trainer(tmp_path, env=spec(max_steps=3), logger=False, max_iterations=3)
    result = shorter.fit(ckpt_path=tmp_path / "checkpoints" / "last")
    assert result.env_steps == 3 * STEPS
    assert "the games, as there are others than before begin anew" in caplog.text
    assert result.metrics["train/length_mean"] < 20
