"""Where a run's files belong: beside what its first logger writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
