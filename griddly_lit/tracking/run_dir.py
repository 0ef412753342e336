"""Where a run's files belong: beside what its first logger writes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from griddly_lit.errors import OptionError

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger


def run_dir(loggers: Sequence[Logger]) -> Path | None:
    """Returns the folder of the first logger that has one, as Lightning's checkpoints choose it.

    Args:
        loggers: The loggers of a run that has begun.

    Returns:
        The logger's ``log_dir``, else ``save_dir/name/version``, else None.
    """
    for logger in loggers:
        if logger.log_dir is not None:
            return Path(logger.log_dir)
        if logger.save_dir is not None:
            return Path(logger.save_dir, str(logger.name), str(logger.version))
    return None


def check_writable(root: Path) -> None:
    """Raises OptionError when no folder can be made under ``root``; nothing is made."""
    there = next(path for path in (root.absolute(), *root.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        fault = "cannot be written into" if there.is_dir() else "is a file"
        raise OptionError(
            f"default_root_dir={str(root)!r}",
            f"logs and checkpoints go there, but {there} {fault}",
            "Choose another folder",
        )
