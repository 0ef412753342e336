"""The levels of validations and tests."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from griddly_lit.envs import GriddlyEnvSpec, Level, LevelSource, checked_indices


class EvaluationLevels:
    """Chooses the levels of evaluations.

    Args:
        env: The environment.
        seed: Levels that are generated are the same ones for the same seed.
    """

    def __init__(self, env: GriddlyEnvSpec, seed: int) -> None:
        self._env = env
        self._seed = seed
        # Kept, as a generator may draw from elsewhere than from the generator it is handed.
        self._generated: dict[tuple[str, int], tuple[Level, ...]] = {}

    def training(self, split: str, episodes: int) -> tuple[Sequence[Level], int]:
        """Returns what stands for the training levels, and the episodes on each.

        Args:
            split: ``val`` or ``test``, each of which has generated levels of its own.
            episodes: Episodes on each of the game's own levels, or number of generated ones, which
                are played once each.
        """
        source = self._env.level_source
        if source.indices():
            # In training, a level that is listed twice has twice the weight; here it is one level.
            return tuple(dict.fromkeys(source.indices())), episodes
        key = split, episodes
        if key not in self._generated:
            self._generated[key] = self._drawn(source, split, episodes)
        return self._generated[key], 1

    def held_out(self) -> Sequence[Level]:
        """Returns the spec's test levels."""
        return tuple(dict.fromkeys(self._env.test_levels))

    def named(self, levels: Any, split: str, episodes: int) -> tuple[Sequence[Level], int]:
        """Returns levels that the user names.

        Args:
            levels: Indices and level strings, one of them or a list, or a level source.
            split: See :meth:`training`.
            episodes: See :meth:`training`.

        Raises:
            LevelError: The game has no such level, or they are no levels.
        """
        if isinstance(levels, LevelSource) and not isinstance(levels, (str, list, tuple)):
            if levels.indices():
                return tuple(dict.fromkeys(levels.indices())), episodes
            return self._drawn(levels, split, episodes), 1
        listed = [levels] if isinstance(levels, str) else levels
        if not isinstance(listed, (list, tuple)) or all(
            not isinstance(each, str) for each in listed
        ):
            chosen: Sequence[Level] = checked_indices("levels", listed, self._env.game.level_count)
        else:
            chosen = [
                each
                if isinstance(each, str)
                else checked_indices("levels", each, self._env.game.level_count)[0]
                for each in listed
            ]
        # Named twice, a level is one level: its episodes would count twice.
        return tuple(dict.fromkeys(chosen)), episodes

    def _drawn(self, source: LevelSource, split: str, count: int) -> tuple[Level, ...]:
        entropy = np.random.SeedSequence((self._seed, *split.encode()))
        rngs = map(np.random.default_rng, entropy.spawn(count))
        # One that learns from what it gives is to learn nothing here.
        source = copy.deepcopy(source)
        return tuple(source.draw(rng, ordinal) for ordinal, rng in enumerate(rngs))
