"""Training that comes to nothing ends, and says so."""

import logging

import pytest
import torch
from torch import nn

from griddly_lit import TorchModel
from griddly_lit.callbacks import Callback, ModelCheckpoint
from griddly_lit.checkpoints import open_checkpoint
from griddly_lit.errors import DivergedError
from trainer.small import STEPS, TRAINING, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


class Spoil(Callback):
    """Makes a weight of the learner's something else."""

    def __init__(self, iteration, value=float("nan")):
        self.iteration = iteration
        self.value = value

    def on_iteration_end(self, trainer):
        if trainer.iterations == self.iteration:
            learner = trainer._fit.run.algorithm.learner_group._learner
            with torch.no_grad():
                next(iter(learner._params.values())).flatten()[0] = self.value


class SpoilBetween(Spoil):
    """Does so before the next iteration, when callbacks have saved."""

    on_iteration_start = Spoil.on_iteration_end
    on_iteration_end = Callback.on_iteration_end


class RootOfRewards(nn.Module):
    """A network whose gradient is NaN now and then, though its values are finite."""

    def __init__(self, observation_shape, num_logits):
        super().__init__()
        height, width, channels = observation_shape
        self.out = nn.Linear(height * width * channels, num_logits + 1)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, observations):
        out = self.out(observations.flatten(1).float())
        zero = (out[:, -1] * 0).abs()
        if self.training and torch.is_grad_enabled():
            self.calls += 1
            if self.calls == 3:
                out = out + zero.sqrt()[:, None]
        return out[:, :-1], out[:, -1]


def finite(path):
    return all(
        bool(value.isfinite().all())
        for of_policy in open_checkpoint(path).weights().values()
        for value in of_policy.values()
    )


def test_weights_that_are_not_finite_end_the_fit_and_are_never_written(tmp_path, caplog):
    mine = trainer(
        tmp_path,
        logger=False,
        callbacks=[ModelCheckpoint(every_env_steps=STEPS), SpoilBetween(2)],
        max_iterations=5,
    )
    with caplog.at_level(logging.ERROR), pytest.raises(DivergedError) as caught:
        mine.fit()
    last = tmp_path / "checkpoints" / "last"
    text = str(caught.value)
    assert text.startswith("learner/default_policy/")
    assert "'default_policy' has diverged" in text
    assert f"in iteration 3 at {3 * STEPS:,} environment steps" in text
    assert "Lower the learning rate" in text
    assert f"The last checkpoint with finite weights is {last}" in text
    assert open_checkpoint(last).env_steps == 2 * STEPS
    assert all(finite(path) for path in (tmp_path / "checkpoints").iterdir())
    assert "While that was dealt with" not in caplog.text
    # What it can act with is what it had before.
    assert all(
        bool(value.isfinite().all())
        for value in mine._actor.networks["default_policy"].parameters()
    )


def test_a_save_of_weights_that_are_not_finite_is_refused(tmp_path):
    class Save(Callback):
        def on_iteration_end(self, trainer):
            if trainer.iterations == 2:
                trainer.save_checkpoint(tmp_path / "mine")

    mine = trainer(tmp_path, logger=False, callbacks=[Spoil(2), Save()], max_iterations=5)
    with pytest.raises(
        DivergedError, match=r"weight '.*' is not finite.*No checkpoint was written"
    ):
        mine.fit()
    assert not (tmp_path / "mine").exists()
    assert not list(tmp_path.rglob("manifest.json"))


def test_gradients_of_one_minibatch_are_enough(tmp_path):
    mine = trainer(
        tmp_path,
        model=TorchModel(RootOfRewards),
        logger=False,
        training={**TRAINING, "minibatch_size": 32},
        max_iterations=3,
    )
    with pytest.raises(DivergedError, match="gradients_not_finite=1.* in iteration 1"):
        mine.fit()


@pytest.mark.parametrize("algorithm", ["IMPALA", "DQN"])
def test_other_algorithms(tmp_path, algorithm):
    mine = trainer(
        tmp_path,
        logger=False,
        algorithm=algorithm,
        training={},
        callbacks=Spoil(1),
        max_iterations=4,
    )
    with pytest.raises(DivergedError, match="default_policy"):
        mine.fit()
