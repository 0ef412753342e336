"""A trainer as Lightning's callbacks expect it."""

# ruff: noqa: D102, Lightning documents its attributes.

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from griddly_lit.callbacks.base import TrainerView

_SHOWN = {
    "train/return_mean": "return",
    "train/win_rate": "wins",
    "val/return_mean": "val_return",
}


class LightningView:
    """The attributes of ``lightning.pytorch.Trainer`` that callbacks read.

    A step is an environment step and an epoch an iteration, which is one batch. A progress bar
    counts environment steps instead, and the fit is one epoch to it.

    Args:
        trainer: The trainer.
        callback: The callback that it is for.
        is_progress_bar: Whether that is a progress bar.
        after_validation: Whether it decides after validations; otherwise after epochs.
    """

    world_size = num_nodes = num_devices = 1
    global_rank = local_rank = node_rank = 0
    is_global_zero = True
    sanity_checking = False
    testing = predicting = False
    interrupted = False
    num_sanity_val_batches = 0
    check_val_every_n_epoch = 1
    accumulate_grad_batches = log_every_n_steps = 1
    precision = "32-true"
    min_epochs = min_steps = None
    datamodule = train_dataloader = val_dataloaders = None
    checkpoint_callbacks: Sequence[Any] = ()
    checkpoint_callback = None

    def __init__(
        self,
        trainer: TrainerView,
        callback: Any,
        *,
        is_progress_bar: bool,
        after_validation: bool,
    ) -> None:
        self._trainer = trainer
        self._is_progress_bar = is_progress_bar
        self._began_at = trainer.env_steps
        self._callback_metrics: dict[str, Tensor] = {}
        self.callbacks = [callback]
        self.progress_bar_callback = callback if is_progress_bar else None
        self.early_stopping_callback = None
        self.state = SimpleNamespace(fn="fit", stage="train", status="running", finished=False)
        self.strategy = SimpleNamespace(
            broadcast=lambda value, src=0: value,
            reduce_boolean_decision=lambda decision, all=True: decision,
            barrier=lambda name=None: None,
            root_device=torch.device("cpu"),
            is_global_zero=True,
        )
        self.lightning_module: Any = None
        self.val_check_interval = None if after_validation else 1.0
        self.validating = False
        # A list: bars tell it from a number by that.
        self.num_val_batches = [1]
        self.current_epoch = trainer.iterations
        # Where a step of logging belongs, by the private names that LearningRateMonitor reads.
        self._logger_connector = SimpleNamespace(should_update_logs=True)
        self.fit_loop = SimpleNamespace(epoch_loop=_EpochLoop(trainer))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"trainer.{name}: Lightning's Trainer may have it, but griddly_lit trains with RLlib, "
            "and its callbacks see what a Trainer says of progress, metrics and loggers"
        )

    @property
    def training(self) -> bool:
        return not self.validating

    @property
    def model(self) -> Any:
        return self.lightning_module

    @property
    def global_step(self) -> int:
        return self._trainer.env_steps

    @property
    def should_stop(self) -> bool:
        return self._trainer.should_stop

    @should_stop.setter
    def should_stop(self, value: bool) -> None:
        self._trainer.should_stop = bool(value)

    @property
    def fast_dev_run(self) -> bool:
        return self._trainer.fast_dev_run

    @property
    def max_epochs(self) -> int | None:
        if self._is_progress_bar:
            return None
        iterations = self._trainer.max_iterations
        return -1 if iterations is None else iterations

    @property
    def max_steps(self) -> int:
        steps = self._trainer.max_env_steps
        return -1 if steps is None else steps

    @property
    def num_training_batches(self) -> int | float:
        if not self._is_progress_bar:
            return 1
        steps = self._trainer.max_env_steps
        return math.inf if steps is None else max(0, steps - self._began_at)

    @property
    def batch_idx(self) -> int:
        """Number of the present batch in its epoch."""
        return self._trainer.env_steps - self._began_at - 1 if self._is_progress_bar else 0

    @property
    def estimated_stepping_batches(self) -> int | float:
        return math.inf if self.max_steps == -1 else self.max_steps

    @property
    def callback_metrics(self) -> dict[str, Tensor]:
        # One dictionary: callbacks add to it.
        self._callback_metrics.update(self._trainer.callback_metrics)
        return self._callback_metrics

    @property
    def logged_metrics(self) -> dict[str, Tensor]:
        return self._trainer.logged_metrics

    @property
    def progress_bar_metrics(self) -> dict[str, float]:
        metrics = self._trainer.metrics
        return {short: metrics[name] for name, short in _SHOWN.items() if name in metrics}

    @property
    def loggers(self) -> list[Any]:
        return list(self._trainer.loggers)

    @property
    def logger(self) -> Any:
        return next(iter(self.loggers), None)

    @property
    def log_dir(self) -> str | None:
        return None if self.logger is None else self.logger.log_dir

    @property
    def default_root_dir(self) -> str:
        return str(self._trainer.default_root_dir)

    @property
    def optimizers(self) -> list[Any]:
        return [config.scheduler.optimizer for config in self.lr_scheduler_configs]

    @property
    def lr_scheduler_configs(self) -> list[Any]:
        """One a policy, called ``lr-{policy}``, once its learner has told of its rate."""
        configs = []
        for name, value in self._trainer.metrics.items():
            if name.startswith("learner/") and name.endswith("/lr"):
                policy = name.removeprefix("learner/").removesuffix("/lr")
                optimizer = SimpleOptimizer([{"lr": value}])
                configs.append(
                    SimpleNamespace(
                        name=f"lr-{policy}",
                        interval="epoch",
                        scheduler=SimpleNamespace(optimizer=optimizer),
                    )
                )
        return configs

    def print(self, *values: Any, **options: Any) -> None:
        """Prints, as ``Trainer.print`` does."""
        print(*values, **options)


class SimpleOptimizer:
    """What is known here of a learner's optimizer.

    Attributes:
        param_groups: One, with its ``lr``.
        defaults: Nothing.
    """

    def __init__(self, param_groups: list[dict[str, Any]]) -> None:
        self.param_groups = param_groups
        self.defaults: dict[str, Any] = {}


class _EpochLoop:
    def __init__(self, trainer: TrainerView) -> None:
        self._trainer = trainer

    @property
    def _batches_that_stepped(self) -> int:
        return self._trainer.env_steps

    def _should_check_val_epoch(self) -> bool:
        return True
