"""Keeps the last checkpoint and the best ones."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Literal

from griddly_lit.callbacks.base import Callback, TrainerView
from griddly_lit.errors import OptionError

_log = logging.getLogger("griddly_lit")


class ModelCheckpoint(Callback):
    """Writes ``last`` and the best ``save_top_k`` checkpoints.

    ``last`` is always the newest one, also when the metric got worse, and is written once more when
    training ends or is interrupted. The best are called ``env_steps=N``.

    Args:
        monitor: Name of the metric that says how good a checkpoint is.
        mode: Whether more (``"max"``) or less (``"min"``) of it is better.
        save_top_k: How many of the best to keep.
        every_env_steps: Environment steps between checkpoints.

    Attributes:
        monitor: As given.
        mode: As given.
        best_score: The best value of the metric among the kept checkpoints, or None.
        best_path: The checkpoint that reached it, or None.
        last_path: The newest checkpoint, or None.
    """

    def __init__(
        self,
        monitor: str = "train/return_mean",
        mode: Literal["max", "min"] = "max",
        save_top_k: int = 1,
        every_env_steps: int = 50_000,
    ) -> None:
        if mode not in ("max", "min"):
            raise OptionError(
                f"mode={mode!r}", "there is no such mode", "Choose one", ("max", "min")
            )
        if save_top_k < 0 or every_env_steps < 1:
            raise OptionError(
                f"save_top_k={save_top_k}, every_env_steps={every_env_steps}",
                "save_top_k is at least 0 and every_env_steps at least 1",
                "Use enable_checkpointing=False for no checkpoints",
            )
        self.monitor = monitor
        self.mode = mode
        self.save_top_k = save_top_k
        self.every_env_steps = every_env_steps
        self.last_path: Path | None = None
        self._sign = 1.0 if mode == "max" else -1.0
        self._best: list[tuple[float, Path]] = []
        self._saved_at = 0

    @property
    def best_score(self) -> float | None:
        """The best value of the metric among the kept checkpoints."""
        return self._sign * self._best[0][0] if self._best else None

    @property
    def best_path(self) -> Path | None:
        """The checkpoint that reached it."""
        return self._best[0][1] if self._best else None

    def on_fit_start(self, trainer: TrainerView) -> None:
        """Begins to count."""
        self._saved_at = trainer.env_steps

    def on_iteration_end(self, trainer: TrainerView) -> None:
        """Saves when it is time."""
        if trainer.env_steps - self._saved_at >= self.every_env_steps:
            self._save(trainer)

    def on_fit_end(self, trainer: TrainerView) -> None:
        """Saves what was learned since the last time."""
        if trainer.env_steps > self._saved_at:
            self._save(trainer)
        if not self._best and self.save_top_k and self.last_path is not None:
            _log.warning(
                "No best checkpoint was kept: the metric %r had no value. Available: %s.",
                self.monitor,
                ", ".join(sorted(trainer.metrics)),
            )

    def _save(self, trainer: TrainerView) -> None:
        self._saved_at = trainer.env_steps
        last = trainer.checkpoint_dir / "last"
        trainer.save_checkpoint(last)
        self.last_path = last
        value = trainer.metrics.get(self.monitor)
        if value is None or not self.save_top_k:
            return
        score = self._sign * value
        if len(self._best) < self.save_top_k or score > self._best[-1][0]:
            path = trainer.checkpoint_dir / f"env_steps={trainer.env_steps}"
            trainer.save_checkpoint(path)
            self._best.append((score, path))
            # Python's sort is stable: of equals, the earlier one stays in front.
            self._best.sort(key=lambda kept: kept[0], reverse=True)
            for _, dropped in self._best[self.save_top_k :]:
                shutil.rmtree(dropped, ignore_errors=True)
            del self._best[self.save_top_k :]
