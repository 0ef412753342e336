"""What a trainer shows of its training while it goes on."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from griddly_lit.arguments import checked_path, checked_text, shown
from griddly_lit.errors import CheckpointError, OptionError, did_you_mean
from griddly_lit.fitting.fit import Fit, no_training
from griddly_lit.fitting.options import TrainerOptions
from griddly_lit.playing import Actor
from griddly_lit.reporting import Report, metric_names

# Loggers have columns and axes of these names.
_AXES = ("step", "epoch", "env_steps", "trainer/global_step")

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

    from griddly_lit.rllib.config import AlgorithmConfig


class LiveTrainer(TrainerOptions):
    """The side of a trainer that callbacks see.

    Attributes:
        env_steps: Environment steps taken so far.
        iterations: Iterations finished so far.
        metrics: The newest value of every metric.
        should_stop: Set it to end training after the present iteration.
        resumed_from: The checkpoint that the present ``fit``, or the last one, goes on from.
    """

    env_steps: int
    iterations: int
    metrics: dict[str, float]
    should_stop: bool
    resumed_from: Path | None
    _actor: Actor
    _report: Report
    _fit: Fit | None

    @classmethod
    def check_names(cls, method: str, options: Mapping[str, Any]) -> None:
        """Raises OptionError for what is no argument of a trainer; the nearest one is suggested."""
        known = list(inspect.signature(cls).parameters)
        for option in options:
            if option not in known:
                raise OptionError(
                    f"{method}(…, {option}=…)",
                    "the trainer has no such argument",
                    did_you_mean(option, known),
                    known,
                )

    @property
    def global_step(self) -> int:
        """Environment steps, by Lightning's name for the x-axis."""
        return self.env_steps

    @property
    def current_epoch(self) -> int:
        """Iterations, by Lightning's name."""
        return self.iterations

    @property
    def callback_metrics(self) -> dict[str, Tensor]:
        """The newest value of every metric, as tensors, as Lightning has them."""
        return {name: torch.tensor(value) for name, value in self.metrics.items()}

    @property
    def logged_metrics(self) -> dict[str, Tensor]:
        """Those of :attr:`callback_metrics` that the loggers have got in this run."""
        logged = set(self._report.history)
        return {name: value for name, value in self.callback_metrics.items() if name in logged}

    @property
    def max_iterations(self) -> int | None:
        """The budget of iterations, if there is one."""
        return self.budget.max_iterations

    @property
    def loggers(self) -> Sequence[Logger]:
        """Lightning's loggers of this run."""
        return self._report.loggers

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """The network of each policy, with its present weights; for reading."""
        if self._fit is not None:
            self._fit.show_weights()
        return self._actor.networks

    @property
    def train_window_is_full(self) -> bool:
        """Whether ``train/…`` go over 100 episodes, and every game has ended one, in this fit."""
        run = None if self._fit is None else self._fit.run
        return run is not None and run.window.is_full

    @property
    def checkpoint_dir(self) -> Path:
        """Where checkpoints of this run belong."""
        return self._report.run_dir / "checkpoints"

    def to_rllib(self) -> AlgorithmConfig:
        """Returns the RLlib config that ``fit()`` uses, for RLlib without the trainer and for Tune.

        Its results have the keys and the videos of ``fit()``: ``train/return_mean`` and the like,
        those of episodes as NaN until one has ended, and ``videos/…`` as the path of the video,
        which lies in the trial's folder unless ``video`` names another one.
        """
        from griddly_lit.rllib.trainer_results import with_results

        return with_results(self.fit_config())

    def log(self, name: str, value: Any) -> None:
        """Adds a metric of your own, at the present environment step.

        It is in :attr:`metrics` at once, and in the loggers and the fit's history after the
        callback's hook, so a ``ModelCheckpoint`` can monitor it.

        Args:
            name: Its name, such as ``mine/score``; the trainer's own are taken.
            value: A number, also as an array or tensor of one; NaN is one.

        Raises:
            OptionError: The name is the trainer's, or the value is no such number.
        """
        checked_text("name", name, "Name the metric, such as 'mine/score'")
        if self._is_own_metric(name):
            raise OptionError(
                f"log({name!r}, …)",
                "the trainer itself has a metric of this name",
                f"Call it 'mine/{name.rpartition('/')[2]}'",
            )
        number = _number(name, value)
        self.metrics[name] = number
        if self._fit is not None:
            self._fit.log(name, number)
        else:
            self._report.logged({name: number}, self.env_steps)
            self._rest()

    def save_checkpoint(self, path: str | Path, *links: str | Path) -> None:
        """Writes a checkpoint during training.

        Args:
            path: Its directory; what is there already is replaced.
            *links: More places for the same checkpoint, where there is nothing yet; they share its
                files.

        Raises:
            CheckpointError: There is no training to save, or a link or a file is in the way.
        """
        path, *others = (
            checked_path("path", each, error=CheckpointError) for each in (path, *links)
        )
        if self._fit is None:
            raise no_training(path)
        self._fit.save(path, others)

    def _rest(self) -> None:
        if self._fit is None:
            self._report.rest()

    def _make_report(self) -> Report:
        return Report(
            self.env,
            False if self.fast_dev_run else self.logger,
            # Which score is the best one, for tables of many runs.
            {"monitor": getattr(self.checkpointing, "monitor", None), **self.settings()},
            self.video,
            self.track_actions,
            self.default_root_dir,
        )

    def _is_own_metric(self, name: str) -> bool:
        names = metric_names(
            self.env.game,
            self.resolved_policies,
            self.env.level_source.indices(),
            self.env.test_levels,
            in_self_play=self.self_play is not None,
            is_validated=True,
            track_actions=True,
        )
        names += ["val/agent_info/", *_AXES]
        # A test has the metrics of a validation.
        name = name.replace("test/", "val/", 1) if name.startswith("test/") else name
        return name in names or name.startswith(tuple(n for n in names if n.endswith("/")))


def _number(name: str, value: Any) -> float:
    try:
        item = value.item() if hasattr(value, "item") else value
        if isinstance(item, (int, float)) and not isinstance(item, bool):
            number = float(item)
            if not math.isinf(number):
                return number
    except (TypeError, ValueError, RuntimeError, OverflowError):
        pass
    raise OptionError(
        shown(f"log({name!r}, value)", value),
        "a metric is one number, finite or NaN",
        "Pass a float, or an array or tensor of one number",
    )
