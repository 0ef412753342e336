"""Policies with their networks, playing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from griddly_lit.envs import VectorGame
from griddly_lit.models import StateLayout, may_be_asked_once
from griddly_lit.policies.acting import act, network_of
from griddly_lit.policies.policy import Policy


class PolicyPlayers:
    """Acts for all agents of N games, and remembers what their memories hold.

    Args:
        policies: Who acts for whom.
        networks: The built model of each policy by its name. Their weights stay as they are.
        once_each: Names of the policies whose network may be asked once about equal observations.
    """

    def __init__(
        self,
        policies: Sequence[Policy],
        networks: Mapping[str, nn.Module],
        once_each: Sequence[str] = (),
    ) -> None:
        self._policies = policies
        self._networks = {
            name: network_of(network, once_each=name in once_each)
            for name, network in networks.items()
        }
        # The state that an episode begins with, of policies with a memory.
        self._initial = {
            name: layout.initial(network).numpy()
            for name, network in networks.items()
            if (layout := StateLayout.of(network)) is not None
        }
        # By the number of the block and the policy, (players, N, S).
        self._states: dict[tuple[int, str], NDArray[np.float32]] = {}
        self._head = policies[0].head

    @property
    def need_valid_actions(self) -> bool:
        """Whether the games have to find the valid actions."""
        return self._head.valid_actions != "off"

    def begin(self) -> None:
        """Forgets everything: other games begin."""
        self._states = {}

    def begin_episode(self, game: int) -> None:
        """Forgets what was in a game, which begins a new episode."""
        for (_, policy), states in self._states.items():
            states[:, game] = self._initial[policy]

    def act(self, games: VectorGame, generator: torch.Generator | None) -> NDArray[np.int64]:
        """Returns an action of every agent, integers (N, players, parts), from its policy.

        Args:
            games: The games; those who have left act, too, to no effect.
            generator: The only source of randomness; None takes the most probable actions.
        """
        count = games.count
        shape = (count, games.spec.game.player_count, len(self._head.all_parts))
        actions = np.zeros(shape, dtype=np.int64)
        for number, block in enumerate(games.blocks):
            for policy in self._policies:
                ranks = [k for k, player in enumerate(block.players) if player + 1 in policy.agents]
                if not ranks:
                    continue
                seats = np.concatenate([np.arange(k * count, (k + 1) * count) for k in ranks])
                states = self._states_of(number, policy.name, (len(ranks), count))
                acted = act(
                    self._networks[policy.name],
                    policy.head,
                    block.observations[seats],
                    block.valid_actions[seats],
                    generator,
                    None if states is None else states.reshape(len(seats), -1),
                )
                if states is not None and acted.states is not None:
                    states[:] = acted.states.reshape(states.shape)
                players = [block.players[k] for k in ranks]
                each = acted.actions.reshape(len(ranks), count, -1)
                actions[:, players] = each.swapaxes(0, 1)
        return actions

    def _states_of(
        self, block: int, policy: str, shape: tuple[int, int]
    ) -> NDArray[np.float32] | None:
        initial = self._initial.get(policy)
        if initial is None:
            return None
        if (block, policy) not in self._states:
            self._states[block, policy] = np.tile(initial, (*shape, 1))
        return self._states[block, policy]


def players_of(policies: Sequence[Policy], networks: Mapping[str, nn.Module]) -> PolicyPlayers:
    """Returns what plays with the present weights of networks, until they change."""
    once_each = [
        policy.name
        for policy in policies
        if may_be_asked_once(policy.model, networks[policy.name], policy.observation_shape)
    ]
    return PolicyPlayers(policies, networks, once_each)
