"""Remote runners that die or hang."""

import logging
import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import pytest

from games import CORRIDOR
from griddly_lit import GeneratedLevels, GriddlyEnvSpec
from griddly_lit.callbacks import Callback, ModelCheckpoint
from griddly_lit.checkpoints import open_checkpoint
from griddly_lit.errors import WorkerError
from trainer.small import STEPS, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


class Maps:
    """Levels that are harmless until a file says what to do."""

    def __init__(self, config):
        self.order = Path(config["order"])

    def generate(self, rng):
        order = self.order.read_text() if self.order.exists() else ""
        if order == "hang":
            time.sleep(3600)
        return f"WWWWWW\nW{'P' if order == 'crash' else '.'}A.GW\nWWWWWW"


# The engine calls itself until its stack is full.
CRASHING = CORRIDOR.replace(
    "            - remove: true\n            - reward: -2\n",
    "            - exec:\n                Action: move\n                ActionId: 1\n",
).replace("    - |\n      WWWWWWW\n      WP..A.W\n      W....GW\n      WWWWWWW\n", "")


class Do(Callback):
    """Calls a function after an iteration."""

    def __init__(self, actions):
        self.actions = actions
        self.seen = []

    def on_iteration_end(self, trainer):
        self.seen.append(trainer.env_steps)
        action = self.actions.get(trainer.iterations)
        if action is not None:
            action(trainer._fit.run.algorithm.env_runner_group)


def kill(group):
    for pid in group.foreach_env_runner(lambda runner: os.getpid(), local_env_runner=False):
        os.kill(pid, signal.SIGKILL)


def stop(group):
    for pid in group.foreach_env_runner(lambda runner: os.getpid(), local_env_runner=False):
        os.kill(pid, signal.SIGSTOP)


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path_factory, monkeypatch):
    """Other processes make temporary folders, too."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))


def folders():
    return {path.name for path in Path(tempfile.gettempdir()).glob("griddly_lit_*")}


def threads():
    return [each.name for each in threading.enumerate() if "griddly_lit" in each.name]


def corridor():
    return GriddlyEnvSpec(yaml_string=CORRIDOR, levels=[0, 1], max_steps=10)


def fit(tmp_path, do, env=None, **options):
    defaults = {"num_env_runners": 1, "logger": False, "max_iterations": 4, "callbacks": do}
    return trainer(tmp_path, env=env or corridor(), **{**defaults, **options}).fit()


@pytest.mark.parametrize("runners", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_killed_runners_come_back_and_every_iteration_has_its_steps(tmp_path, caplog, runners):
    before = folders()
    do = Do({1: kill, 3: kill})
    with caplog.at_level(logging.WARNING):
        result = fit(
            tmp_path,
            do,
            num_env_runners=runners,
            training={"train_batch_size_per_learner": 128, "minibatch_size": 64, "num_epochs": 1},
        )
    assert do.seen == [STEPS * n for n in range(1, 5)]
    assert result.env_steps == 4 * STEPS
    told = [text for text in caplog.messages if text.startswith("Env runner")]
    assert len(told) == 2 * runners
    assert all("died. It is started again. Ray says: The actor" in text for text in told)
    assert not [text for text in caplog.messages if text.startswith("Ray error")]
    assert folders() == before
    assert not threads()


def maps(tmp_path):
    order = tmp_path / "order"
    levels = GeneratedLevels(Maps, {"order": str(order)})
    return order, GriddlyEnvSpec(yaml_string=CRASHING, levels=levels, max_steps=10)


@pytest.mark.parametrize("runners", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_an_engine_that_crashes_again_and_again_ends_the_fit_with_the_level(
    tmp_path, caplog, runners
):
    order, env = maps(tmp_path)
    do = Do({2: lambda group: order.write_text("crash")})
    before = folders()
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(WorkerError, match="for the 3rd time without a whole fragment") as caught,
    ):
        fit(tmp_path, do, env, num_env_runners=runners, max_iterations=9)
    assert "as it played level \nWWWWWW\nWPA.GW\nWWWWWW\n (engine's seed" in str(caught.value)
    assert str(caught.value).startswith("env runner ")
    told = [text for text in caplog.messages if text.startswith("Env runner")]
    assert 2 <= len(told) <= 2 * runners + 1
    assert open_checkpoint(tmp_path / "checkpoints" / "last").env_steps == do.seen[-1]
    assert folders() == before
    assert not threads()


@pytest.mark.slow
def test_an_engine_that_crashes_under_impala(tmp_path):
    order, env = maps(tmp_path)
    do = Do({1: lambda group: order.write_text("crash")})
    with pytest.raises(WorkerError, match=r"(?s)WPA\.GW.*Where one level does that"):
        fit(tmp_path, do, env, algorithm="IMPALA", training={}, max_iterations=9)


def hasty():
    from ray.rllib.algorithms.ppo import PPOConfig

    return PPOConfig().env_runners(sample_timeout_s=3)


@pytest.mark.slow
def test_a_runner_that_hangs_once_is_replaced(tmp_path, caplog):
    do = Do({2: stop})
    with caplog.at_level(logging.WARNING):
        result = fit(tmp_path, do, algorithm=hasty())
    assert result.env_steps == 4 * STEPS
    (told,) = [text for text in caplog.messages if text.startswith("Env runner")]
    assert told.startswith("Env runner 1 did nothing for 3 s")
    assert told.endswith("and was killed. It is started again.")


@pytest.mark.slow
def test_runners_that_hang_again_and_again_end_the_fit(tmp_path):
    order, env = maps(tmp_path)
    do = Do({1: lambda group: order.write_text("hang")})
    message = r"env runner 1: it did nothing for 3 s as it drew a level and was killed, for the 3rd"
    with pytest.raises(WorkerError, match=message):
        fit(tmp_path, do, env, algorithm=hasty())
    assert open_checkpoint(tmp_path / "checkpoints" / "last").env_steps == STEPS


def test_a_learner_that_dies_is_a_named_error(tmp_path):
    class Kill(Callback):
        def on_iteration_end(self, trainer):
            if trainer.iterations < 2:
                return
            learners = trainer._fit.run.algorithm.learner_group
            (pid,) = (answer.get() for answer in learners.foreach_learner(lambda _: os.getpid()))
            os.kill(pid, signal.SIGKILL)

    kept = ModelCheckpoint(every_env_steps=STEPS)
    with pytest.raises(WorkerError, match="a process that learns: it died: .*worker process"):
        fit(tmp_path, [kept, Kill()], num_env_runners=0, num_learners=1, accelerator="cpu")
    assert open_checkpoint(tmp_path / "checkpoints" / "last").env_steps == STEPS
