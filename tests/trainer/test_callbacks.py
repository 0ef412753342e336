"""Callbacks of griddly_lit's: what they are told, what they log, and what they keep."""

import csv
import logging
import math
import time

import numpy as np
import pytest
import torch
from lightning.pytorch.profilers import AdvancedProfiler, SimpleProfiler

from griddly_lit import Callback, ModelCheckpoint, VideoRecording
from griddly_lit.callbacks import Episode, Rollout
from griddly_lit.checkpoints import open_checkpoint
from griddly_lit.errors import OptionError
from griddly_lit.fitting import FitResult
from griddly_lit.playing import EvaluationResult
from trainer.small import STEPS, spec, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


class Watch(Callback):
    """Notes every event."""

    def __init__(self):
        self.events = []

    def of(self, hook):
        return [value for name, value in self.events if name == hook]

    def on_fit_start(self, trainer):
        self.events.append(("fit_start", trainer.env_steps))

    def on_iteration_start(self, trainer):
        self.events.append(("iteration_start", trainer.env_steps))

    def on_rollout_end(self, trainer, rollout):
        self.events.append(("rollout_end", rollout))

    def on_episode_end(self, trainer, episode):
        self.events.append(("episode_end", episode))

    def on_validation_start(self, trainer):
        self.events.append(("validation_start", trainer.env_steps))

    def on_validation_end(self, trainer, result):
        self.events.append(("validation_end", result))

    def on_iteration_end(self, trainer, metrics):
        self.events.append(("iteration_end", metrics))

    def on_checkpoint_saved(self, trainer, path):
        assert open_checkpoint(path).env_steps == trainer.env_steps
        self.events.append(("checkpoint_saved", path))

    def on_video(self, trainer, video):
        assert video.path.stat().st_size
        self.events.append(("video", video))

    def on_fit_end(self, trainer, result):
        self.events.append(("fit_end", result))

    def on_exception(self, trainer, exception):
        self.events.append(("exception", exception))

    def on_teardown(self):
        self.events.append(("teardown", None))


@pytest.fixture(scope="module")
def watched(tmp_path_factory, ray_once):
    watch = Watch()
    mine = trainer(
        tmp_path_factory.mktemp("watched"),
        callbacks=watch,
        max_iterations=4,
        validate_every_env_steps=2 * STEPS,
        validation_episodes=1,
        video=VideoRecording(every_env_steps=2 * STEPS),
    )
    return watch, mine, mine.fit()


def test_events_come_in_order(watched):
    watch, _, _ = watched
    some_times = ("episode_end", "video", "checkpoint_saved")
    names = [name for name, _ in watch.events if name not in some_times]
    iteration = ["iteration_start", "rollout_end", "iteration_end"]
    validated = [*iteration[:2], "validation_start", "validation_end", iteration[2]]
    expected = ["fit_start", *iteration, *validated, *iteration, *validated, "fit_end", "teardown"]
    assert names == expected


def test_events_have_their_values(watched):
    watch, mine, result = watched
    rollouts, episodes = watch.of("rollout_end"), watch.of("episode_end")
    assert [rollout.env_steps for rollout in rollouts] == [STEPS] * 4
    assert all(isinstance(each, Rollout) and each.seconds > 0 for each in rollouts)
    assert sum(rollout.episodes for rollout in rollouts) == len(episodes)
    assert len(episodes) == result.metrics["train/episodes"]
    assert all(isinstance(each, Episode) and 0 < each.length <= 20 for each in episodes)
    total = np.mean([episode.total for episode in episodes[-100:]])
    assert total == pytest.approx(result.metrics["train/return_mean"])
    with pytest.raises(AttributeError):
        episodes[0].length = 3
    first, *_, last = watch.of("iteration_end")
    assert first["train/episodes"] < last["train/episodes"]
    assert "val/return_mean" in last
    with pytest.raises(TypeError):
        last["mine"] = 1.0
    results = watch.of("validation_end")
    assert all(isinstance(each, EvaluationResult) for each in results)
    assert results[-1].return_mean == result.metrics["val/return_mean"]
    saved = [path.name for path in watch.of("checkpoint_saved")]
    assert saved[:2] == ["last", f"env_steps={2 * STEPS}"]
    videos = watch.of("video")
    assert videos
    assert all(video.key.startswith("videos/level_") for video in videos)
    (told,) = watch.of("fit_end")
    assert isinstance(told, FitResult)
    assert told == result
    # The best score is published when all callbacks have had their say.
    assert set(result.history) - set(told.history) == {"best_score"}
    assert (mine.global_step, mine.current_epoch) == (4 * STEPS, 4)
    assert set(mine.callback_metrics) == set(mine.metrics) == set(mine.logged_metrics)
    assert all(isinstance(each, torch.Tensor) for each in mine.callback_metrics.values())


class Logs(Callback):
    """Logs from every hook."""

    def on_fit_start(self, trainer):
        trainer.log("mine/begun", 1)

    def on_rollout_end(self, trainer, rollout):
        trainer.log("train/mine", np.float32(rollout.episodes))

    def on_episode_end(self, trainer, episode):
        trainer.log("mine/length", episode.length)

    def on_iteration_end(self, trainer):
        trainer.log("mine/score", torch.tensor(float(-trainer.iterations)))
        trainer.log("mine/gap", math.nan)
        assert trainer.metrics["mine/score"] == -trainer.iterations

    def on_fit_end(self, trainer):
        trainer.log("mine/end", 3.0)


def test_what_is_logged_is_everywhere(tmp_path):
    keeper = ModelCheckpoint(monitor="mine/score", every_env_steps=1)
    mine = trainer(tmp_path, callbacks=[keeper, Logs()], max_iterations=3)
    result = mine.fit()
    history = result.history["mine/score"]
    assert (history.env_steps / STEPS).tolist() == [1, 2, 3]
    assert history.values.tolist() == [-1, -2, -3]
    assert (result.best_score, result.best_path.name) == (-1, f"env_steps={STEPS}")
    assert result.metrics["mine/end"] == 3
    assert math.isnan(open_checkpoint(result.last_path).metrics["mine/gap"])
    (file,) = tmp_path.rglob("metrics.csv")
    with file.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["mine/score"]) for row in rows if row["mine/score"]] == [-1, -2, -3]
    # What a hook logs comes in one piece.
    assert len([row for row in rows if row["mine/length"]]) == 3
    assert mine.logged_metrics["train/mine"] >= 0
    mine.log("mine/after", 1)
    assert "mine/after" in mine.logged_metrics


@pytest.mark.parametrize(
    "name",
    [
        "train/return_mean",
        "val/level_0/win_rate",
        "test/return_mean",
        "learner/default_policy/mine",
        "time/env_steps_per_second",
        "agent_info/1/move",
        "step",
        "",
        3,
    ],
)
def test_a_name_that_is_taken_is_refused(tmp_path, name):
    with pytest.raises(OptionError, match=r"of this name|name="):
        trainer(tmp_path, logger=False).log(name, 1.0)


@pytest.mark.parametrize("value", [math.inf, "1", None, True, [1.0], torch.zeros(2), 10**400])
def test_a_value_that_is_no_number_is_refused(tmp_path, value):
    with pytest.raises(OptionError, match="finite or NaN"):
        trainer(tmp_path, logger=False).log("mine/score", value)


class Counts(Callback):
    """Has a state."""

    def __init__(self, width=2):
        self.seen = np.zeros(width)
        self.nested = {"names": ["a"], "best": None}
        self.loads = 0

    def on_iteration_end(self, trainer):
        self.seen += 1
        self.nested["best"] = float(self.seen.sum())

    def state_dict(self):
        return {"seen": self.seen, "nested": self.nested}

    def load_state_dict(self, state):
        self.loads += 1
        self.seen, self.nested = state["seen"], state["nested"]


def test_states_come_back_on_a_resume(tmp_path, caplog):
    pair = [Counts(), Counts(3), ModelCheckpoint(every_env_steps=1)]
    trainer(tmp_path, logger=False, callbacks=pair, max_iterations=2).fit()
    again = [Counts(), Counts(3)]
    trainer(tmp_path, logger=False, callbacks=again, max_iterations=3).fit(ckpt_path="last")
    assert [each.loads for each in again] == [1, 1]
    assert [each.seen.tolist() for each in again] == [[3] * 2, [3] * 3]
    assert again[0].nested == {"names": ["a"], "best": 6.0}
    assert "callbacks" not in caplog.text
    with caplog.at_level(logging.WARNING, "griddly_lit"):
        trainer(tmp_path, logger=False, callbacks=Counts(), max_iterations=4).fit(ckpt_path="last")
    assert caplog.text.count("callbacks that this trainer does not have: Counts 2.") == 1


def test_a_resumed_run_saves_at_the_same_steps(tmp_path):
    class Saved(Callback):
        def __init__(self):
            self.at = set()

        def on_checkpoint_saved(self, trainer, path):
            self.at.add(trainer.iterations)

    def saved(iterations, **how):
        watch = Saved()
        options = {"max_iterations": iterations, "logger": False}
        callbacks = [ModelCheckpoint(every_env_steps=3 * STEPS), watch]
        trainer(tmp_path, callbacks=callbacks, **options).fit(**how)
        return watch.at

    assert saved(4) == {3, 4}
    assert saved(7, ckpt_path="last") == {6, 7}


@pytest.mark.parametrize(
    ("state", "named"),
    [
        ({"net": torch.zeros(1)}, r"state_dict\(\)\['net'\]=tensor"),
        ({"deep": [{"x": object()}]}, r"\['deep'\]\[0\]\['x'\]"),
        ({3: 1}, "keys are texts"),
        ([1], "a state is a dictionary"),
    ],
)
def test_a_state_that_is_not_plain_is_named_before_training(tmp_path, state, named):
    class Odd(Callback):
        def state_dict(self):
            return state

    mine = trainer(tmp_path, logger=False, callbacks=Odd())
    with pytest.raises(OptionError, match=named):
        mine.fit()
    assert mine.iterations == 0


def test_a_stop_and_an_exception_reach_all(tmp_path):
    class Stops(Watch):
        def on_fit_start(self, trainer):
            trainer.should_stop = True

    stops = Stops()
    result = trainer(tmp_path, logger=False, callbacks=stops).fit()
    assert (result.stop_reason, result.iterations) == ("callback", 0)

    class Fails(Watch):
        def on_rollout_end(self, trainer, rollout):
            raise RuntimeError("mine")

    fails = Fails()
    with pytest.raises(RuntimeError, match="mine") as caught:
        trainer(tmp_path, logger=False, callbacks=fails).fit()
    assert fails.of("exception") == [caught.value]
    assert [path.name for path in fails.of("checkpoint_saved")] == ["last"]


def test_an_iteration_is_published_before_callbacks_hear_of_it(tmp_path):
    class Reads(Callback):
        def on_iteration_end(self, trainer):
            (file,) = tmp_path.rglob("metrics.csv")
            with file.open() as stream:
                (*_, last) = csv.DictReader(stream)
            assert int(last["step"]) == trainer.env_steps

    trainer(tmp_path, callbacks=Reads()).fit()


def test_times_are_those_of_each_iteration(tmp_path, monkeypatch):
    class Slow(Callback):
        def __init__(self):
            self.seconds = []

        def on_iteration_start(self, trainer):
            sampler = trainer._fit.run.algorithm.env_runner.sampler
            fragment, slow = type(sampler).fragment, trainer.iterations == 1

            def slower(*arguments, **named):
                time.sleep(0.5 * slow)
                return fragment(sampler, *arguments, **named)

            monkeypatch.setattr(sampler, "fragment", slower, raising=False)

        def on_rollout_end(self, trainer, rollout):
            self.seconds.append(rollout.seconds)

    for path, iterations in ((None, 3), ("last", 5)):
        slow = Slow()
        options = {"callbacks": slow, "max_iterations": iterations, "logger": False}
        trainer(tmp_path, **options).fit(ckpt_path=path)
        long = [second >= 0.5 for second in slow.seconds]
        assert long == ([False, True, False] if path is None else [False, False])


def test_profilers_tell_where_the_time_went(tmp_path, capsys):
    options = {"callbacks": Logs(), "validate_every_env_steps": STEPS, "validation_episodes": 1}
    trainer(tmp_path, profiler="simple", **options).fit()
    table = capsys.readouterr().err
    for action in (
        "sampling ",
        "learning ",
        "validation",
        "reporting",
        "checkpoints",
        "Logs.on_fit",
    ):
        assert action in table
    profiler = SimpleProfiler()
    trainer(tmp_path, profiler=profiler, env=spec(levels=0), **options).fit()
    assert len(profiler.recorded_durations["sampling and learning"]) == 2
    assert "Logs.on_iteration_end" in profiler.summary()
    with pytest.raises(OptionError, match="it is 'simple'"):
        trainer(tmp_path, profiler=AdvancedProfiler())
