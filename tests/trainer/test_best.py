"""Which checkpoint is the best."""

import pytest

from games import CORRIDOR
from griddly_lit import GriddlyTrainer
from griddly_lit.callbacks import Callback, ModelCheckpoint
from griddly_lit.checkpoints import open_checkpoint
from griddly_lit.errors import OptionError
from griddly_lit.fitting import checkpoint_of_run
from trainer.small import STEPS, spec, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


class Score(Callback):
    """Gives the iterations known scores."""

    def __init__(self, *values):
        self.values = values

    def on_iteration_end(self, trainer):
        trainer.metrics["score"] = self.values[trainer.iterations - 1]


def scored(tmp_path, *values, **options):
    keep = ModelCheckpoint(monitor="score", every_env_steps=1, **options)
    callbacks = [Score(*values), keep]
    return trainer(tmp_path, logger=False, callbacks=callbacks, max_iterations=len(values))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_no_score_before_the_window_is_full_and_every_game_has_ended(tmp_path):
    class Watch(Callback):
        def __init__(self):
            self.seen = []

        def on_iteration_end(self, trainer):
            begun = trainer._fit.run.algorithm.env_runner.env._episodes
            ended = all(begun >= 2)
            full = len(trainer._fit.run.window._episodes) == 100
            self.seen.append((trainer.env_steps, full, ended, trainer.train_window_is_full))

    watch, keep = Watch(), ModelCheckpoint(every_env_steps=1, save_top_k=100)
    trainer(
        tmp_path,
        env=spec(yaml_file=None, yaml_string=CORRIDOR, levels=1, max_steps=64),
        callbacks=[watch, keep],
        logger=False,
        num_envs_per_env_runner=64,
        training={"train_batch_size_per_learner": 640, "minibatch_size": 640, "num_epochs": 1},
        max_iterations=15,
    ).fit()
    assert all(settled == (full and ended) for _, full, ended, settled in watch.seen)
    # There were iterations with a full window, and games that had not ended an episode yet.
    assert any(full and not ended for _, full, ended, _ in watch.seen)
    wanted = {steps for steps, *_, settled in watch.seen if settled}
    kept = {open_checkpoint(path).env_steps for path in (tmp_path / "checkpoints").glob("env_*")}
    assert kept == wanted
    assert kept


def test_a_run_that_is_too_short_for_a_score_keeps_its_last_as_the_best(tmp_path, caplog):
    mine = trainer(tmp_path, logger=False)
    result = mine.fit()
    assert "No checkpoint has a score: 'train/return_mean' did not yet go over" in caplog.text
    assert result.best_score is None
    assert open_checkpoint(result.best_path).env_steps == 2 * STEPS
    assert checkpoint_of_run(trainer(tmp_path, logger=False), "best").path == result.best_path


def test_of_equals_the_newer_is_best(tmp_path):
    mine = scored(tmp_path, 1.0, 5.0, 5.0, 2.0, save_top_k=2)
    result = mine.fit()
    assert result.best_path.name == f"env_steps={3 * STEPS}"
    assert names(tmp_path / "checkpoints") == ["env_steps=256", "env_steps=384", "last"]
    assert open_checkpoint(result.last_path).env_steps == 4 * STEPS
    # Also where there is room for one.
    result = scored(tmp_path / "one", 1.0, 5.0, 5.0, 2.0).fit()
    assert result.best_path.name == f"env_steps={3 * STEPS}"


def test_best_shares_its_files_with_last_where_they_are_equal(tmp_path):
    mine = scored(tmp_path, 1.0, 2.0)
    result = mine.fit()
    files = [path for path in result.best_path.rglob("*") if path.is_file()]
    names = {file.name for file in files}
    assert names >= {"manifest.json", "weights.safetensors", "state.safetensors", "best.json"}
    for file in files:
        assert file.samefile(result.last_path / file.relative_to(result.best_path))


def test_the_best_is_what_the_validation_measured(tmp_path):
    mine = trainer(
        tmp_path,
        logger=False,
        max_iterations=6,
        validate_every_env_steps=STEPS,
        validation_episodes=3,
        training={"train_batch_size_per_learner": 128, "minibatch_size": 64, "lr": 0.01},
    )
    result = mine.fit()
    assert mine.checkpointing.monitor == "val/return_mean"
    again = GriddlyTrainer.from_checkpoint(result.best_path, validation_episodes=3, logger=False)
    assert again.validate().return_mean == result.best_score
    last = GriddlyTrainer.from_checkpoint(result.last_path, validation_episodes=3, logger=False)
    assert last.validate().return_mean <= result.best_score


def test_a_validation_s_score_is_not_that_of_later_weights(tmp_path):
    keep = ModelCheckpoint(every_env_steps=1, save_top_k=100)
    trainer(
        tmp_path,
        logger=False,
        callbacks=keep,
        max_iterations=5,
        validate_every_env_steps=2 * STEPS,
        validation_episodes=1,
    ).fit()
    kept = {open_checkpoint(path).env_steps for path in (tmp_path / "checkpoints").glob("env_*")}
    assert kept == {2 * STEPS, 4 * STEPS}


def test_several_checkpoint_callbacks_and_a_second_fit_leave_each_others_files(tmp_path):
    up = ModelCheckpoint(monitor="score", every_env_steps=1)
    down = ModelCheckpoint(monitor="score", mode="min", every_env_steps=1)
    mine = trainer(
        tmp_path, logger=False, callbacks=[Score(2.0, 3.0, 1.0), up, down], max_iterations=3
    )
    first = mine.fit()
    assert (up.best_score, down.best_score) == (3.0, 1.0)
    assert open_checkpoint(up.best_path).env_steps == 2 * STEPS
    assert open_checkpoint(down.best_path).env_steps == 3 * STEPS
    mine.callbacks[0].values = (9.0, 0.0, 0.0)
    second = mine.fit()
    assert second.best_score == 9.0
    assert open_checkpoint(second.best_path).metrics["score"] == 9.0
    assert open_checkpoint(first.best_path).metrics["score"] == 3.0
    # A worse fit has a best of its own.
    mine.callbacks[0].values = (0.5, 0.25, 0.0)
    assert mine.fit().best_score == 0.5


@pytest.mark.parametrize("is_same_run", [True, False])
def test_a_resumed_run_knows_the_best_of_the_one_before(tmp_path, is_same_run):
    def fit(*values, last=None):
        keep = ModelCheckpoint(monitor="score", every_env_steps=1)
        mine = trainer(
            tmp_path if is_same_run else tmp_path / str(len(values)),
            callbacks=[Score(*values), keep],
            max_iterations=len(values),
        )
        return mine.fit(ckpt_path=last)

    first = fit(1.0, 7.0)
    worse = fit(0.0, 0.0, 3.0, last=first.last_path)
    assert worse.best_score == 7.0
    assert open_checkpoint(worse.best_path).metrics["score"] == 7.0
    assert worse.best_path.parent == worse.last_path.parent
    assert (worse.last_path == first.last_path) == is_same_run
    better = fit(0.0, 0.0, 0.0, 8.0, last=worse.last_path)
    assert better.best_score == 8.0
    assert names(better.last_path.parent) == ["env_steps=512", "last"]
    # A run keeps what is its own, whatever becomes of those that go on from it.
    assert first.best_path.exists() != is_same_run


def test_fast_dev_run_finds_a_misspelt_monitor(tmp_path):
    keep = ModelCheckpoint(monitor="train/retrun_mean")
    with pytest.raises(OptionError, match="'train/retrun_mean'.*Did you mean 'train/return_mean'"):
        trainer(tmp_path, callbacks=keep, fast_dev_run=True).fit()
    # What a callback may add is known only once it has run.
    misspelt = [Score(1.0), ModelCheckpoint(monitor="scroe")]
    mine = trainer(tmp_path, callbacks=misspelt, fast_dev_run=True)
    with pytest.raises(OptionError, match="'scroe'.*Did you mean 'score'"):
        mine.fit()
