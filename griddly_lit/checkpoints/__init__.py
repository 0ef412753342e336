"""Checkpoints: written whole, opened with care, found by name."""

from griddly_lit.checkpoints.checkpoint import Checkpoint, open_checkpoint
from griddly_lit.checkpoints.layout import RLLIB
from griddly_lit.checkpoints.search import find_checkpoint, is_of_run
from griddly_lit.checkpoints.settings import UNSAID, settings_from_json, settings_to_json
from griddly_lit.checkpoints.write import write_checkpoint

__all__ = [
    "RLLIB",
    "UNSAID",
    "Checkpoint",
    "find_checkpoint",
    "is_of_run",
    "open_checkpoint",
    "settings_from_json",
    "settings_to_json",
    "write_checkpoint",
]
