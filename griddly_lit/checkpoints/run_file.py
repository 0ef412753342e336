"""The file ``run.json`` that says what a run's folder holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from griddly_lit.decoding import parse_json

RUN = "run.json"
CHECKPOINTS = "checkpoints"


def read_run(folder: Path) -> dict[str, Any] | None:
    """Returns what a folder's ``run.json`` says; None where there is none that can be read."""
    try:
        values = parse_json((folder / RUN).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) and isinstance(values.get("id"), str) else None


def folder_of(checkpoint: Path) -> Path | None:
    """Returns the folder of the run that a checkpoint lies in, if it does."""
    place = checkpoint.absolute().parent
    return place.parent if place.name == CHECKPOINTS and read_run(place.parent) else None


def shown_run(checkpoint: Path) -> str:
    """Returns a run's id and seed in brackets, for messages, or nothing."""
    folder = folder_of(checkpoint)
    run = None if folder is None else read_run(folder)
    return "" if run is None else f" (run {run['id']}, seed {run.get('seed')})"
