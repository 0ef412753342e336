import csv
import logging
import os
import signal
import time

import pytest
import torch
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from griddly_lit import ImpalaCNN, TorchModel
from griddly_lit.callbacks import Callback, ModelCheckpoint
from griddly_lit.errors import GriddlyLitError, ModelError, ObserverError, OptionError
from trainer.small import STEPS, TRAINING, spec, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


class Wide(torch.nn.Module):
    """A model of a user's."""

    def __init__(self, observation_shape, num_logits, width=8):
        super().__init__()
        height, columns, channels = observation_shape
        self.body = torch.nn.Linear(height * columns * channels, width)
        self.logits = torch.nn.Linear(width, num_logits)
        self.value = torch.nn.Linear(width, 1)

    def forward(self, observations):
        hidden = torch.relu(self.body(observations.float().flatten(1)))
        return self.logits(hidden), self.value(hidden).squeeze(-1)


class Narrow(Wide):
    def forward(self, observations):
        logits, values = super().forward(observations)
        return logits[:, :-1], values


def rows(file):
    with open(file) as stream:
        return list(csv.DictReader(stream))


def test_the_default_loggers_hold_the_same_scalars(tmp_path):
    result = trainer(tmp_path, logger=True, max_iterations=3).fit()
    (folder,) = (tmp_path / "griddly_lit_logs").iterdir()
    csv_rows = rows(folder / "metrics.csv")
    assert [int(row["step"]) for row in csv_rows] == [STEPS, 2 * STEPS, 3 * STEPS]
    assert float(csv_rows[-1]["train/return_mean"]) == result.metrics["train/return_mean"]
    events = EventAccumulator(str(folder))
    events.Reload()
    entropies = events.Scalars("learner/default_policy/entropy")
    assert [event.step for event in entropies] == [STEPS, 2 * STEPS, 3 * STEPS]
    assert [event.value for event in entropies] == pytest.approx(
        [float(row["learner/default_policy/entropy"]) for row in csv_rows], rel=1e-6
    )
    settings = (folder / "hparams.yaml").read_text()
    for line in ("seed: 1", "minibatch_size: 64", "max_steps: 20", "name: ImpalaCNN"):
        assert line in settings


def test_several_loggers_and_none(tmp_path):
    loggers = [CSVLogger(tmp_path / "a"), TensorBoardLogger(tmp_path / "b")]
    trainer(tmp_path, logger=loggers, max_iterations=1).fit()
    assert list((tmp_path / "a").rglob("metrics.csv"))
    assert list((tmp_path / "b").rglob("events.*"))
    trainer(tmp_path / "none", logger=False, max_iterations=1, enable_checkpointing=False).fit()
    assert not (tmp_path / "none").exists()


def test_one_logger(tmp_path):
    trainer(tmp_path, logger=CSVLogger(tmp_path), max_iterations=1).fit()
    assert len(rows(next(tmp_path.rglob("metrics.csv")))) == 1


def test_limits(tmp_path):
    def fit(**limits):
        limits = {"max_iterations": None, "enable_checkpointing": False, **limits}
        return trainer(tmp_path, logger=False, **limits).fit()

    by_steps = fit(max_env_steps=STEPS + 1)
    assert (by_steps.stop_reason, by_steps.env_steps) == ("max_env_steps", 2 * STEPS)
    by_iterations = fit(max_iterations=1)
    assert (by_iterations.stop_reason, by_iterations.iterations) == ("max_iterations", 1)
    began = time.monotonic()
    by_time = fit(max_time="00:00:00:02")
    assert by_time.stop_reason == "max_time"
    assert by_time.iterations > 1
    assert time.monotonic() - began > 2


def test_callbacks_see_and_stop_training(tmp_path):
    class Watch(Callback):
        def __init__(self):
            self.calls = []

        def on_fit_start(self, trainer):
            self.calls.append(("start", trainer.env_steps))

        def on_iteration_end(self, trainer):
            self.calls.append(("iteration", trainer.env_steps))
            assert "learner/default_policy/loss" in trainer.metrics
            trainer.should_stop = trainer.iterations == 2

        def on_fit_end(self, trainer):
            self.calls.append(("end", trainer.env_steps))

        def on_teardown(self):
            self.calls.append(("teardown", None))

    watch = Watch()
    result = trainer(
        tmp_path, logger=False, callbacks=watch, max_iterations=None, enable_checkpointing=False
    ).fit()
    assert result.stop_reason == "callback"
    assert watch.calls == [
        ("start", 0),
        ("iteration", STEPS),
        ("iteration", 2 * STEPS),
        ("end", 2 * STEPS),
        ("teardown", None),
    ]


def test_an_error_in_a_callback_reaches_the_user_and_closes_the_loggers(tmp_path):
    class Broken(Callback):
        def on_iteration_end(self, trainer):
            raise RuntimeError("mine")

    class Told(CSVLogger):
        def finalize(self, status):
            self.status = status
            super().finalize(status)

    logger = Told(tmp_path)
    with pytest.raises(RuntimeError, match="mine"):
        trainer(tmp_path, logger=logger, callbacks=[Broken()]).fit()
    assert logger.status == "failed"


def test_ctrl_c_ends_after_the_iteration_with_a_checkpoint(tmp_path, caplog):
    class Press(Callback):
        def on_iteration_end(self, trainer):
            if trainer.iterations == 2:
                os.kill(os.getpid(), signal.SIGINT)

    # Not the default one where the tests run in the background.
    before = signal.getsignal(signal.SIGINT)
    with caplog.at_level(logging.WARNING, "griddly_lit"):
        result = trainer(tmp_path, logger=False, callbacks=Press(), max_iterations=None).fit()
    assert result.stop_reason == "interrupted"
    assert result.iterations == 2
    assert result.last_path.is_dir()
    assert "Press again" in caplog.text
    # Afterwards Ctrl-C interrupts as usual.
    assert signal.getsignal(signal.SIGINT) is before


def test_a_model_of_the_users_trains(tmp_path):
    mine = trainer(tmp_path, model=TorchModel(Wide, width=16), logger=False)
    before = {k: v.clone() for k, v in mine._actor.networks["default_policy"].state_dict().items()}
    mine.fit()
    after = mine._actor.networks["default_policy"].state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_act_takes_one_or_many_observations(tmp_path):
    mine = trainer(tmp_path, model=TorchModel(Wide), logger=False, enable_checkpointing=False)
    observations = torch.randint(0, 2, (6, 5, 5, 10), dtype=torch.uint8).numpy()
    many = mine.act(observations)
    assert many.shape == (6,)
    assert [mine.act(observation) for observation in observations] == many.tolist()
    assert isinstance(mine.act(observations[0]), int)
    with pytest.raises(ObserverError, match=r"this agent sees \(5, 5, 10\)"):
        mine.act(observations[0, :4])
    pair = trainer(
        tmp_path, env=spec(yaml_file="Single-Player/GVGAI/zelda_partially_observable.yaml")
    )
    assert pair.act(torch.zeros(5, 5, 6, dtype=torch.uint8).numpy()).shape == (2,)


def test_test_plays_every_level_as_often_as_asked(tmp_path):
    mine = trainer(tmp_path, env=spec(test_levels=[3, 4]), logger=False, enable_checkpointing=False)
    result = mine.test(episodes_per_level=5)
    assert [(level.level, len(level.returns)) for level in result.by_level] == [(3, 5), (4, 5)]
    assert all(length <= 20 for level in result.by_level for length in level.lengths)
    low, high = result.return_interval
    assert low <= result.return_mean <= high
    assert mine.test(episodes_per_level=5) == result
    assert [level.level for level in mine.test(levels=0, episodes_per_level=1).by_level] == [0]


@pytest.mark.parametrize(
    ("error", "message", "options"),
    [
        (ModelError, "Did you mean 'GAP'", {"model": "gap"}),
        (ModelError, "logits", {"model": TorchModel(Narrow)}),
        (OptionError, "max_env_steps=0", {"max_env_steps": 0}),
        (OptionError, "max_time='1h'.*DD:HH:MM:SS", {"max_time": "1h"}),
        (OptionError, "num_envs_per_env_runner=0", {"num_envs_per_env_runner": 0}),
        (OptionError, "num_env_runners=-1", {"num_env_runners": -1}),
        (OptionError, "seed=-1", {"seed": -1}),
        (GriddlyLitError, "algorithm='SAC'", {"algorithm": "SAC"}),
        (GriddlyLitError, "training", {"training": {"lerning_rate": 1}}),
    ],
)
def test_bad_arguments_are_named_when_the_trainer_is_made(tmp_path, error, message, options):
    with pytest.raises(error, match=message):
        trainer(tmp_path, **options)


def test_bad_checkpoint_options():
    with pytest.raises(OptionError, match="mode='up'"):
        ModelCheckpoint(mode="up")
    with pytest.raises(OptionError, match="every_env_steps=0"):
        ModelCheckpoint(every_env_steps=0)
    assert TRAINING["num_epochs"] == 1
    assert ImpalaCNN() == ImpalaCNN()
