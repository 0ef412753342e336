"""Environments: what is played, one game at a time or many at once."""

from griddly_lit.envs.checked_options import checked_indices
from griddly_lit.envs.levels import (
    GeneratedLevels,
    Level,
    LevelSource,
    SequentialLevels,
    UniformLevels,
)
from griddly_lit.envs.spec import GriddlyEnvSpec
from griddly_lit.envs.vector import EpisodeEnd, EpisodeStart, SeatBlock, VectorGame

__all__ = [
    "EpisodeEnd",
    "EpisodeStart",
    "GeneratedLevels",
    "GriddlyEnvSpec",
    "Level",
    "LevelSource",
    "SeatBlock",
    "SequentialLevels",
    "UniformLevels",
    "VectorGame",
    "checked_indices",
]
