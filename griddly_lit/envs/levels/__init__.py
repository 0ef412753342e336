"""Level sources: which level each episode is played on."""

from griddly_lit.envs.levels.generated import GeneratedLevels
from griddly_lit.envs.levels.in_play import load_source_state, source_state
from griddly_lit.envs.levels.listed import SequentialLevels, UniformLevels
from griddly_lit.envs.levels.prioritized import PrioritizedLevels
from griddly_lit.envs.levels.saved import handed_over, source_from_dict, source_to_dict
from griddly_lit.envs.levels.source import Level, LevelOutcome, LevelSource, checked_level

__all__ = [
    "GeneratedLevels",
    "Level",
    "LevelOutcome",
    "LevelSource",
    "PrioritizedLevels",
    "SequentialLevels",
    "UniformLevels",
    "checked_level",
    "handed_over",
    "load_source_state",
    "source_from_dict",
    "source_state",
    "source_to_dict",
]
