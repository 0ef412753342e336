"""Which checkpoint a trainer means, and going on from it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from griddly_lit.arguments import checked_path
from griddly_lit.callbacks import ModelCheckpoint
from griddly_lit.checkpoints import Checkpoint, find_checkpoint, is_of_run
from griddly_lit.checkpoints.run_file import read_run
from griddly_lit.errors import CheckpointError
from griddly_lit.fitting.callback_states import load_callback_states
from griddly_lit.fitting.options import TrainerOptions
from griddly_lit.tracking.runs import folder_if_known

if TYPE_CHECKING:
    from griddly_lit.rllib.run import TrainingRun

_log = logging.getLogger("griddly_lit")


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


def go_on(options: TrainerOptions, run: TrainingRun, checkpoint: Checkpoint) -> None:
    """Takes over the state of a checkpoint, and tells what begins anew.

    Args:
        options: What the trainer was told.
        run: It has the checkpoint's weights, optimizers and counters already.
        checkpoint: The checkpoint.

    Raises:
        CheckpointError: The state is none.
    """
    state = checkpoint.state()
    same_env = is_of_run(checkpoint.path, options.env, {})
    with checkpoint.files.decoding("state/state.json"):
        anew = run.load_state_dict(state["run"], same_env)
        load_callback_states(options.callbacks, state.get("callbacks", {}))
    if anew:
        _log.warning("The resumed run is not exact: %s begin anew.", "; ".join(anew))
