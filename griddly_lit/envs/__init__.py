"""Environments: what is played, one game at a time or many at once."""

from griddly_lit.envs.checked_options import checked_indices
from griddly_lit.envs.episodes import EpisodeEnd, EpisodeStart
from griddly_lit.envs.levels import (
    GeneratedLevels,
    Level,
    LevelOutcome,
    LevelSource,
    PrioritizedLevels,
    SequentialLevels,
    UniformLevels,
)
from griddly_lit.envs.player_blocks import PlayerBlock
from griddly_lit.envs.spec import GriddlyEnvSpec
from griddly_lit.envs.transforms import EpisodePart, Transform, Transforms
from griddly_lit.envs.vector import VectorGame

__all__ = [
    "EpisodeEnd",
    "EpisodePart",
    "EpisodeStart",
    "GeneratedLevels",
    "GriddlyEnvSpec",
    "Level",
    "LevelOutcome",
    "LevelSource",
    "PlayerBlock",
    "PrioritizedLevels",
    "SequentialLevels",
    "Transform",
    "Transforms",
    "UniformLevels",
    "VectorGame",
    "checked_indices",
]
