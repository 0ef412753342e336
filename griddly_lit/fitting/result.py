"""What a fit came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from griddly_lit.reporting.history import History


@dataclass(frozen=True)
class FitResult:
    """What a ``fit`` came to.

    Attributes:
        env_steps: Environment steps taken, those before a resume included.
        iterations: Iterations finished, those before a resume included.
        stop_reason: ``max_env_steps``, ``max_iterations``, ``max_time``, ``callback``,
            ``interrupted`` or ``fast_dev_run``.
        best_score: Best value of the monitored metric among the kept checkpoints; None where it
            never had one that counts.
        best_path: The checkpoint that reached it; the last one where the run was too short for a
            score.
        last_path: The newest checkpoint.
        metrics: The newest value of every metric.
        history: Every metric by environment step, those of this call; ``history.plot()`` draws it.
    """

    env_steps: int
    iterations: int
    stop_reason: str
    best_score: float | None
    best_path: Path | None
    last_path: Path | None
    metrics: Mapping[str, float]
    history: History = field(default_factory=History, repr=False, compare=False)

    def __str__(self) -> str:
        """Returns what happened, how well it went, and where the checkpoints are."""
        lines = [
            f"{self.env_steps:,} environment steps in {self.iterations:,} iterations; "
            f"ended by {self.stop_reason}"
        ]
        shown = {
            name: f"{self.metrics[key]:.3f}"
            for name, key in (
                ("return", "train/return_mean"),
                ("length", "train/length_mean"),
                ("win rate", "train/win_rate"),
            )
            if key in self.metrics
        }
        if shown:
            lines.append(", ".join(f"{name} {value}" for name, value in shown.items()))
        if self.best_path is not None and self.best_score is not None:
            lines.append(f"best checkpoint: {self.best_score:.3f}, {self.best_path}")
        if self.last_path is not None:
            lines.append(f"last checkpoint: {self.last_path}")
        return "\n".join(lines)
