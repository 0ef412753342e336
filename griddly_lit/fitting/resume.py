"""Which checkpoint a trainer means."""

from __future__ import annotations

from pathlib import Path

from griddly_lit.arguments import checked_path
from griddly_lit.callbacks import ModelCheckpoint
from griddly_lit.checkpoints import Checkpoint, find_checkpoint, is_of_run
from griddly_lit.checkpoints.run_file import read_run
from griddly_lit.errors import CheckpointError
from griddly_lit.fitting.options import TrainerOptions
from griddly_lit.tracking.runs import folder_if_known


def checkpoint_of_run(
    options: TrainerOptions, ckpt_path: str | Path | None, required: bool = True
) -> Checkpoint | None:
    """Opens the checkpoint that is meant.

    Args:
        options: What the trainer was told.
        ckpt_path: ``"last"``, ``"best"`` or a checkpoint's directory; None for none.
        required: Whether it is an error to find none; otherwise that is a warning.

    Raises:
        CheckpointError: There is none, or a file of it is missing, cut short or altered.
    """
    if ckpt_path is None:
        return None
    if ckpt_path not in ("last", "best"):
        ckpt_path = checked_path("ckpt_path", ckpt_path, error=CheckpointError)
    settings = options.settings()
    same = ("model", "policies", "train_policies", "valid_actions", "algorithm")
    names = (*same, "seed") if options.is_seeded else same
    ours = {name: settings[name] for name in names}
    return find_checkpoint(
        ckpt_path,
        options.checkpointing or ModelCheckpoint(options.default_monitor),
        options.default_root_dir,
        lambda path: is_of_run(path, options.env, ours),
        required,
        _named_run(options),
    )


def _named_run(options: TrainerOptions) -> Path | None:
    """Returns the folder of the one run that the trainer writes to, if it is there."""
    if isinstance(options.logger, bool):
        named = [] if options.logger else [options.default_root_dir]
    else:
        named = [path for path in map(folder_if_known, options.logger) if path is not None]
    return next((path for path in named if read_run(path) is not None), None)
