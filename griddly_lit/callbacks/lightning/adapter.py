"""A callback of Lightning's as one of griddly_lit's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from griddly_lit.callbacks.base import Callback, TrainerView
from griddly_lit.callbacks.events import Rollout
from griddly_lit.callbacks.lightning.module import policies_module
from griddly_lit.callbacks.lightning.refused import check_works
from griddly_lit.callbacks.lightning.state import with_tensors, without_tensors
from griddly_lit.callbacks.lightning.view import LightningView
from griddly_lit.errors import OptionError

if TYPE_CHECKING:
    from griddly_lit.fitting.result import FitResult
    from griddly_lit.playing.results import EvaluationResult

_PACKAGES = ("lightning", "pytorch_lightning")
_DISPLAYS = {"ProgressBar": "progress bar", "ModelSummary": "model summary"}


def adapted(callback: Any) -> LightningCallback:
    """Returns a callback that calls Lightning's.

    Raises:
        OptionError: It cannot work here; the error says why.
    """
    check_works(callback, _PACKAGES)
    return LightningCallback(callback)


class LightningCallback(Callback):
    """Calls a callback of Lightning's.

    An iteration is an epoch of one batch: ``on_train_epoch_start`` and ``on_train_batch_start``
    come before it, ``on_train_batch_end`` after sampling and learning, ``on_train_epoch_end`` at its
    end. A validation, too, is one batch. To a progress bar the whole fit is one epoch.

    A monitor ``train/…`` is looked at when it goes over a full window of episodes, as for
    ``ModelCheckpoint``, and one ``val/…`` after each validation.

    Args:
        callback: Lightning's.

    Attributes:
        callback: As given.
    """

    def __init__(self, callback: Any) -> None:
        self.callback = callback
        bases = {
            base.__name__: base.__module__.rpartition(".callbacks.")[0]
            for base in type(callback).__mro__
            if base.__module__.split(".")[0] in _PACKAGES
        }
        self._package = bases["Callback"]
        self.replaces = next((_DISPLAYS[name] for name in _DISPLAYS if name in bases), "")
        self._is_bar = self.replaces == "progress bar"
        self._stops_early = "EarlyStopping" in bases
        # Lightning's own have no use for weights; other code may, and they cost a copy.
        outside = type(callback).__module__.split(".")[0] not in _PACKAGES
        self._sees_weights = outside or "LambdaCallback" in bases
        if "LearningRateMonitor" in bases:
            for option in ("log_momentum", "log_weight_decay"):
                if getattr(callback, option):
                    raise OptionError(
                        f"LearningRateMonitor({option}=True)",
                        "RLlib's learners tell of their learning rates only",
                        "Leave it out",
                    )
        self._loaded: Any = None
        self._view: LightningView | None = None
        self._trainer: TrainerView | None = None

    def __repr__(self) -> str:
        return f"LightningCallback({self.callback!r})"

    @property
    def state_key(self) -> str:
        """Lightning's."""
        return str(self.callback.state_key)

    def state_dict(self) -> dict[str, Any]:
        """Returns Lightning's, without tensors."""
        state: dict[str, Any] = without_tensors(self.callback.state_dict())
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Keeps it until the setup is done, as Lightning does."""
        self._loaded = with_tensors(state)

    def on_fit_start(self, trainer: TrainerView) -> None:
        """Calls ``setup``, ``load_state_dict``, ``on_fit_start`` and ``on_train_start``."""
        self._trainer = trainer
        monitor = str(getattr(self.callback, "monitor", ""))
        self._view = LightningView(
            trainer,
            self.callback,
            is_progress_bar=self._is_bar,
            after_validation=monitor.startswith("val/"),
        )
        self._view.lightning_module = policies_module(self._package, trainer)
        self._call("setup", stage="fit")
        if self._loaded is not None:
            self.callback.load_state_dict(self._loaded)
            self._loaded = None
        self._call("on_fit_start")
        self._call("on_train_start")
        if self._is_bar:
            self._call("on_train_epoch_start")

    def on_iteration_start(self, trainer: TrainerView) -> None:
        """Calls ``on_train_epoch_start`` and ``on_train_batch_start``."""
        if self._view is not None and not self._is_bar:
            self._view.current_epoch = trainer.iterations
            self._call("on_train_epoch_start")
        self._call("on_train_batch_start", None, self._batch_idx)

    def on_rollout_end(self, trainer: TrainerView, rollout: Rollout) -> None:
        """Calls ``on_train_batch_end``; the loss is the mean of the policies'."""
        losses = [
            value
            for name, value in trainer.metrics.items()
            if name.startswith("learner/") and name.endswith("/loss")
        ]
        outputs = {"loss": torch.tensor(losses).mean()} if losses else {}
        self._call("on_train_batch_end", outputs, None, self._batch_idx)

    def on_validation_start(self, trainer: TrainerView) -> None:
        """Calls ``on_validation_start``, ``…_epoch_start`` and ``…_batch_start``."""
        if self._view is not None:
            self._view.validating = True
        self._show_weights()
        self._call("on_validation_start")
        self._call("on_validation_epoch_start")
        self._call("on_validation_batch_start", None, 0)

    def on_validation_end(self, trainer: TrainerView, result: EvaluationResult) -> None:
        """Calls ``on_validation_batch_end``, ``…_epoch_end`` and ``…_end``."""
        self._call("on_validation_batch_end", None, None, 0)
        self._call("on_validation_epoch_end")
        self._call("on_validation_end")
        if self._view is not None:
            self._view.validating = False

    def on_iteration_end(self, trainer: TrainerView, metrics: Mapping[str, float]) -> None:
        """Calls ``on_train_epoch_end``, unless a monitor is not settled yet."""
        self._show_weights()
        if not self._is_bar and not self._has_to_wait(trainer, metrics):
            self._call("on_train_epoch_end")

    def on_fit_end(self, trainer: TrainerView, result: FitResult) -> None:
        """Calls ``on_train_end`` and ``on_fit_end``."""
        self._show_weights()
        if self._is_bar:
            self._call("on_train_epoch_end")
        self._call("on_train_end")
        self._call("on_fit_end")

    def on_exception(self, trainer: TrainerView, exception: BaseException) -> None:
        """Calls ``on_exception``."""
        self._call("on_exception", exception)

    def on_teardown(self) -> None:
        """Calls ``teardown``."""
        self._call("teardown", stage="fit")
        self._view = self._trainer = None

    @property
    def _batch_idx(self) -> int:
        return 0 if self._view is None else self._view.batch_idx

    def _call(self, hook: str, *arguments: Any, **named: Any) -> None:
        # Without a view the fit has failed before it began, and there was no setup.
        if self._view is not None:
            getattr(self.callback, hook)(
                self._view, self._view.lightning_module, *arguments, **named
            )

    def _show_weights(self) -> None:
        if self._sees_weights and self._trainer is not None:
            _ = self._trainer.networks

    def _has_to_wait(self, trainer: TrainerView, metrics: Mapping[str, float]) -> bool:
        if not self._stops_early or not self.callback.monitor.startswith("train/"):
            return False
        # A name that is still missing when others of its kind are there is the user's mistake.
        known = self.callback.monitor in metrics or "train/return_mean" not in metrics
        return known and not trainer.train_window_is_full
