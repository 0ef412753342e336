"""Which policy plays as whom, decided when an episode begins."""

from __future__ import annotations

import copy
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from griddly_lit.envs import EpisodeEnd
from griddly_lit.plain_state import State, rng_state, set_rng_state
from griddly_lit.policies import Policy
from griddly_lit.policies.match import Match, score_of


class Matchmaking(ABC):
    """Seats policies.

    Attributes:
        policies: The policies by number.
        modules: The module of each.
    """

    policies: Mapping[int, Policy]
    modules: Mapping[int, Any]

    @abstractmethod
    def draw(self, game: int) -> Sequence[int]:
        """Returns the number of each player's policy for the next episode of a game."""

    def note(self, end: EpisodeEnd) -> None:  # noqa: B027 - most need no note
        """Takes note of a finished episode; called before the next one is drawn."""

    def take_matches(self) -> list[Match]:
        """Returns the matches since the last call."""
        return []

    def reseed(self, seed: tuple[int, ...]) -> None:  # noqa: B027 - most draw nothing
        """Begins to draw anew."""

    def state_dict(self) -> State:
        """Returns what decides who plays against whom; most have nothing to say."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:  # noqa: B027
        """Takes over what :meth:`state_dict` gave."""


class FixedMatchmaking(Matchmaking):
    """Every agent has its policy for good.

    Args:
        policies: The policies.
        module: The module of the only policy, or all modules by name.
    """

    def __init__(self, policies: Sequence[Policy], module: Any) -> None:
        self.policies = dict(enumerate(policies))
        self.modules = {
            number: module if policy.alone else module[policy.name]
            for number, policy in self.policies.items()
        }
        number = {agent: n for n, policy in enumerate(policies) for agent in policy.agents}
        self._numbers = [number[agent] for agent in sorted(number)]

    def draw(self, game: int) -> Sequence[int]:
        """See :class:`Matchmaking`."""
        return self._numbers


class SelfPlayMatchmaking(Matchmaking):
    """The learner plays as one agent, drawn at random, and a snapshot as all others.

    Policy 0 is the learner, and policy ``n + 1`` snapshot ``n``.

    Args:
        learner: The policy.
        module: All modules by name.
        games: Number of games N.
        seed: Seed of the draws.
    """

    def __init__(self, learner: Policy, module: Any, games: int, seed: tuple[int, ...]) -> None:
        self.policies: dict[int, Policy] = {0: learner}
        self.modules: dict[int, Any] = {0: module[learner.name]}
        self._opponent = dataclasses.replace(learner, trained=False)
        self.reseed(seed)
        self._chances: dict[int, float] = {}
        # Player number of the learner and id of its opponent, in each game.
        self._playing: list[tuple[int, int] | None] = [None] * games
        self._matches: list[Match] = []

    def reseed(self, seed: tuple[int, ...]) -> None:
        """See :class:`Matchmaking`."""
        self._rng = np.random.default_rng((*seed, 1))

    def state_dict(self) -> State:
        """See :class:`Matchmaking`; networks of opponents are among it, as the pool may have dropped them."""
        in_use = sorted({playing[1] for playing in self._playing if playing is not None})
        return {
            "generator": rng_state(self._rng),
            "playing": [None if playing is None else list(playing) for playing in self._playing],
            "chances": [[snapshot, chance] for snapshot, chance in self._chances.items()],
            "snapshots": {
                str(snapshot): {
                    name: value.numpy()
                    for name, value in self.modules[snapshot + 1].network.state_dict().items()
                }
                for snapshot in in_use
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See :class:`Matchmaking`."""
        set_rng_state(self._rng, state["generator"])
        self._playing = [
            None if playing is None else (int(playing[0]), int(playing[1]))
            for playing in state["playing"]
        ]
        self._chances = {int(snapshot): float(chance) for snapshot, chance in state["chances"]}
        self.add_snapshots(
            {
                int(snapshot): {name: torch.from_numpy(value) for name, value in weights.items()}
                for snapshot, weights in state["snapshots"].items()
            }
        )

    def set_chances(self, chances: Mapping[int, float]) -> set[int]:
        """Takes over the pool. Games in progress go on with whom they play against.

        Args:
            chances: Probability of each snapshot as opponent, by its id.

        Returns:
            Ids of snapshots that are not known here and have to be added.
        """
        self._chances = dict(chances)
        in_use = {playing[1] for playing in self._playing if playing is not None}
        for number in list(self.modules):
            if number > 0 and number - 1 not in in_use | set(chances):
                del self.modules[number], self.policies[number]
        return {snapshot for snapshot in chances if snapshot + 1 not in self.modules}

    def add_snapshots(self, snapshots: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Adds networks, by id and the names of their weights."""
        for snapshot, weights in snapshots.items():
            module = copy.deepcopy(self.modules[0])
            module.network.load_state_dict(dict(weights))
            self.modules[snapshot + 1] = module
            self.policies[snapshot + 1] = self._opponent

    def draw(self, game: int) -> Sequence[int]:
        """See :class:`Matchmaking`."""
        agents = len(self._opponent.agents)
        if not self._chances:
            # A runner that was restarted learns of the pool after its first fragment.
            self._playing[game] = None
            return [0] * agents
        position = int(self._rng.integers(agents))
        snapshot = int(self._rng.choice(list(self._chances), p=list(self._chances.values())))
        self._playing[game] = (position, snapshot)
        numbers = [snapshot + 1] * agents
        numbers[position] = 0
        return numbers

    def note(self, end: EpisodeEnd) -> None:
        """See :class:`Matchmaking`."""
        playing = self._playing[end.index]
        if playing is None:
            return
        position, snapshot = playing
        score = score_of(end.outcomes, end.returns, position)
        self._matches.append(Match(snapshot, score, float(end.returns[position])))

    def take_matches(self) -> list[Match]:
        """See :class:`Matchmaking`."""
        matches, self._matches = self._matches, []
        return matches
