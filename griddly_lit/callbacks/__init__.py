"""What happens beside training: checkpoints, the progress bar and the model's summary."""

from griddly_lit.callbacks.base import Callback, TrainerView, hook_names
from griddly_lit.callbacks.events import Episode, Rollout
from griddly_lit.callbacks.model_checkpoint import ModelCheckpoint
from griddly_lit.callbacks.model_summary import print_summary
from griddly_lit.callbacks.places import print_places
from griddly_lit.callbacks.progress import ProgressBar

__all__ = [
    "Callback",
    "Episode",
    "ModelCheckpoint",
    "ProgressBar",
    "Rollout",
    "TrainerView",
    "hook_names",
    "print_places",
    "print_summary",
]
