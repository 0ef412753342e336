"""The levels of validations and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from griddly_lit.envs import GriddlyEnvSpec, Level


@dataclass(frozen=True)
class InTurn:
    """A level source that takes levels in turn; they may be level strings of any size.

    Attributes:
        levels: At least one.
    """

    levels: tuple[Level, ...]

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns the next level."""
        return self.levels[ordinal % len(self.levels)]

    def indices(self) -> tuple[int, ...]:
        """Returns nothing, as there may be others than the game's own."""
        return ()


class TrainingLevels:
    """What stands for the training levels in an evaluation.

    Args:
        env: The environment.
        seed: Levels that are generated are the same ones for the same seed.
    """

    def __init__(self, env: GriddlyEnvSpec, seed: int) -> None:
        self._source = env.level_source
        self._seed = seed
        # Kept, as a generator may draw from elsewhere than from the generator it is handed.
        self._generated: dict[tuple[str, int], tuple[Level, ...]] = {}

    def of(self, split: str, episodes: int) -> tuple[Sequence[Level], int]:
        """Returns the levels, and the episodes on each: one, where they are generated.

        Args:
            split: ``val`` or ``test``, each of which has generated levels of its own.
            episodes: Episodes on each of the game's own levels, or number of generated ones.
        """
        if self._source.indices():
            # In training, a level that is listed twice has twice the weight; here it is one level.
            return tuple(dict.fromkeys(self._source.indices())), episodes
        key = split, episodes
        if key not in self._generated:
            entropy = np.random.SeedSequence((self._seed, *split.encode()))
            rngs = map(np.random.default_rng, entropy.spawn(episodes))
            self._generated[key] = tuple(
                self._source.draw(rng, ordinal) for ordinal, rng in enumerate(rngs)
            )
        return self._generated[key], 1
