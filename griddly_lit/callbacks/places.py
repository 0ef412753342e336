"""Where a fit has left what it made, in one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def print_places(logs: Sequence[str], last: Path | None, videos: Path | None) -> None:
    """Prints one line to standard error, or nothing where there is nothing to find.

    Args:
        logs: Folders and addresses of the logs.
        last: The newest checkpoint; the others lie beside it.
        videos: Folder of the videos.
    """
    places = {
        "Logs": ", ".join(map(_shown, logs)),
        "checkpoints": "" if last is None else _shown(str(last.parent)),
        "videos": "" if videos is None else _shown(str(videos)),
    }
    found = [f"{name}: {place}" for name, place in places.items() if place]
    if found:
        line = "; ".join(found)
        # Not wrapped: a path in two pieces can be neither clicked nor copied.
        print(line[0].upper() + line[1:], file=sys.stderr, flush=True)


def _shown(place: str) -> str:
    if not os.path.isabs(place):
        return place
    relative = os.path.relpath(place)
    return place if relative.startswith(os.pardir) else relative
