"""Policies with their networks, playing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from griddly_lit.envs import VectorGame
from griddly_lit.policies.policy import Policy


class PolicyPlayers:
    """Acts for all agents of N games.

    Args:
        policies: Who acts for whom.
        networks: The built model of each policy by its name.
        deterministic: Take the most probable actions instead of drawing them.
    """

    def __init__(
        self,
        policies: Sequence[Policy],
        networks: Mapping[str, nn.Module],
        deterministic: bool = False,
    ) -> None:
        self._policies = policies
        self._networks = networks
        self._deterministic = deterministic

    @property
    def need_valid_actions(self) -> bool:
        """Whether the games have to find the valid actions."""
        return self._policies[0].head.valid_actions != "off"

    @torch.no_grad()
    def draw(self, games: VectorGame, generator: torch.Generator) -> NDArray[np.int64]:
        """Returns an action of every agent, integers (N, players, parts), from its policy.

        Args:
            games: The games; those who have left act, too, to no effect.
            generator: The only source of randomness.
        """
        parts = len(self._policies[0].head.all_parts)
        count = games.count
        actions = np.zeros((count, games.spec.game.player_count, parts), dtype=np.int64)
        for block in games.blocks:
            for policy in self._policies:
                ranks = [k for k, player in enumerate(block.players) if player + 1 in policy.agents]
                if not ranks:
                    continue
                seats = np.concatenate([np.arange(k * count, (k + 1) * count) for k in ranks])
                logits, _ = self._networks[policy.name](torch.from_numpy(block.observations[seats]))
                packed = torch.from_numpy(block.valid_actions[seats])
                distribution = policy.head.distribution(logits, packed)
                drawn = (
                    distribution.mode()
                    if self._deterministic
                    else distribution.sample(generator)[0]
                )
                players = [block.players[k] for k in ranks]
                actions[:, players] = drawn.numpy().reshape(len(ranks), count, parts).swapaxes(0, 1)
        return actions
