"""The loop of one fit: iterate, publish, validate, until it is enough or fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from griddly_lit.callbacks import Episode, Rollout, TrainerView
from griddly_lit.errors import DivergedError
from griddly_lit.fitting.budget import Budget
from griddly_lit.fitting.hooks import Hooks
from griddly_lit.fitting.interrupt import interrupts
from griddly_lit.fitting.profiling import Profiling
from griddly_lit.fitting.result import FitResult
from griddly_lit.reporting.report import Report

if TYPE_CHECKING:
    from griddly_lit.rllib.run import TrainingRun

_log = logging.getLogger("griddly_lit")


class FitLoop:
    """Runs iterations until a limit is reached, a callback stops it, or it is interrupted.

    What an iteration brought is published before callbacks hear of it, so that nothing is missing
    beside a checkpoint that one of them writes.

    Args:
        trainer: Its counters and metrics are brought up to date.
        run: The algorithm.
        report: Gets every iteration's metrics and replays.
        hooks: Those of the callbacks.
        begun: Called when all callbacks have begun, before training does.
        profiling: Takes the times.
        budget: The limits.
        validate: Called every so many environment steps.
        validate_every: How many; None never.
        result: Makes what the fit came to, given why it ended.
        take_weights: Called at the end, also after an exception: the run's weights outlive it.
    """

    def __init__(
        self,
        trainer: TrainerView,
        run: TrainingRun,
        report: Report,
        hooks: Hooks,
        begun: Callable[[], object],
        profiling: Profiling,
        budget: Budget,
        validate: Callable[[], object],
        validate_every: int | None,
        result: Callable[[str], FitResult],
        take_weights: Callable[[], None],
    ) -> None:
        self._trainer = trainer
        self._run = run
        self._report = report
        self._hooks = hooks
        self._begun = begun
        self._profiling = profiling
        self._budget = budget
        self._validate = validate
        self._validate_every = validate_every
        self._result = result
        self._take_weights = take_weights

    def run(self) -> str:
        """Trains, and returns why it ended.

        What is left of the run when an exception ends it is saved before the exception goes on.
        """
        try:
            with interrupts() as interrupted:
                reason = self._train(interrupted.is_set)
                for call in self._hooks.of("on_fit_end"):
                    # Each hears of what the one before it has done.
                    call(self._result(reason))
                with self._profiling.of("videos at the end"):
                    self._report.finish_videos()
        except BaseException as error:
            for call in self._hooks.of("on_exception"):
                _rescue(error, partial(call, error))
            _rescue(error, self._report.finish_videos)
            _rescue(error, self._take_weights)
            raise
        self._take_weights()
        return reason

    def _train(self, interrupted: Callable[[], bool]) -> str:
        trainer = self._trainer
        self._hooks("on_fit_start")
        self._begun()
        self._budget.start()
        reason = self._budget.reached(trainer.env_steps, trainer.iterations)
        if reason is not None:
            _log.warning(
                "Nothing is left to train: the checkpoint has %s environment steps and %s "
                "iterations, and %s is reached.",
                f"{trainer.env_steps:,}",
                f"{trainer.iterations:,}",
                reason,
            )
        elif trainer.should_stop:
            reason = "callback"
        while reason is None:
            self._iterate()
            reason = self._budget.reached(trainer.env_steps, trainer.iterations)
            if interrupted():
                reason = "interrupted"
            elif trainer.should_stop:
                reason = "callback"
        return reason

    def _iterate(self) -> None:
        trainer, hooks, steps_before = self._trainer, self._hooks, self._trainer.env_steps
        hooks("on_iteration_start")
        with self._profiling.of("sampling and learning"):
            metrics = self._run.iterate()
        seconds = metrics.get("time/sampling_seconds")
        self._profiling.add("sampling", seconds)
        self._profiling.add("learning", metrics.get("time/learning_seconds"))
        trainer.env_steps, trainer.iterations = self._run.env_steps, self._run.iterations
        trainer.metrics.update(metrics)
        with self._profiling.of("reporting"):
            self._report.iteration(metrics, self._run.take_replays(), trainer.env_steps)
        ended = self._run.ended
        hooks("on_rollout_end", Rollout(trainer.env_steps - steps_before, len(ended), seconds))
        hooks.each("on_episode_end", (Episode(*facts) for facts in ended))
        every = self._validate_every
        if every is not None and trainer.env_steps // every > steps_before // every:
            with self._profiling.of("validation"):
                self._validate()
        for call in hooks.of("on_iteration_end"):
            # Each sees what the one before it has logged.
            call(MappingProxyType(dict(trainer.metrics)))


def _rescue(error: BaseException, step: Callable[[], None]) -> None:
    """Takes a step that must not hide the error that made it necessary."""
    try:
        step()
    except Exception as fault:
        if isinstance(fault, DivergedError) and isinstance(error, DivergedError):
            return
        text = f"While that was dealt with: {type(fault).__name__}: {fault}"
        _log.error("%s", text)
        # Python 3.10 has no notes.
        add_note = getattr(error, "add_note", None)
        if add_note is not None:
            add_note(text)
