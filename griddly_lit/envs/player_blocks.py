"""What the players of N games see and may do, in arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from griddly_lit.engine import Game, Shape
from griddly_lit.envs.spec import GriddlyEnvSpec


@dataclass(frozen=True)
class PlayerBlock:
    """The players who see observations of one shape, in all N games: their seats.

    Seat ``k · N + n`` is that of player ``players[k]`` in game ``n``.

    Attributes:
        players: Player numbers, from 0.
        observations: uint8 (seats, H, W, C), what each sees now. Levels smaller than the largest
            are padded with zeros at the bottom and right.
        valid_actions: uint8 (seats, bytes), a bit for each action that is valid now, in row-major
            order of the action's parts, little end first; no bytes unless they were asked for.
    """

    players: tuple[int, ...]
    observations: NDArray[np.uint8]
    valid_actions: NDArray[np.uint8]


def player_blocks(spec: GriddlyEnvSpec, count: int, valid_actions: bool) -> tuple[PlayerBlock, ...]:
    """Returns the blocks of a spec's players, those with observations of one shape together.

    Args:
        spec: The environment.
        count: Number of games N.
        valid_actions: Whether there is room for the valid actions.
    """
    players_by_shape: dict[Shape, list[int]] = {}
    for player, shape in enumerate(spec.observation_shapes):
        players_by_shape.setdefault(shape, []).append(player)
    width = math.ceil(math.prod(spec.single_action_nvec) / 8) if valid_actions else 0
    return tuple(
        PlayerBlock(
            tuple(players),
            np.zeros((len(players) * count, *shape), dtype=np.uint8),
            np.zeros((len(players) * count, width), dtype=np.uint8),
        )
        for shape, players in players_by_shape.items()
    )


def find_valid_actions(
    blocks: Sequence[PlayerBlock], games: Sequence[Game], nvec: Sequence[int]
) -> None:
    """Writes the valid actions of every seat into the blocks.

    Args:
        blocks: The blocks of all players.
        games: The N games.
        nvec: Number of choices of each part of one action.
    """
    found = [game.valid_actions(nvec) for game in games]
    for block in blocks:
        valid = np.zeros((len(block.observations), math.prod(nvec)), dtype=np.bool_)
        actions = [found[game][player] for player in block.players for game in range(len(games))]
        counts = [len(of_seat) for of_seat in actions]
        seats = np.repeat(np.arange(len(actions)), counts)
        valid[seats, np.fromiter(chain.from_iterable(actions), np.int64, sum(counts))] = True
        block.valid_actions[:] = np.packbits(valid, axis=1, bitorder="little")


def views_of(blocks: Sequence[PlayerBlock], count: int) -> tuple[NDArray[np.uint8], ...]:
    """Returns the observations (N, H, W, C) of each player, which are views of the blocks."""
    views = {
        player: block.observations[k * count : (k + 1) * count]
        for block in blocks
        for k, player in enumerate(block.players)
    }
    return tuple(views[player] for player in sorted(views))
