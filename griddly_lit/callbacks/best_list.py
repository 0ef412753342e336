"""The list of a run's best checkpoints, as each of its checkpoints holds it in ``best.json``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from griddly_lit.decoding import parse_json

BEST = "best.json"


class Kept(NamedTuple):
    """A checkpoint that is kept for its score.

    Attributes:
        score: The value of the monitored metric; None for one that stands in, without a score.
        path: Its directory.
    """

    score: float | None
    path: Path


def best_to_json(monitor: str, mode: str, kept: Sequence[Kept]) -> dict[str, Any]:
    """Returns the list of one monitor as JSON values."""
    return {f"{mode} {monitor}": [[each.path.name, each.score] for each in kept]}


def read_best(checkpoint: Path, monitor: str, mode: str) -> list[Kept]:
    """Returns the best checkpoints beside a checkpoint that it knows of, the best first.

    Args:
        checkpoint: Its directory.
        monitor: The metric that says how good a checkpoint is.
        mode: ``max`` or ``min``.
    """
    try:
        listed = parse_json((checkpoint / BEST).read_text("utf-8"))[f"{mode} {monitor}"]
        # A name is one of this folder: what others have written leads nowhere else.
        kept = [
            Kept(None if score is None else float(score), checkpoint.parent / Path(name).name)
            for name, score in listed
        ]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []
    return [each for each in kept if each.path.is_dir()]
