"""The loggers of a trainer that was given none: ``logger=True``."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

_NAME = "griddly_lit_logs"


def default_loggers(root_dir: Path) -> list[Logger]:
    """Returns CSV with TensorBoard beside it, in ``root_dir/griddly_lit_logs/version_N``.

    The folder is made at once, so that no other run can choose it too: call this when there is
    something to write.

    Args:
        root_dir: Where the folder of the logs lies.

    Raises:
        OSError: The folder cannot be made.
    """
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

    version = _claim_version(Path(root_dir, _NAME), CSVLogger(root_dir, name=_NAME).version)
    csv = CSVLogger(root_dir, name=_NAME, version=version)
    # Opened before TensorBoard writes: a CSV logger takes a filled folder for an old run's, warns,
    # and deletes the metrics.csv in it.
    _ = csv.experiment
    return [csv, TensorBoardLogger(root_dir, name=_NAME, version=version)]


def _claim_version(folder: Path, first: int | str) -> int:
    for version in itertools.count(int(first)):
        try:
            (folder / f"version_{version}").mkdir(parents=True)
        except FileExistsError:
            continue
        return version
    raise AssertionError("unreachable: counting does not end")
