"""Sources of the game's own levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from griddly_lit.arguments import checked_list
from griddly_lit.envs.levels.source import Level, checked_level
from griddly_lit.errors import LevelError


def checked_listed(levels: Any) -> tuple[int, ...]:
    """Returns indices of levels, at least one.

    Raises:
        LevelError: They are no indices, or none.
    """
    listed = checked_list("levels", levels, "Pass indices, such as [0, 1]", error=LevelError)
    if not listed:
        raise LevelError("levels=[]", "there is no level to play", "Name at least one level")
    return tuple(checked_level("levels", level) for level in listed)


@dataclass(frozen=True)
class _ListedLevels:
    """Some of the game's own levels, at least one."""

    levels: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", checked_listed(self.levels))

    def indices(self) -> tuple[int, ...]:
        """Returns the levels."""
        return self.levels


@dataclass(frozen=True)
class UniformLevels(_ListedLevels):
    """Draws uniformly from some of the game's levels, with replacement.

    Attributes:
        levels: Level indices, at least one.
    """

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns one of the levels."""
        return self.levels[int(rng.integers(len(self.levels)))]


@dataclass(frozen=True)
class SequentialLevels(_ListedLevels):
    """Takes some of the game's levels in turn, so that each is played equally often.

    Attributes:
        levels: Level indices, at least one.
    """

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns the next level."""
        return self.levels[ordinal % len(self.levels)]
