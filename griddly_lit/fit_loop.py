"""The loop of one fit: iterate, report, validate, until it is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from griddly_lit.budget import Budget
from griddly_lit.callbacks import Callback, TrainerView
from griddly_lit.interrupt import interrupts
from griddly_lit.report import Report

if TYPE_CHECKING:
    from griddly_lit.rllib.run import TrainingRun


class FitLoop:
    """Runs iterations until a limit is reached, a callback stops it, or Ctrl-C is pressed.

    Args:
        trainer: Its counters and metrics are brought up to date.
        run: The algorithm.
        report: Gets every iteration's metrics and replays.
        callbacks: Their hooks are called.
        budget: The limits.
        validate: Called every so many environment steps.
        validate_every: How many; None never.
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
    ) -> None:
        self._trainer = trainer
        self._run = run
        self._report = report
        self._callbacks = callbacks
        self._budget = budget
        self._validate = validate
        self._validate_every = validate_every

    def run(self) -> str:
        """Trains, and returns why it ended."""
        trainer = self._trainer
        for callback in self._callbacks:
            callback.on_fit_start(trainer)
        self._budget.start()
        reason = self._budget.reached(trainer.env_steps, trainer.iterations)
        with interrupts() as interrupted:
            while reason is None:
                self._iterate()
                reason = self._budget.reached(trainer.env_steps, trainer.iterations)
                if interrupted.is_set():
                    reason = "interrupted"
                elif trainer.should_stop:
                    reason = "callback"
        for callback in self._callbacks:
            callback.on_fit_end(trainer)
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
