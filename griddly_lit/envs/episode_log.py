"""What unfinished episodes have done so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS = 256


class EpisodeLog:
    """Actions and rewards of all unfinished episodes, a row a step.

    Actions are kept in the smallest integer that fits, as an episode may go on for very long.

    Args:
        count: Number of games N.
        nvec: Number of choices of each part of an action.
        players: Number of players.
    """

    def __init__(self, count: int, nvec: tuple[int, ...], players: int) -> None:
        dtype = np.min_scalar_type(max(nvec) - 1)
        self._actions = np.empty((_ROWS, count, players, len(nvec)), dtype=dtype)
        self._rewards = np.empty((_ROWS, count, players), dtype=np.float32)
        self._rows = 0
        # Row at which each game's episode begins.
        self._first = np.zeros(count, dtype=np.int64)

    def append(self, actions: NDArray[np.int32], rewards: NDArray[np.float32]) -> None:
        """Adds a step of all games: (N, players, parts) and (N, players)."""
        if self._rows == len(self._actions):
            self._make_room()
        self._actions[self._rows] = actions
        self._rewards[self._rows] = rewards
        self._rows += 1

    def begin(self, index: int) -> None:
        """Forgets what a game did before its new episode."""
        self._first[index] = self._rows

    def of(self, index: int) -> tuple[NDArray[np.integer[Any]], NDArray[np.float32]]:
        """Returns a game's actions (steps, players, parts) and rewards (steps, players) so far."""
        rows = slice(int(self._first[index]), self._rows)
        return self._actions[rows, index].copy(), self._rewards[rows, index].copy()

    def restore(
        self, episodes: Sequence[tuple[NDArray[np.integer[Any]], NDArray[np.float32]]]
    ) -> None:
        """Takes over what :meth:`of` gave of every game, in their order."""
        self._rows = 0
        self._first[:] = 0
        longest = max(len(actions) for actions, _ in episodes)
        while len(self._actions) < longest:
            self._rows = len(self._actions)
            self._make_room()
        self._rows = longest
        for index, (actions, rewards) in enumerate(episodes):
            self._first[index] = longest - len(actions)
            rows = slice(int(self._first[index]), longest)
            self._actions[rows, index], self._rewards[rows, index] = actions, rewards

    def _make_room(self) -> None:
        """Drops the rows that no episode needs, and doubles the room where most are needed."""
        oldest = int(self._first.min())
        kept = self._rows - oldest
        capacity = len(self._actions) * (2 if 2 * kept > len(self._actions) else 1)
        for name in ("_actions", "_rewards"):
            old = getattr(self, name)
            new = np.empty((capacity, *old.shape[1:]), dtype=old.dtype)
            new[:kept] = old[oldest : self._rows]
            setattr(self, name, new)
        self._rows, self._first = kept, self._first - oldest
