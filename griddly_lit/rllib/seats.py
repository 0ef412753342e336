"""Who sits where: the policy and the episode of each seat, across fragments."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.plain_state import State

Group = tuple[int, slice | NDArray[np.int64]]


class Seats:
    """The seats of one :class:`~griddly_lit.envs.PlayerBlock`.

    Args:
        players: Player numbers, from 0, whose seats these are.
        games: Number of games N; seat ``k · N + n`` is that of ``players[k]`` in game ``n``.
        memory_size: Most numbers of the state of a policy with a memory.

    Attributes:
        policy: Number of the policy that plays in each seat.
        playing: Whether its player takes part; not so after it has left, until its game restarts.
        episodes: Id of each seat's episode.
        steps: Steps of that episode in earlier fragments.
        starts: Step of the present fragment at which its part there begins.
        memory: float32 (seats, memory_size), the state of each seat's policy before its next step.
    """

    def __init__(self, players: tuple[int, ...], games: int, memory_size: int = 0) -> None:
        count = len(players) * games
        self.players = players
        self.games = games
        self.policy = np.zeros(count, dtype=np.int64)
        self.playing = np.zeros(count, dtype=np.bool_)
        self.episodes = [""] * count
        self.steps = [0] * count
        self.starts = [0] * count
        self.memory = np.zeros((count, memory_size), dtype=np.float32)
        self._groups: list[Group] | None = None

    def begin(
        self,
        game: int,
        policies: Sequence[int],
        step: int,
        memories: Mapping[int, NDArray[np.float32]],
    ) -> None:
        """Seats everyone for a new episode of a game.

        Args:
            game: The game.
            policies: Number of the policy of each player of the game.
            step: Step of the present fragment.
            memories: The state that an episode begins with, by the numbers of policies with a
                memory.
        """
        for k, player in enumerate(self.players):
            seat = k * self.games + game
            if not self.playing[seat] or self.policy[seat] != policies[player]:
                self._groups = None
            self.policy[seat] = policies[player]
            self.playing[seat] = True
            self.episodes[seat] = uuid.uuid4().hex
            self.steps[seat] = 0
            self.starts[seat] = step
            memory = memories.get(policies[player])
            if memory is not None:
                self.memory[seat, : len(memory)] = memory

    def state_dict(self) -> State:
        """Returns who sits where, between two fragments."""
        return {
            "policy": self.policy.copy(),
            "playing": self.playing.copy(),
            "episodes": list(self.episodes),
            "steps": list(self.steps),
            **({"memory": self.memory.copy()} if self.memory.size else {}),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over what :meth:`state_dict` gave."""
        self.policy[:] = state["policy"]
        self.playing[:] = state["playing"]
        self.episodes = [str(episode) for episode in state["episodes"]]
        self.steps = [int(steps) for steps in state["steps"]]
        if self.memory.size:
            self.memory[:] = state["memory"]
        self._groups = None

    def leave(self, seat: int) -> None:
        """Empties a seat until its game restarts."""
        self.playing[seat] = False
        self._groups = None

    def carry_over(self, steps: int) -> None:
        """Goes on to the next fragment, after one of so many steps."""
        self.steps = [
            before + steps - start for before, start in zip(self.steps, self.starts, strict=True)
        ]
        self.starts = [0] * len(self.starts)

    @property
    def groups(self) -> list[Group]:
        """Which seats each policy plays in now, as an index of the seats."""
        if self._groups is None:
            self._groups = [
                (int(policy), _index(np.flatnonzero(self.playing & (self.policy == policy))))
                for policy in np.unique(self.policy[self.playing])
            ]
        return self._groups


def _index(seats: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    first, last = int(seats[0]), int(seats[-1])
    # A slice is a view, so the policy reads the games' own memory.
    return slice(first, last + 1) if last - first + 1 == len(seats) else seats
