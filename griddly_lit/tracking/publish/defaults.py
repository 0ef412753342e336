"""The loggers of a trainer that was given none: ``logger=True``."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

from griddly_lit.tracking.runs.csv_rows import open_writer

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

_NAME = "griddly_lit_logs"
_VERSION = re.compile(r"version_(\d+)")


def claim_folder(root_dir: Path) -> Path:
    """Makes the folder of a run, ``root_dir/griddly_lit_logs/version_N``, and returns it.

    It is made at once, so that no other run can choose it too.

    Raises:
        OSError: The folder cannot be made.
    """
    logs = Path(root_dir, _NAME)
    there = logs.glob("version_*")
    taken = [int(match[1]) for entry in there if (match := _VERSION.fullmatch(entry.name))]
    for version in itertools.count(max(taken, default=-1) + 1):
        folder = logs / f"version_{version}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable: counting does not end")


def is_default_folder(folder: Path, root_dir: Path) -> bool:
    """Whether a run with these loggers and this root could have its files in a folder."""
    return (
        _VERSION.fullmatch(folder.name) is not None
        and folder.resolve().parent == Path(root_dir, _NAME).resolve()
    )


def default_loggers(folder: Path) -> list[Logger]:
    """Returns CSV with TensorBoard beside it.

    Args:
        folder: Where they write, see :func:`claim_folder`; it is there.
    """
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

    root, version = folder.parent.parent, int(folder.name.removeprefix("version_"))
    csv = CSVLogger(root, name=_NAME, version=version)
    if not Path(folder, "metrics.csv").exists():
        # Opened before TensorBoard writes: a CSV logger takes a filled folder for an old run's,
        # and warns.
        open_writer(csv)
    return [csv, TensorBoardLogger(root, name=_NAME, version=version)]
