"""Playing on an env runner, which has games and networks of its own."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from griddly_lit.envs import EpisodeEnd
from griddly_lit.playing.episodes import EpisodeBatch, play_episodes
from griddly_lit.policies.players import players_of


def play_on_runner(
    runner: Any,
    batches: Sequence[EpisodeBatch],
    weights: Mapping[str, Mapping[str, Tensor]],
) -> list[list[EpisodeEnd]]:
    """Plays batches in the process of a runner, whose own networks and games stay as they are.

    Args:
        runner: The env runner.
        batches: The episodes.
        weights: Those to play with, by policy and name.

    Returns:
        The episodes of each batch.
    """
    networks = {name: copy.deepcopy(network).eval() for name, network in runner.networks.items()}
    for name, network in networks.items():
        network.load_state_dict(dict(weights[name]))
    players = players_of(runner.policies, networks)
    return [play_episodes(players, runner.spec, batch) for batch in batches]
