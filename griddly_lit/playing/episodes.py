"""Playing a given number of episodes on given levels, the same ones wherever they are played."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch

from griddly_lit.envs import EpisodeEnd, GriddlyEnvSpec, Level, VectorGame
from griddly_lit.errors import OptionError
from griddly_lit.policies.players import PolicyPlayers

_MOST_GAMES = 64
# Batches are for several processes to share; a large one wastes less at its end, where games that
# have no episode left wait for those that have.
_LEAST_EPISODES = 64
_MOST_BATCHES = 8


@dataclass(frozen=True)
class EpisodeBatch:
    """Episodes that are played together.

    Which process plays a batch, and how many others there are, has no part in what comes out, as a
    network may round differently among other observations.

    Attributes:
        levels: Level of each episode.
        seed: Entropy of all that is random in it.
        deterministic: Take the most probable actions instead of drawing them.
        record_events: Keep the engine's events of each episode.
    """

    levels: tuple[Level, ...]
    seed: tuple[int, ...]
    deterministic: bool = False
    record_events: bool = False


def batches_of(
    levels: Sequence[Level],
    episodes_per_level: int,
    seed: int,
    *,
    deterministic: bool = False,
    record_events: bool = False,
) -> list[EpisodeBatch]:
    """Returns batches with ``episodes_per_level`` episodes on each level in all.

    Raises:
        OptionError: There is nothing to play.
    """
    if episodes_per_level < 1 or not levels:
        raise OptionError(
            f"levels={list(levels)}, episodes_per_level={episodes_per_level}",
            "there is no episode to play",
            "Name at least one level and one episode",
        )
    episodes = tuple(levels) * episodes_per_level
    count = max(1, min(_MOST_BATCHES, len(episodes) // _LEAST_EPISODES))
    size = math.ceil(len(episodes) / count)
    return [
        EpisodeBatch(episodes[start : start + size], (seed, number), deterministic, record_events)
        for number, start in enumerate(range(0, len(episodes), size))
    ]


def check_can_end(spec: GriddlyEnvSpec) -> None:
    """Raises OptionError when there is no step limit that ends an episode."""
    if spec.max_steps is None:
        raise OptionError(
            "max_steps=None",
            "an episode of a validation or test may never end",
            "Give the spec a max_steps",
        )


def play_episodes(
    players: PolicyPlayers, spec: GriddlyEnvSpec, batch: EpisodeBatch
) -> list[EpisodeEnd]:
    """Plays a batch.

    Args:
        players: Act for the agents.
        spec: The environment; its step limit bounds the episodes.
        batch: The episodes.

    Returns:
        The episodes, each to its end, in the order of the batch's levels.

    Raises:
        OptionError: There is no step limit to end an episode.
        LevelError: There is no such level.
    """
    check_can_end(spec)
    generator = None
    if not batch.deterministic:
        entropy = np.random.SeedSequence(batch.seed).generate_state(1)[0]
        generator = torch.Generator().manual_seed(int(entropy))
    games = min(_MOST_GAMES, len(batch.levels))
    vector = VectorGame(
        spec,
        games,
        batch.seed,
        _InTurn(batch.levels),
        batch.record_events,
        players.need_valid_actions,
    )
    # Number of the episode that each game plays; there are games without one at the end.
    playing = list(range(games))
    begun = games
    ends: dict[int, EpisodeEnd] = {}
    with closing(vector):
        vector.reset()
        players.begin()
        while len(ends) < len(batch.levels):
            for end in vector.step(players.act(vector, generator)):
                if playing[end.index] < len(batch.levels):
                    ends[playing[end.index]] = end
                players.begin_episode(end.index)
                playing[end.index] = begun
                if begun >= len(batch.levels):
                    vector.rest(end.index)
                begun += 1
    return [ends[number] for number in range(len(batch.levels))]


class _InTurn:
    """A level source that gives each level once, in their order, and the last one from then on.

    Args:
        levels: At least one; they may be level strings of any size.
    """

    def __init__(self, levels: tuple[Level, ...]) -> None:
        self._levels = levels
        self._given = 0

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns the next level."""
        level = self._levels[min(self._given, len(self._levels) - 1)]
        self._given += 1
        return level

    def indices(self) -> tuple[int, ...]:
        """Returns nothing, as there may be others than the game's own."""
        return ()
