"""Lightning's own callbacks: those that work do so as they are, the others are refused by name."""

import csv
import importlib
import io
import logging
import re
import sys
import time

import pytest
import torch
from rich.console import Console

from griddly_lit import Callback
from griddly_lit.callbacks import ProgressBar
from griddly_lit.errors import OptionError
from trainer.small import STEPS, trainer

pytestmark = pytest.mark.usefixtures("ray_once")

PACKAGES = ("lightning.pytorch", "pytorch_lightning")


@pytest.fixture(scope="module", params=PACKAGES)
def theirs(request):
    """The module of Lightning's callbacks."""
    return importlib.import_module(f"{request.param}.callbacks")


@pytest.fixture
def one():
    return importlib.import_module("lightning.pytorch.callbacks")


class Falls(Callback):
    """Logs a score that falls."""

    def on_iteration_end(self, trainer):
        trainer.log("mine/score", -trainer.iterations)


def test_early_stopping_stops_the_run(tmp_path, theirs):
    stopping = theirs.EarlyStopping("mine/score", mode="max", patience=2)
    options = {"callbacks": [Falls(), stopping], "logger": False, "max_iterations": 9}
    result = trainer(tmp_path, **options).fit()
    assert (result.stop_reason, result.iterations) == ("callback", 3)
    assert (stopping.stopped_epoch, stopping.wait_count) == (2, 2)


def test_early_stopping_waits_for_a_full_window(tmp_path, one, monkeypatch):
    monkeypatch.setattr("griddly_lit.rllib.episode_window._EPISODES", 20)
    stopping = one.EarlyStopping("train/return_mean", mode="max", stopping_threshold=-1e9)
    full = []

    class Looks(Callback):
        def on_iteration_end(self, trainer):
            full.append(trainer.train_window_is_full)

    options = {"callbacks": [Looks(), stopping], "logger": False, "max_iterations": 30}
    mine = trainer(tmp_path, **options)
    assert mine.fit().stop_reason == "callback"
    assert full[-1]
    assert not any(full[:-1])
    assert len(full) > 1


def test_early_stopping_on_validations(tmp_path, one):
    stopping = one.EarlyStopping("val/return_mean", mode="max", stopping_threshold=-1e9)
    options = {"callbacks": stopping, "logger": False, "max_iterations": 5}
    mine = trainer(tmp_path, validate_every_env_steps=2 * STEPS, validation_episodes=1, **options)
    assert (mine.fit().stop_reason, mine.iterations) == ("callback", 2)


def test_a_monitor_that_is_missing_is_lightnings_own_error(tmp_path, one):
    mine = trainer(tmp_path, callbacks=one.EarlyStopping("mine/scor"), logger=False)
    with pytest.raises(RuntimeError, match=r"metric `mine/scor` which is not available"):
        mine.fit()


def test_early_stopping_goes_on_after_a_resume(tmp_path, one):
    def fit(iterations, **how):
        stopping = one.EarlyStopping("mine/score", mode="max", patience=3)
        options = {"callbacks": [Falls(), stopping], "logger": False}
        return trainer(tmp_path, max_iterations=iterations, **options).fit(**how), stopping

    _, before = fit(2)
    result, after = fit(9, ckpt_path="last")
    assert (result.stop_reason, result.iterations) == ("callback", 4)
    assert before.wait_count == 1
    assert torch.equal(after.best_score, torch.tensor(-1.0))


def test_timer_stops_the_run(tmp_path, theirs):
    timer = theirs.Timer(duration="00:00:00:01")
    began = time.monotonic()
    options = {"callbacks": timer, "logger": False, "max_iterations": 10**6}
    result = trainer(tmp_path, **options).fit()
    assert result.stop_reason == "callback"
    assert 1 <= timer.time_elapsed("train") <= time.monotonic() - began
    # Its time is used up when it goes on.
    again = theirs.Timer(duration="00:00:00:01")
    mine = trainer(tmp_path, callbacks=again, logger=False, max_iterations=10**6)
    more = mine.fit(ckpt_path="last")
    assert (more.stop_reason, more.iterations) == ("callback", result.iterations)


def test_lambda_callback_is_called(tmp_path, theirs):
    calls, seen = [], {}

    def noted(hook):
        def note(trainer, module, *arguments, **named):
            calls.append(hook)
            assert trainer.state.fn == "fit"
            if hook == "on_train_epoch_end":
                seen["epochs"] = [*seen.get("epochs", []), trainer.current_epoch]
                seen["steps"] = trainer.global_step
                module.log("mine/of_the_module", 2.0, prog_bar=True)
                weights = torch.cat([each.flatten() for each in module.parameters()])
                seen["weights"] = [*seen.get("weights", []), weights.detach().clone()]
            if hook == "on_train_batch_end":
                assert arguments[0]["loss"].isfinite()

        return note

    hooks = [
        "setup",
        "teardown",
        *(f"on_fit_{when}" for when in ("start", "end")),
        *(f"on_train_{when}" for when in ("start", "end")),
        *(f"on_train_epoch_{when}" for when in ("start", "end")),
        *(f"on_train_batch_{when}" for when in ("start", "end")),
        *(f"on_validation_{when}" for when in ("start", "end")),
        *(f"on_validation_epoch_{when}" for when in ("start", "end")),
    ]
    callback = theirs.LambdaCallback(**{hook: noted(hook) for hook in hooks})
    mine = trainer(
        tmp_path,
        callbacks=callback,
        logger=False,
        validate_every_env_steps=2 * STEPS,
        validation_episodes=1,
    )
    result = mine.fit()
    iteration = ["on_train_epoch_start", "on_train_batch_start", "on_train_batch_end"]
    validation = ["on_validation_start", "on_validation_epoch_start"]
    validation += ["on_validation_epoch_end", "on_validation_end"]
    assert calls == [
        *("setup", "on_fit_start", "on_train_start"),
        *(*iteration, "on_train_epoch_end"),
        *(*iteration, *validation, "on_train_epoch_end"),
        *("on_train_end", "on_fit_end", "teardown"),
    ]
    assert (seen["epochs"], seen["steps"]) == ([0, 1], 2 * STEPS)
    assert result.metrics["mine/of_the_module"] == 2
    first, second = seen["weights"]
    assert not torch.equal(first, second)
    now = torch.cat([each.flatten() for each in mine.networks["default_policy"].parameters()])
    assert torch.equal(second, now)


def test_lambda_callback_hears_of_an_exception(tmp_path, one):
    class Fails(Callback):
        def on_iteration_end(self, trainer):
            raise RuntimeError("mine")

    heard = []
    callback = one.LambdaCallback(on_exception=lambda t, m, exception: heard.append(exception))
    with pytest.raises(RuntimeError, match="mine") as caught:
        trainer(tmp_path, callbacks=[callback, Fails()], logger=False).fit()
    assert heard == [caught.value]


def test_learning_rate_monitor_logs_to_the_loggers(tmp_path, theirs):
    monitor = theirs.LearningRateMonitor()
    options = {"callbacks": monitor, "max_iterations": 3, "max_env_steps": 10 * STEPS}
    result = trainer(tmp_path, **options).fit()
    (file,) = tmp_path.rglob("metrics.csv")
    with file.open() as stream:
        rows = [row for row in csv.DictReader(stream) if row.get("lr-default_policy")]
    assert [int(row["step"]) for row in rows] == [STEPS, 2 * STEPS]
    rates = result.history["learner/default_policy/lr"].values[:2].tolist()
    assert [float(row["lr-default_policy"]) for row in rows] == pytest.approx(rates)
    assert monitor.lrs["lr-default_policy"] == pytest.approx(rates)
    with pytest.raises(OptionError, match="log_momentum"):
        trainer(tmp_path, callbacks=theirs.LearningRateMonitor(log_momentum=True))


def test_learning_rate_monitor_needs_a_logger(tmp_path, one):
    mine = trainer(tmp_path, callbacks=one.LearningRateMonitor(), logger=False)
    with pytest.raises(Exception, match="that has no logger"):
        mine.fit()


@pytest.fixture
def no_bar_of_ours(monkeypatch):
    def refuse(self, trainer):
        raise AssertionError("ours is shown")

    monkeypatch.setattr(ProgressBar, "on_fit_start", refuse)


@pytest.mark.usefixtures("no_bar_of_ours")
def test_tqdm_progress_bar_shows_instead_of_ours(tmp_path, theirs, monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stdout", terminal)
    bar = theirs.TQDMProgressBar()
    mine = trainer(
        tmp_path,
        callbacks=bar,
        enable_progress_bar=True,
        max_env_steps=3 * STEPS,
        max_iterations=None,
        validate_every_env_steps=2 * STEPS,
        validation_episodes=1,
    )
    mine.fit()
    said = terminal.getvalue()
    assert f"{STEPS}/{3 * STEPS}" in said
    assert re.search(rf"100%\|.*\| {3 * STEPS}/{3 * STEPS} ", said)
    assert "return=" in said
    assert "val_return=" in said


@pytest.mark.usefixtures("no_bar_of_ours")
def test_rich_progress_bar_shows_instead_of_ours(tmp_path, theirs):
    terminal = io.StringIO()
    console = {"file": terminal, "force_terminal": True, "width": 120}
    bar = theirs.RichProgressBar(console_kwargs=console)
    options = {"enable_progress_bar": True, "max_env_steps": 2 * STEPS, "max_iterations": None}
    trainer(tmp_path, callbacks=bar, validate_every_env_steps=STEPS, **options).fit()
    assert f"{2 * STEPS}/{2 * STEPS}" in terminal.getvalue()
    assert "return: " in terminal.getvalue()
    assert bar.progress.finished
    # Without a budget there is nothing to go by, and it runs all the same.
    trainer(tmp_path, callbacks=theirs.RichProgressBar(console_kwargs=console)).fit()


@pytest.mark.parametrize("name", ["ModelSummary", "RichModelSummary"])
def test_model_summary_prints_instead_of_ours(tmp_path, theirs, name, monkeypatch, caplog):
    def refuse(*_):
        raise AssertionError("ours is printed")

    monkeypatch.setattr("griddly_lit.fitting.fit.print_summaries", refuse)
    terminal = io.StringIO()
    monkeypatch.setattr("rich._console", Console(file=terminal, width=120))
    with caplog.at_level(logging.INFO, theirs.__name__):
        for logger in ("lightning.pytorch", "pytorch_lightning"):
            monkeypatch.setattr(logging.getLogger(logger), "propagate", True)
        summary = getattr(theirs, name)(max_depth=2)
        trainer(tmp_path, callbacks=summary, enable_model_summary=True, max_iterations=1).fit()
    said = terminal.getvalue() + caplog.text
    assert "default_policy" in said
    assert "Trainable params" in said


def test_those_that_cannot_work_are_refused_with_the_reason(tmp_path, theirs):
    network = torch.nn.Linear(1, 1)
    for callback, reason in [
        (theirs.ModelCheckpoint(), "griddly_lit.ModelCheckpoint"),
        (theirs.OnExceptionCheckpoint(tmp_path), "griddly_lit.ModelCheckpoint"),
        (theirs.GradientAccumulationScheduler({0: 2}), "minibatch_size"),
        (theirs.StochasticWeightAveraging(1e-3), "between gradient steps"),
        (theirs.EMAWeightAveraging(), "between gradient steps"),
        (theirs.BatchSizeFinder(), "own training loop"),
        (theirs.LearningRateFinder(), "own training loop"),
        (theirs.BackboneFinetuning(), "train_policies"),
        (theirs.ModelPruning("l1_unstructured", [(network, "weight")]), "optimizers"),
        (theirs.DeviceStatsMonitor(), "device of this process"),
        (theirs.ThroughputMonitor(lambda batch: 1), "time/…"),
        (theirs.LambdaCallback(on_after_backward=print), "gradient steps"),
        (theirs.LambdaCallback(on_before_optimizer_step=print), "learner_class"),
        (theirs.LambdaCallback(on_save_checkpoint=print), "state_dict"),
    ]:
        with pytest.raises(OptionError, match=reason):
            trainer(tmp_path, callbacks=callback)

    class Clips(theirs.Callback):
        def on_before_zero_grad(self, trainer, pl_module, optimizer):
            pass

    with pytest.raises(OptionError, match=r"Clips.on_before_zero_grad: nothing would call it"):
        trainer(tmp_path, callbacks=Clips())
    with pytest.raises(OptionError, match="there are no validations"):
        trainer(tmp_path, callbacks=theirs.EarlyStopping("val/return_mean"))
    with pytest.raises(OptionError, match=r"Make one of the class: EarlyStopping\(…\)"):
        trainer(tmp_path, callbacks=theirs.EarlyStopping)


def test_a_hook_that_no_fit_calls_is_told(tmp_path, theirs, caplog):
    class Tests(theirs.Callback):
        def on_test_end(self, trainer, pl_module):
            pass

    with caplog.at_level(logging.WARNING, "griddly_lit"):
        trainer(tmp_path, callbacks=Tests())
    assert "on_test_end of Tests: a fit does not call it" in caplog.text


def test_what_the_view_lacks_is_named(tmp_path, one):
    callback = one.LambdaCallback(on_fit_start=lambda trainer, module: trainer.predict_loop)
    mine = trainer(tmp_path, callbacks=callback, logger=False)
    with pytest.raises(AttributeError, match=r"trainer.predict_loop: .* trains with RLlib"):
        mine.fit()
