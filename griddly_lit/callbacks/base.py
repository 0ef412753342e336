"""What a callback may do, and what it sees of the trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class TrainerView(Protocol):
    """The part of a trainer that callbacks use.

    Attributes:
        env_steps: Environment steps taken, those before a resume included.
        iterations: Iterations finished, those before a resume included.
        metrics: The newest value of every metric.
        max_env_steps: The budget of environment steps, if there is one.
        should_stop: Set it to end training after the present iteration.
        resumed_from: The checkpoint that this fit goes on from, if it does.
        train_window_is_full: Whether ``train/…`` go over as many episodes as they are to, and every
            game has ended one.
        checkpoint_dir: Where checkpoints of this run belong.
    """

    env_steps: int
    iterations: int
    metrics: dict[str, float]
    max_env_steps: int | None
    should_stop: bool
    resumed_from: Path | None

    @property
    def train_window_is_full(self) -> bool:
        """Whether ``train/…`` go over a full window."""

    @property
    def checkpoint_dir(self) -> Path:
        """Where checkpoints of this run belong."""

    def save_checkpoint(self, path: Path) -> None:
        """Writes a checkpoint."""


class Callback:
    """Base of callbacks: every hook does nothing."""

    def on_fit_start(self, trainer: TrainerView) -> None:
        """Training is about to begin, after a resume."""

    def on_iteration_end(self, trainer: TrainerView) -> None:
        """An iteration has ended and its metrics are in."""

    def on_validation_end(self, trainer: TrainerView) -> None:
        """A validation has ended and its metrics are in; the weights are those it played with."""

    def on_fit_end(self, trainer: TrainerView) -> None:
        """Training has ended, or was interrupted; the algorithm is still there."""

    def on_exception(self, trainer: TrainerView, exception: BaseException) -> None:
        """An exception has ended training; it is raised again afterwards."""

    def on_teardown(self) -> None:
        """The last call, also after an error."""
