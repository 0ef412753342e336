"""Policies with their networks, playing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from griddly_lit.envs import VectorGame
from griddly_lit.models import Answers, may_be_asked_once
from griddly_lit.policies.acting import Network, act
from griddly_lit.policies.policy import Policy


class PolicyPlayers:
    """Acts for all agents of N games.

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
        self._networks: dict[str, Network] = {
            name: _remembering(network) if name in once_each else network
            for name, network in networks.items()
        }
        self._head = policies[0].head

    @property
    def need_valid_actions(self) -> bool:
        """Whether the games have to find the valid actions."""
        return self._head.valid_actions != "off"

    def act(self, games: VectorGame, generator: torch.Generator | None) -> NDArray[np.int64]:
        """Returns an action of every agent, integers (N, players, parts), from its policy.

        Args:
            games: The games; those who have left act, too, to no effect.
            generator: The only source of randomness; None takes the most probable actions.
        """
        count = games.count
        shape = (count, games.spec.game.player_count, len(self._head.all_parts))
        actions = np.zeros(shape, dtype=np.int64)
        for block in games.blocks:
            for policy in self._policies:
                ranks = [k for k, player in enumerate(block.players) if player + 1 in policy.agents]
                if not ranks:
                    continue
                seats = np.concatenate([np.arange(k * count, (k + 1) * count) for k in ranks])
                acted = act(
                    self._networks[policy.name],
                    policy.head,
                    block.observations[seats],
                    block.valid_actions[seats],
                    generator,
                )
                players = [block.players[k] for k in ranks]
                each = acted.actions.reshape(len(ranks), count, -1)
                actions[:, players] = each.swapaxes(0, 1)
        return actions


def players_of(policies: Sequence[Policy], networks: Mapping[str, nn.Module]) -> PolicyPlayers:
    """Returns what plays with the present weights of networks, until they change."""
    once_each = [
        policy.name
        for policy in policies
        if may_be_asked_once(policy.model, networks[policy.name], policy.observation_shape)
    ]
    return PolicyPlayers(policies, networks, once_each)


def _remembering(network: nn.Module) -> Network:
    answers = Answers()

    def remembering(observations: Tensor) -> tuple[Tensor, Tensor]:
        return answers.of(network, observations)

    return remembering
