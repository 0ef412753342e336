"""What a fit leaves behind when something goes wrong."""

import logging
import os
import signal

import pytest
import torch
from lightning.pytorch.loggers import CSVLogger

from griddly_lit.callbacks import Callback
from griddly_lit.checkpoints import open_checkpoint
from griddly_lit.errors import CheckpointError, OptionError
from griddly_lit.fitting.interrupt import interrupts, shielded
from trainer.small import STEPS, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


class Told(CSVLogger):
    status = None

    def finalize(self, status):
        self.status = status
        super().finalize(status)


class RaiseIn(Callback):
    def __init__(self, iteration):
        self.iteration = iteration
        self.torn_down = False

    def on_iteration_end(self, trainer):
        if trainer.iterations == self.iteration:
            raise RuntimeError("mine")

    def on_teardown(self):
        self.torn_down = True


def weights_of(trainer):
    return trainer._actor.networks["default_policy"].state_dict()


def test_an_exception_leaves_the_last_checkpoint_and_the_weights(tmp_path):
    broken, logger = RaiseIn(3), Told(tmp_path)
    mine = trainer(tmp_path, logger=logger, callbacks=broken, max_iterations=5)
    before = {name: value.clone() for name, value in weights_of(mine).items()}
    with pytest.raises(RuntimeError, match="mine"):
        mine.fit()
    assert logger.status == "failed"
    assert broken.torn_down
    (last,) = tmp_path.rglob("checkpoints/last")
    assert open_checkpoint(last).env_steps == 3 * STEPS
    saved, now = open_checkpoint(last).weights()["default_policy"], weights_of(mine)
    assert all(torch.equal(saved[name], now[name]) for name in saved)
    assert any(not torch.equal(before[name], now[name]) for name in before)
    broken.iteration = 0
    assert mine.fit(ckpt_path="last").env_steps == 5 * STEPS


def test_the_exception_is_not_hidden_by_a_last_that_cannot_be_saved(tmp_path):
    class Block(RaiseIn):
        def on_iteration_end(self, trainer):
            trainer.checkpoint_dir.mkdir(parents=True, exist_ok=True)
            (trainer.checkpoint_dir / "last").write_text("a file")
            super().on_iteration_end(trainer)

    with pytest.raises(RuntimeError, match="mine") as caught:
        trainer(tmp_path, logger=False, callbacks=Block(1)).fit()
    (note,) = caught.value.__notes__
    assert "there is a file at its place" in note


def test_a_callback_that_fails_in_its_teardown_leaves_the_others_theirs(tmp_path):
    class Broken(Callback):
        def on_teardown(self):
            raise RuntimeError("in teardown")

    last, logger = RaiseIn(0), Told(tmp_path)
    mine = trainer(tmp_path, logger=logger, callbacks=[Broken(), last], max_iterations=1)
    with pytest.raises(RuntimeError, match="in teardown"):
        mine.fit()
    assert last.torn_down
    assert logger.status == "failed"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_and_sighup_end_like_ctrl_c(request, tmp_path, caplog, number):
    class Send(Callback):
        def on_iteration_end(self, trainer):
            os.kill(os.getpid(), number)

    # As a terminal leaves it: nohup ignores SIGHUP.
    inherited = signal.signal(number, signal.SIG_DFL)
    request.addfinalizer(lambda: signal.signal(number, inherited))
    before = signal.getsignal(number)
    with caplog.at_level(logging.WARNING, "griddly_lit"):
        result = trainer(tmp_path, logger=False, callbacks=Send(), max_iterations=None).fit()
    assert (result.stop_reason, result.iterations) == ("interrupted", 1)
    assert open_checkpoint(result.last_path).env_steps == STEPS
    assert f"{signal.Signals(number).name}: training ends after this iteration" in caplog.text
    assert signal.getsignal(number) is before


def test_a_second_signal_ends_at_once_with_a_checkpoint(tmp_path):
    class Twice(Callback):
        after = False

        def on_iteration_end(self, trainer):
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            self.after = True

    twice = Twice()
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path, logger=False, callbacks=twice).fit()
    assert not twice.after
    assert open_checkpoint(tmp_path / "checkpoints" / "last").env_steps == STEPS


def test_a_signal_waits_for_the_end_of_what_is_shielded():
    done = []
    with interrupts() as interrupted:
        with shielded():
            os.kill(os.getpid(), signal.SIGTERM)
            assert not interrupted.is_set()
        assert interrupted.is_set()
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117
            with shielded():
                os.kill(os.getpid(), signal.SIGINT)
                done.append(True)
    assert done == [True]


def test_what_is_in_the_way_of_the_files_is_told_before_ray_starts(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match=r"default_root_dir=.*file is a file"):
        trainer(tmp_path / "file" / "runs").fit()
    with pytest.raises(OptionError, match=r"default_root_dir=.*file is a file"):
        trainer(tmp_path / "file", fast_dev_run=True).fit()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "checkpoints" / "last").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match="a link at its place"):
        trainer(tmp_path, logger=False).fit()


def test_fast_dev_run_validates_once_and_keeps_nothing(tmp_path):
    from griddly_lit.callbacks import ModelCheckpoint

    class Watch(Callback):
        validations = 0

        def on_validation_end(self, trainer):
            self.validations += 1

    watch = Watch()
    mine = trainer(
        tmp_path,
        callbacks=[ModelCheckpoint(every_env_steps=1), watch],
        fast_dev_run=True,
        validate_every_env_steps=10**9,
        validation_episodes=2,
    )
    result = mine.fit()
    mine.test(episodes_per_level=1)
    assert watch.validations == 1
    assert "val/return_mean" in result.metrics
    assert (result.best_path, result.last_path) == (None, None)
    assert list(tmp_path.iterdir()) == []
