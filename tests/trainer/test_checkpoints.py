import json
import pickle
import shutil

import numpy as np
import pytest
import torch

from conftest import ZELDA
from games import CORRIDOR
from griddly_lit import GAP, GriddlyTrainer
from griddly_lit.callbacks import Callback, ModelCheckpoint
from griddly_lit.checkpoints import open_checkpoint, write_checkpoint
from griddly_lit.engine import Game, load_gdy
from griddly_lit.errors import CheckpointError, OptionError
from griddly_lit.fitting import checkpoint_of_run
from trainer.small import STEPS, spec, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, ray_once):
    mine = trainer(tmp_path_factory.mktemp("fitted"), max_iterations=3)
    return mine, mine.fit()


@pytest.fixture
def checkpoint(fitted, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(fitted[1].last_path, tmp_path / "checkpoints" / "last")


def test_last_is_the_last_and_best_the_best(tmp_path):
    class Returns(Callback):
        """Gives the iterations known scores: the best one is neither first nor last."""

        def on_iteration_end(self, trainer):
            trainer.metrics["score"] = [1.0, 5.0, 3.0, 4.0, 1.0][trainer.iterations - 1]

    keep = ModelCheckpoint(monitor="score", save_top_k=2, every_env_steps=1)
    result = trainer(tmp_path, logger=False, callbacks=[Returns(), keep], max_iterations=5).fit()
    folder = tmp_path / "checkpoints"
    assert sorted(path.name for path in folder.iterdir()) == [
        "env_steps=256",
        "env_steps=512",
        "last",
    ]
    assert result.best_score == 5.0
    assert result.best_path == folder / "env_steps=256"
    assert open_checkpoint(result.best_path).metrics["score"] == 5.0
    assert open_checkpoint(result.last_path).env_steps == 5 * STEPS


def test_a_missing_monitor_is_named_before_training(tmp_path):
    keep = ModelCheckpoint(monitor="train/retrun_mean")
    with pytest.raises(OptionError, match=r"Did you mean 'train/return_mean'\?.*Available: "):
        trainer(tmp_path, logger=False, callbacks=keep)


def test_a_checkpoint_holds_all_that_acting_needs_without_pickle(fitted, checkpoint, monkeypatch):
    mine, _ = fitted
    shutil.rmtree(checkpoint / "rllib")
    manifest = json.loads((checkpoint / "manifest.json").read_text())
    manifest["files"] = {n: f for n, f in manifest["files"].items() if not n.startswith("rllib")}
    (checkpoint / "manifest.json").write_text(json.dumps(manifest))

    def refuse(*_, **__):
        raise AssertionError("a pickle was read")

    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(pickle, "loads", refuse)
    again = GriddlyTrainer.from_checkpoint(checkpoint, enable_progress_bar=False)
    observations = np.random.default_rng(0).integers(0, 2, (64, 5, 5, 10), dtype=np.uint8)
    assert np.array_equal(again.act(observations), mine.act(observations))
    assert again.env == mine.env
    assert again.model == mine.model
    assert again.env_steps == 3 * STEPS
    endings = {file.suffix for file in mine.checkpointing.last_path.rglob("*") if file.is_file()}
    assert endings == {".json", ".yaml", ".safetensors"}


def test_episodes_in_flight_can_be_repeated(fitted, checkpoint):
    opened = open_checkpoint(checkpoint)
    (runner,) = opened.state()["run"]["runners"]
    episodes = runner["games"]["episodes"]
    assert len(episodes) == 8
    env = opened.arguments({}, ())["env"]
    for episode in episodes:
        game = Game(load_gdy(env.text), env.game, max_steps=env.max_steps)
        game.reset(episode["level"], episode["seed"])
        for action in episode["actions"]:
            game.step(action)
        assert game.steps == len(episode["actions"]) < 20


def test_resume_goes_on_with_counters_weights_and_optimizer(tmp_path):
    def state_of(trainer):
        learner = trainer._fit.run.algorithm.learner_group._learner
        optimizer = learner.get_optimizer("default_policy")
        moments = [value["exp_avg"].clone() for value in optimizer.state.values()]
        return trainer.env_steps, trainer._fit.run.weights()["default_policy"], moments

    class Look(Callback):
        def on_fit_start(self, trainer):
            self.start = state_of(trainer)

        def on_fit_end(self, trainer):
            self.end = state_of(trainer)

    first, second = Look(), Look()
    trainer(tmp_path, max_iterations=2, callbacks=first).fit()
    result = trainer(tmp_path, max_iterations=3, callbacks=second).fit(ckpt_path="last")
    steps, weights, moments = second.start
    assert steps == first.end[0] == 2 * STEPS
    assert all(torch.equal(weights[name], first.end[1][name]) for name in weights)
    assert any(moment.abs().sum() > 0 for moment in moments)
    assert all(torch.equal(*pair) for pair in zip(moments, first.end[2], strict=True))
    assert (result.env_steps, result.iterations) == (3 * STEPS, 3)
    (folder,) = (tmp_path / "griddly_lit_logs").iterdir()
    assert f"{3 * STEPS}" in (folder / "metrics.csv").read_text()
    assert result.last_path == folder / "checkpoints" / "last"


def test_resume_from_best_and_from_a_path(fitted, tmp_path):
    _, result = fitted
    for path in (result.best_path, str(result.last_path)):
        again = trainer(tmp_path, max_env_steps=1, logger=False, enable_checkpointing=False)
        assert again.fit(ckpt_path=path).env_steps == open_checkpoint(path).env_steps
    # By name: of this trainer, and of another one that looks under the same root.
    mine, _ = fitted
    other = trainer(mine.default_root_dir, logger=False)
    for each in (mine, other):
        assert checkpoint_of_run(each, "best").path == result.best_path
        assert checkpoint_of_run(each, "last").path == result.last_path


def test_last_without_a_checkpoint_begins_anew_with_a_warning(tmp_path, caplog):
    result = trainer(tmp_path, max_iterations=1, logger=False).fit(ckpt_path="last")
    assert result.env_steps == STEPS
    assert "finds no checkpoint" in caplog.text
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        trainer(tmp_path / "empty", logger=False).fit(ckpt_path="best")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (shutil.rmtree, "no such directory"),
        (lambda path: (path / "manifest.json").unlink(), "no manifest.json"),
        (lambda path: (path / "manifest.json").write_text("{"), "manifest.json is cut short"),
        (lambda path: (path / "weights.safetensors").unlink(), "weights.safetensors is missing"),
        (lambda path: (path / "spec.json").write_text("{}"), "spec.json is altered"),
        (
            lambda path: (path / "weights.safetensors").write_bytes(
                (path / "weights.safetensors").read_bytes()[:1000]
            ),
            "weights.safetensors is altered or cut short",
        ),
    ],
)
def test_spoilt_checkpoints_are_named(checkpoint, tmp_path, spoil, message):
    spoil(checkpoint)
    with pytest.raises(CheckpointError, match=message):
        GriddlyTrainer.from_checkpoint(checkpoint)
    with pytest.raises(CheckpointError, match=message):
        trainer(tmp_path / "other").fit(ckpt_path=checkpoint)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"env": spec(yaml_file=ZELDA)}, "another game"),
        ({"env": spec(yaml_file=None, yaml_string=CORRIDOR)}, "another game"),
        ({"model": GAP()}, "another model"),
    ],
)
def test_checkpoints_of_another_game_or_model_are_refused(checkpoint, tmp_path, options, message):
    with pytest.raises(CheckpointError, match=message):
        trainer(tmp_path / "other", **options).fit(ckpt_path=checkpoint)


def test_a_checkpoint_is_written_whole_or_not_at_all(fitted, tmp_path):
    mine, _ = fitted
    path = tmp_path / "checkpoints" / "last"
    parts = {
        "env": mine.env,
        "policies": mine.resolved_policies,
        "settings": mine.settings(),
        "weights": {"default_policy": mine._actor.networks["default_policy"].state_dict()},
        "state": {},
        "league": None,
        "env_steps": 1,
        "iterations": 1,
        "metrics": {},
    }
    write_checkpoint(path, **parts, save_rllib=lambda folder: None)

    def fail(folder):
        (folder / "half").write_text("written")
        raise OSError("disk full")

    with pytest.raises(CheckpointError, match="it cannot be written: disk full"):
        write_checkpoint(path, **{**parts, "env_steps": 2}, save_rllib=fail)
    assert open_checkpoint(path).env_steps == 1
    assert [entry.name for entry in path.parent.iterdir()] == ["last"]
    write_checkpoint(path, **{**parts, "env_steps": 3}, save_rllib=lambda folder: None)
    assert open_checkpoint(path).env_steps == 3
    assert [entry.name for entry in path.parent.iterdir()] == ["last"]


def test_saving_needs_training(fitted):
    with pytest.raises(CheckpointError, match="no training in progress"):
        fitted[0].save_checkpoint("anywhere")
