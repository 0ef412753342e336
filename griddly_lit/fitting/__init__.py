"""Training: what a trainer is told, one fit of it, and what that came to."""

from griddly_lit.fitting.fit import Fit
from griddly_lit.fitting.live import LiveTrainer
from griddly_lit.fitting.options import TrainerOptions
from griddly_lit.fitting.result import FitResult
from griddly_lit.fitting.resume import checkpoint_of_run

__all__ = ["Fit", "FitResult", "LiveTrainer", "TrainerOptions", "checkpoint_of_run"]
