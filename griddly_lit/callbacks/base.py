"""What a callback may do, and what it sees of the trainer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor, nn

from griddly_lit.callbacks.events import Episode, Rollout

if TYPE_CHECKING:
    from griddly_lit.fitting.result import FitResult
    from griddly_lit.playing.results import EvaluationResult
    from griddly_lit.recording.recorder import FinishedVideo


class TrainerView(Protocol):
    """The part of a trainer that callbacks use.

    Attributes:
        env_steps: Environment steps taken, those before a resume included.
        iterations: Iterations finished, those before a resume included.
        metrics: The newest value of every metric.
        max_env_steps: The budget of environment steps, if there is one.
        should_stop: Set it to end training after the present iteration.
        resumed_from: The checkpoint that this fit goes on from, if it does.
        fast_dev_run: Whether it is a trial of one small iteration.
        default_root_dir: Where files go that no logger has a folder for.
    """

    env_steps: int
    iterations: int
    metrics: dict[str, float]
    max_env_steps: int | None
    should_stop: bool
    resumed_from: Path | None
    fast_dev_run: bool
    default_root_dir: Path

    @property
    def max_iterations(self) -> int | None:
        """The budget of iterations, if there is one."""

    @property
    def train_window_is_full(self) -> bool:
        """Whether ``train/…`` go over as many episodes as they are to, and every game ended one."""

    @property
    def checkpoint_dir(self) -> Path:
        """Where checkpoints of this run belong."""

    @property
    def callback_metrics(self) -> dict[str, Tensor]:
        """The newest value of every metric, as tensors."""

    @property
    def logged_metrics(self) -> dict[str, Tensor]:
        """Those of them that the loggers got."""

    @property
    def loggers(self) -> Sequence[Any]:
        """Lightning's loggers of this run."""

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """The network of each policy, with its present weights; for reading."""

    def log(self, name: str, value: Any) -> None:
        """Adds a metric of one's own."""

    def save_checkpoint(self, path: Path, *links: Path) -> None:
        """Writes a checkpoint, and makes links of it elsewhere."""


class Callback:
    """Base of callbacks: every hook does nothing.

    In an iteration the order is ``on_iteration_start``, sampling and learning, ``on_rollout_end``,
    ``on_episode_end``, a validation if one is due, ``on_iteration_end``. Whatever these tell of has
    been handed to the loggers by then.

    A hook whose event has a result may leave it out: ``on_iteration_end(self, trainer)``.

    Attributes:
        replaces: The display of the trainer's that it stands for, ``"progress bar"`` or
            ``"model summary"``, if it does.
    """

    replaces: str = ""

    @property
    def state_key(self) -> str:
        """Name under which checkpoints keep the state; of several alike, the order decides."""
        return type(self).__name__

    def state_dict(self) -> dict[str, Any]:
        """Returns what a resumed run needs: plain values and NumPy arrays, nested at will.

        Dictionaries have texts as keys; tuples come back as lists.
        """
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over what :meth:`state_dict` gave, before the ``on_fit_start`` of a resumed run.

        It is not called where the checkpoint holds nothing of this callback.
        """

    def on_fit_start(self, trainer: TrainerView) -> None:
        """Training is about to begin, after a resume."""

    def on_iteration_start(self, trainer: TrainerView) -> None:
        """An iteration is about to begin."""

    def on_rollout_end(self, trainer: TrainerView, rollout: Rollout) -> None:
        """An iteration has sampled, and learned from it."""

    def on_episode_end(self, trainer: TrainerView, episode: Episode) -> None:
        """An episode of training has ended; called once for each, after its iteration."""

    def on_iteration_end(self, trainer: TrainerView, metrics: Mapping[str, float]) -> None:
        """An iteration has ended.

        Args:
            trainer: The trainer.
            metrics: The newest value of every metric; they do not change afterwards.
        """

    def on_validation_start(self, trainer: TrainerView) -> None:
        """A validation is about to begin."""

    def on_validation_end(self, trainer: TrainerView, result: EvaluationResult) -> None:
        """A validation has ended and its metrics are in; the weights are those it played with."""

    def on_checkpoint_saved(self, trainer: TrainerView, path: Path) -> None:
        """A checkpoint is at ``path``: ``last``, one of the best, or one that a user saved."""

    def on_video(self, trainer: TrainerView, video: FinishedVideo) -> None:
        """A video is drawn and the loggers have it.

        Where they keep it themselves, ``video.path`` is gone after the fit. The last videos come
        between ``on_fit_end`` and ``on_teardown``.
        """

    def on_fit_end(self, trainer: TrainerView, result: FitResult) -> None:
        """Training has ended, or was interrupted; the algorithm is still there.

        Args:
            trainer: The trainer.
            result: What the fit came to; its last checkpoint is written.
        """

    def on_exception(self, trainer: TrainerView, exception: BaseException) -> None:
        """An exception has ended training; it is raised again afterwards."""

    def on_teardown(self) -> None:
        """The last call, also after an error."""


def hook_names() -> list[str]:
    """Returns the names of all hooks."""
    return [name for name in vars(Callback) if name.startswith("on_")]
