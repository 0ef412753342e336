"""The files of a CSV logger, cut where a run goes on, and widened without the risk of losing rows."""

from __future__ import annotations

import csv
import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from griddly_lit.whole_file import draft_of, whole_file

_METRICS, _MEDIA, _STEP = "metrics.csv", "media.csv", "step"


def open_writer(logger: Any) -> Any:
    """Returns the writer of a CSV logger, opened beside what else is in its folder.

    Lightning takes a folder with files in it for an old run's and warns.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Experiment logs directory")
        return logger.experiment


def go_on_after(logger: Any, env_steps: int) -> None:
    """Lets a CSV logger go on in its files, without what they hold of later steps.

    Args:
        logger: Opened or not.
        env_steps: The last environment step whose rows stay.
    """
    folder = Path(logger.log_dir)
    _cut_media(folder, env_steps)
    metrics = folder / _METRICS
    draft = draft_of(metrics)
    if draft.exists() and not metrics.exists():
        # A process was killed after Lightning had removed the old file, see below.
        os.replace(draft, metrics)
    header, rows = _read(metrics)
    kept = [row for row in rows if _is_until(row, header, env_steps)]
    if header:
        with whole_file(metrics) as draft:
            _write(draft, [header, *kept])
            # Lightning removes the metrics.csv that it finds.
            writer = open_writer(logger)
    else:
        writer = open_writer(logger)
    writer.metrics.clear()
    writer.metrics_keys[:] = header


def widen(writer: Any, names: Iterable[str]) -> None:
    """Adds columns to the ``metrics.csv`` of a CSV logger's writer, whole or not at all.

    Lightning empties the file and writes it again, so that a kill between the two loses all rows.
    """
    known = set(writer.metrics_keys)
    new = {*names, _STEP} - known
    path = Path(writer.metrics_file_path)
    if not new or not path.is_file():
        return
    header = sorted(known | new)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with whole_file(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, header)
        table.writeheader()
        table.writerows(rows)
    writer.metrics_keys[:] = header


def _cut_media(folder: Path, env_steps: int) -> None:
    index = folder / _MEDIA
    header, rows = _read(index)
    if not header:
        return
    kept = [row for row in rows if _is_until(row, header, env_steps)]
    names = {row[-1] for row in kept}
    with whole_file(index) as draft:
        _write(draft, [header, *kept])
    for row in rows:
        file = folder / row[-1]
        if row[-1] not in names and file.resolve().is_relative_to(folder.resolve()):
            file.unlink(missing_ok=True)


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Returns the header and the whole rows of a file; nothing where there is none."""
    if not path.is_file():
        return [], []
    text = path.read_bytes().decode("utf-8", "replace").replace("\0", "")
    # A line without an end was being written when its process was killed.
    lines = text[: text.rfind("\n") + 1].splitlines(keepends=True)
    header, *rows = csv.reader(lines) if lines else [[]]
    return header, [row for row in rows if len(row) == len(header)]


def _is_until(row: Sequence[str], header: Sequence[str], env_steps: int) -> bool:
    try:
        return float(row[header.index(_STEP)]) <= env_steps
    except ValueError:
        return False


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
