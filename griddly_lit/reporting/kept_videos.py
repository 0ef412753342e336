"""Videos that no logger keeps, cut where a run goes on."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = "videos"
_VIDEO = re.compile(r"step_(\d+)(_\d+)?\.\w+")


def remove_later(run: Path, env_steps: int) -> None:
    """Removes the videos of a run's folder that are of steps after one: they will be drawn again."""
    for file in (run / FOLDER).rglob("step_*"):
        match = _VIDEO.fullmatch(file.name)
        if match is not None and int(match[1]) > env_steps:
            file.unlink(missing_ok=True)
