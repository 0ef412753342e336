"""Which checkpoint is meant: ``"last"``, ``"best"``, or a directory."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from griddly_lit.callbacks import ModelCheckpoint
from griddly_lit.checkpoint import MANIFEST, Checkpoint, open_checkpoint
from griddly_lit.errors import CheckpointError

_log = logging.getLogger("griddly_lit")


def find_checkpoint(
    ckpt_path: str | Path, kept: ModelCheckpoint, root: Path, required: bool = True
) -> Checkpoint | None:
    """Opens a checkpoint.

    Args:
        ckpt_path: ``"last"``, ``"best"``, or its directory.
        kept: What knows the checkpoints of this run, if it has any.
        root: Where to look for those of earlier runs.
        required: Whether it is an error to find none; otherwise that is a warning.

    Raises:
        CheckpointError: There is none, or a file of it is missing, cut short or altered.
    """
    path: Path | None = Path(ckpt_path)
    if ckpt_path == "last":
        path = kept.last_path or _find_last(root)
    elif ckpt_path == "best":
        path = kept.best_path or _find_best(root, kept.monitor, kept.mode)
    if path is not None:
        return open_checkpoint(path)
    if required:
        raise CheckpointError(
            f"ckpt_path={ckpt_path!r}",
            f"there is no such checkpoint under {root}",
            "Call fit() first, or give a checkpoint's directory",
        )
    _log.warning("ckpt_path='last' finds no checkpoint: training begins anew.")
    return None


def _find_last(root: Path) -> Path | None:
    """Returns the newest ``last`` in any ``checkpoints`` folder under ``root``."""
    found = root.glob(f"**/checkpoints/last/{MANIFEST}")
    newest = max(found, key=lambda manifest: manifest.stat().st_mtime, default=None)
    return None if newest is None else newest.parent


def _find_best(root: Path, monitor: str, mode: str) -> Path | None:
    """Returns the best checkpoint of the newest run under ``root``.

    Args:
        root: Where to look.
        monitor: The metric that says how good a checkpoint is.
        mode: ``max`` or ``min``.
    """
    last = _find_last(root)
    if last is None:
        return None
    scores = {}
    for manifest in last.parent.glob(f"env_steps=*/{MANIFEST}"):
        score = json.loads(manifest.read_text("utf-8"))["metrics"].get(monitor)
        if score is not None:
            scores[manifest.parent] = score
    choose = max if mode == "max" else min
    return choose(scores, key=lambda path: scores[path], default=None)
