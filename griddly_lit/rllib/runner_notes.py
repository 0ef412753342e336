"""Where remote runners note what they do."""

from __future__ import annotations

import time
from pathlib import Path

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig

from griddly_lit.envs.level_notes import LevelNotes, NoNotes

NOTES = "notes"
"""Name in ``env_config`` of the folder."""


def notes_of(config: AlgorithmConfig, runner: int) -> NoNotes:
    """Returns where a remote runner notes what it does, if there is a place that the driver reads."""
    folder = config.env_config.get(NOTES)
    if folder is None or not runner:
        return NoNotes()
    try:
        # The time tells the runners of one number apart, each of which has replaced another.
        path = Path(folder, f"{runner}.{time.time_ns()}.notes")
        return LevelNotes(path, config.num_envs_per_env_runner)
    except OSError:
        return NoNotes()
