"""The loop of one fit: iterate, validate, report, until it is enough or fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from griddly_lit.callbacks import Callback, TrainerView
from griddly_lit.errors import DivergedError
from griddly_lit.fitting.budget import Budget
from griddly_lit.fitting.interrupt import interrupts
from griddly_lit.reporting.report import Report

if TYPE_CHECKING:
    from griddly_lit.rllib.run import TrainingRun

_log = logging.getLogger("griddly_lit")


class FitLoop:
    """Runs iterations until a limit is reached, a callback stops it, or it is interrupted.

    Args:
        trainer: Its counters and metrics are brought up to date.
        run: The algorithm.
        report: Gets every iteration's metrics and replays.
        callbacks: Their hooks are called.
        budget: The limits.
        validate: Called every so many environment steps.
        validate_every: How many; None never.
        take_weights: Called at the end, also after an exception: the run's weights outlive it.
    """

    def __init__(
        self,
        trainer: TrainerView,
        run: TrainingRun,
        report: Report,
        callbacks: Sequence[Callback],
        budget: Budget,
        validate: Callable[[], object],
        validate_every: int | None,
        take_weights: Callable[[], None],
    ) -> None:
        self._trainer = trainer
        self._run = run
        self._report = report
        self._callbacks = callbacks
        self._budget = budget
        self._validate = validate
        self._validate_every = validate_every
        self._take_weights = take_weights

    def run(self) -> str:
        """Trains, and returns why it ended.

        What is left of the run when an exception ends it is saved before the exception goes on.
        """
        try:
            with interrupts() as interrupted:
                reason = self._train(interrupted.is_set)
                for callback in self._callbacks:
                    callback.on_fit_end(self._trainer)
        except BaseException as error:
            for callback in self._callbacks:
                _rescue(error, partial(callback.on_exception, self._trainer, error))
            _rescue(error, self._take_weights)
            raise
        self._take_weights()
        return reason

    def _train(self, interrupted: Callable[[], bool]) -> str:
        trainer = self._trainer
        for callback in self._callbacks:
            callback.on_fit_start(trainer)
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
        while reason is None:
            self._iterate()
            reason = self._budget.reached(trainer.env_steps, trainer.iterations)
            if interrupted():
                reason = "interrupted"
            elif trainer.should_stop:
                reason = "callback"
        return reason

    def _iterate(self) -> None:
        trainer, steps_before = self._trainer, self._trainer.env_steps
        metrics = self._run.iterate()
        trainer.env_steps, trainer.iterations = self._run.env_steps, self._run.iterations
        trainer.metrics.update(metrics)
        every = self._validate_every
        if every is not None and trainer.env_steps // every > steps_before // every:
            self._validate()
        for callback in self._callbacks:
            callback.on_iteration_end(trainer)
        self._report.iteration(metrics, self._run.take_replays(), trainer.env_steps)


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
