"""Keeps the last checkpoint and the best ones."""

from __future__ import annotations

import itertools
import logging
import math
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from griddly_lit.arguments import checked_choice, checked_int, checked_text
from griddly_lit.callbacks.base import Callback, TrainerView
from griddly_lit.callbacks.best_list import Kept, best_to_json, read_best
from griddly_lit.errors import CheckpointError, DivergedError, OptionError, did_you_mean
from griddly_lit.whole_directory import link_directory

if TYPE_CHECKING:
    from griddly_lit.fitting.result import FitResult
    from griddly_lit.playing.results import EvaluationResult

_log = logging.getLogger("griddly_lit")


class ModelCheckpoint(Callback):
    """Writes ``last`` and the best ``save_top_k`` checkpoints.

    ``last`` is always the newest one, also when the metric got worse, and is written once more when
    training ends, is interrupted or fails. The best are called ``env_steps=N``; of equals the newer
    is better.

    A metric ``train/…`` is no score before it goes over a full window with an episode of every game
    in it: until then those that end first decide it. One of ``val/…`` is the score of the weights
    that were validated, which are saved at once when they are among the best. A run that ends
    without a score keeps its last checkpoint as the best, and says so.

    Args:
        monitor: Name of the metric that says how good a checkpoint is; by default
            ``val/return_mean`` where the trainer validates, ``self_play/elo`` in self-play, and
            ``train/return_mean`` otherwise.
        mode: Whether more (``"max"``) or less (``"min"``) of it is better.
        save_top_k: How many of the best to keep.
        every_env_steps: Environment steps between checkpoints.

    Attributes:
        monitor: As given; the trainer fills in the default.
        mode: As given.
        best_score: The best value of the metric among the kept checkpoints, or None.
        best_path: The checkpoint that reached it, or None.
        last_path: The newest checkpoint, or None.
    """

    def __init__(
        self,
        monitor: str | None = None,
        mode: Literal["max", "min"] = "max",
        save_top_k: int = 1,
        every_env_steps: int = 50_000,
    ) -> None:
        if monitor is not None:
            checked_text("monitor", monitor, "Name a metric, such as 'train/return_mean'")
        self.monitor = monitor
        self.mode = checked_choice("mode", mode, ("max", "min"))
        self.save_top_k = checked_int("save_top_k", save_top_k)
        self.every_env_steps = checked_int("every_env_steps", every_env_steps, 1)
        self.last_path: Path | None = None
        self._best: list[Kept] = []
        # The checkpoints in between count from the latter, those at the end of a fit are extra.
        self._began_at = self._newest_at = self._counts_from = 0
        self._loaded: int | None = None

    @property
    def best_score(self) -> float | None:
        """The best value of the metric among the kept checkpoints."""
        return self._best[0].score if self._best else None

    @property
    def best_path(self) -> Path | None:
        """The checkpoint that reached it."""
        return self._best[0].path if self._best else None

    def on_fit_start(self, trainer: TrainerView) -> None:
        """Begins anew, or where the checkpoint was that training goes on from."""
        self._began_at = self._newest_at = trainer.env_steps
        self._counts_from = trainer.env_steps if self._loaded is None else self._loaded
        self._loaded = None
        self.last_path = trainer.resumed_from
        self._best = []
        if trainer.resumed_from is not None:
            known = read_best(trainer.resumed_from, self._monitor, self.mode)
            self._best = [kept for kept in known if kept.score is not None][: self.save_top_k]

    def on_iteration_end(self, trainer: TrainerView, metrics: Mapping[str, float]) -> None:
        """Saves when it is time.

        Raises:
            OptionError: The monitor is to come from a learner, and the learners have no such metric.
        """
        learned = [name for name in metrics if name.startswith("learner/")]
        if learned and self._monitor.startswith("learner/"):
            self.check_monitor(learned)
        if trainer.env_steps - self._counts_from >= self.every_env_steps:
            self._counts_from = trainer.env_steps
            self._save(trainer, self._score_now(trainer))

    def on_validation_end(self, trainer: TrainerView, result: EvaluationResult) -> None:
        """Saves the weights that were validated if they are among the best."""
        if self._is_validated:
            score = self._score(trainer)
            if score is not None and self._is_among_best(score):
                self._counts_from = trainer.env_steps
                self._save(trainer, score)

    def on_fit_end(self, trainer: TrainerView, result: FitResult) -> None:
        """Saves what was learned since the last time."""
        if trainer.env_steps > self._newest_at:
            self._save(trainer, self._score_now(trainer))
        if not self._best and self.save_top_k and trainer.env_steps > self._began_at:
            self._do_without_score(trainer)

    def on_exception(self, trainer: TrainerView, exception: BaseException) -> None:
        """Saves what was learned since the last time, unless it has come to nothing."""
        if trainer.env_steps > self._newest_at and not isinstance(exception, DivergedError):
            self._save(trainer, None)

    @property
    def _monitor(self) -> str:
        return self.monitor or "train/return_mean"

    @property
    def _is_validated(self) -> bool:
        return self._monitor.startswith("val/")

    def _score(self, trainer: TrainerView) -> float | None:
        value = trainer.metrics.get(self._monitor)
        settled = trainer.train_window_is_full or not self._monitor.startswith("train/")
        return value if value is not None and math.isfinite(value) and settled else None

    def _score_now(self, trainer: TrainerView) -> float | None:
        # A validation's result is that of earlier weights by now.
        return None if self._is_validated else self._score(trainer)

    def _is_among_best(self, score: float) -> bool:
        worst = self._best[-1].score if len(self._best) == self.save_top_k > 0 else None
        if worst is None:
            return self.save_top_k > 0
        return score >= worst if self.mode == "max" else score <= worst

    def _save(self, trainer: TrainerView, score: float | None, stand_in: bool = False) -> None:
        self._newest_at = trainer.env_steps
        folder = trainer.checkpoint_dir
        # Those of the run that this one goes on from: a folder holds all that is its own.
        self._best = [
            kept
            if kept.path.parent.resolve() == folder.resolve()
            else kept._replace(path=_linked(kept.path, folder / kept.path.name))
            for kept in self._best
            if kept.path.is_dir()
        ]
        new, dropped = None, []
        if stand_in or (score is not None and self._is_among_best(score)):
            new = _unused(folder / f"env_steps={trainer.env_steps}")
            # Python's sort is stable: of equals, the newer one stays in front.
            self._best.insert(0, Kept(score, new))
            self._best.sort(key=lambda kept: kept.score or 0.0, reverse=self.mode == "max")
            dropped = self._best[self.save_top_k :]
            del self._best[self.save_top_k :]
        self.last_path = folder / "last"
        trainer.save_checkpoint(self.last_path, *([] if new is None else [new]))
        for kept in dropped:
            shutil.rmtree(kept.path, ignore_errors=True)

    def best(self) -> dict[str, Any]:
        """Returns what each checkpoint keeps of the list of the best ones, as JSON values."""
        return best_to_json(self._monitor, self.mode, self._best)

    def state_dict(self) -> dict[str, Any]:
        """Returns the environment steps from which it counts to the next checkpoint."""
        return {"counts_from": self._counts_from}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on counting from there, so that a resumed run saves at the same steps."""
        self._loaded = checked_int("counts_from", state["counts_from"], error=CheckpointError)

    def check_monitor(self, known: Iterable[str]) -> None:
        """Raises OptionError when the monitor is none of the metrics that there are.

        Args:
            known: Their names.
        """
        names = sorted(known)
        if self._monitor not in names:
            raise OptionError(
                f"ModelCheckpoint(monitor={self._monitor!r})",
                "there is no such metric",
                did_you_mean(self._monitor, names),
                names,
            )

    def _do_without_score(self, trainer: TrainerView) -> None:
        """Tells why no checkpoint has a score; the last one is the best where the run was short."""
        validated = any(name.startswith("val/") for name in trainer.metrics)
        if self._monitor in trainer.metrics and not self._is_validated:
            reason = "did not yet go over a full window of episodes with one of every game in it"
        elif self._is_validated and not validated:
            reason = "was not measured, as no validation took place"
        else:
            _log.warning(
                "No best checkpoint was kept: the metric %r had no value. Available: %s. %s",
                self._monitor,
                ", ".join(sorted(trainer.metrics)),
                did_you_mean(self._monitor, trainer.metrics),
            )
            return
        _log.warning(
            "No checkpoint has a score: %r %s. The last one is kept as the best.",
            self._monitor,
            reason,
        )
        self._save(trainer, None, stand_in=True)


def _linked(source: Path, path: Path) -> Path:
    """Returns an equal of a checkpoint at ``path``, or beside it."""
    path = _unused(path)
    link_directory(source, path)
    return path


def _unused(path: Path) -> Path:
    """Returns ``path``, or with a number as its end where it is somebody's already."""
    numbered = (path.with_name(f"{path.name}-v{version}") for version in itertools.count(1))
    return next(each for each in itertools.chain([path], numbered) if not each.exists())
