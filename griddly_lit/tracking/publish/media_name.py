"""Where the files of a key lie, in the loggers that keep files."""

from __future__ import annotations

import re
from pathlib import PurePosixPath


def media_name(folder: str, key: str, step: int, suffix: str) -> PurePosixPath:
    """Returns a relative path: ``videos/level_0`` gives ``videos/level_0/step_000012000.mp4``."""
    parts = [re.sub(r"[^\w .-]", "_", part) for part in key.split("/") if part.strip(". ")]
    if parts[0] == folder:
        parts = parts[1:]
    return PurePosixPath(folder, *parts, f"step_{step:09d}{suffix}")
