"""Playing a policy on chosen levels, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from griddly_lit.envs import (
    EpisodeEnd,
    GriddlyEnvSpec,
    LevelSource,
    SequentialLevels,
    VectorGame,
)
from griddly_lit.errors import OptionError
from griddly_lit.models import sample

_MOST_GAMES = 64


@dataclass(frozen=True)
class LevelResult:
    """Episodes of one level.

    Attributes:
        level: The level's index.
        returns: Return of each episode, in the order of their ends.
        lengths: Steps of each episode.
        wins: Number of episodes won.
    """

    level: int
    returns: tuple[float, ...]
    lengths: tuple[int, ...]
    wins: int


@dataclass(frozen=True)
class EvaluationResult:
    """Episodes of all levels.

    Attributes:
        by_level: One result a level.
    """

    by_level: tuple[LevelResult, ...]

    @property
    def returns(self) -> np.ndarray:
        """Returns of all episodes, float64."""
        return np.array([value for level in self.by_level for value in level.returns])

    @property
    def return_mean(self) -> float:
        """Mean return over all episodes."""
        return float(self.returns.mean())

    @property
    def return_interval(self) -> tuple[float, float]:
        """95 % confidence interval of the mean return, from Student's t over episodes."""
        from scipy import stats

        count = len(self.returns)
        if count < 2:
            return -math.inf, math.inf
        half = float(stats.t.ppf(0.975, count - 1) * self.returns.std(ddof=1) / math.sqrt(count))
        return self.return_mean - half, self.return_mean + half

    @property
    def length_mean(self) -> float:
        """Mean number of steps of an episode."""
        return float(np.mean([length for level in self.by_level for length in level.lengths]))

    @property
    def win_rate(self) -> float:
        """Share of episodes won."""
        return sum(level.wins for level in self.by_level) / len(self.returns)

    def metrics(self, prefix: str) -> dict[str, float]:
        """Returns the results as scalars, such as ``test/return_mean``."""
        return {
            f"{prefix}/return_mean": self.return_mean,
            f"{prefix}/length_mean": self.length_mean,
            f"{prefix}/win_rate": self.win_rate,
            **{
                f"{prefix}/level_{level.level}/return_mean": float(np.mean(level.returns))
                for level in self.by_level
            },
        }

    def __str__(self) -> str:
        low, high = self.return_interval
        rows = [
            f"level {level.level}: return {np.mean(level.returns):.3f}, "
            f"won {level.wins} of {len(level.returns)}, length {np.mean(level.lengths):.1f}"
            for level in self.by_level
        ]
        return "\n".join(
            [
                f"return {self.return_mean:.3f} [{low:.3f}, {high:.3f}], win rate {self.win_rate:.2f}",
                *rows,
            ]
        )


def play(
    network: nn.Module,
    spec: GriddlyEnvSpec,
    levels: LevelSource,
    games: int,
    rounds: int,
    seed: int,
    record_events: bool = False,
) -> list[EpisodeEnd]:
    """Plays the policy, drawing its actions.

    Args:
        network: A built model.
        spec: The environment; its step limit bounds the episodes.
        levels: Source of the episodes' levels.
        games: Number of games stepped together.
        rounds: Episodes of each game. All games play as many, so that short episodes are not
            favoured.
        seed: The same seed gives the same episodes.
        record_events: Keep the engine's events of each episode.

    Returns:
        ``games * rounds`` episodes in the order of their ends.

    Raises:
        OptionError: There is no step limit to end an episode.
    """
    if spec.max_steps is None:
        raise OptionError("max_steps=None", "an episode may never end", "Give the spec a max_steps")
    generator = torch.Generator().manual_seed(seed)
    played = np.zeros(games, dtype=np.int64)
    ends: list[EpisodeEnd] = []
    with closing(VectorGame(spec, games, (seed, 0), levels, record_events)) as vector:
        vector.reset()
        while len(ends) < games * rounds:
            with torch.no_grad():
                logits, _ = network(torch.from_numpy(vector.observations[0]))
                actions, _ = sample(logits, spec.action_nvec, generator)
            for end in vector.step(actions.numpy()[:, np.newaxis]):
                if played[end.index] < rounds:
                    played[end.index] += 1
                    ends.append(end)
    return ends


def play_levels(
    network: nn.Module,
    spec: GriddlyEnvSpec,
    levels: Sequence[int],
    episodes_per_level: int,
    seed: int,
    record_events: bool = False,
) -> list[EpisodeEnd]:
    """Plays every level equally often, see :func:`play`.

    Raises:
        OptionError: There is nothing to play, or no step limit to end an episode.
    """
    if episodes_per_level < 1 or not levels:
        raise OptionError(
            f"levels={list(levels)}, episodes_per_level={episodes_per_level}",
            "there is no episode to play",
            "Name at least one level and one episode",
        )
    total = len(levels) * episodes_per_level
    games = math.gcd(total, len(levels) * math.ceil(_MOST_GAMES / len(levels)))
    source = SequentialLevels(tuple(levels))
    return play(network, spec, source, games, total // games, seed, record_events)


def summarise(ends: Sequence[EpisodeEnd], levels: Sequence[int]) -> EvaluationResult:
    """Returns the results of episodes by level."""
    return EvaluationResult(tuple(_level_result(level, ends) for level in levels))


def _level_result(level: int, ends: Sequence[EpisodeEnd]) -> LevelResult:
    mine = [end for end in ends if end.start.level == level]
    return LevelResult(
        level,
        tuple(float(end.returns.sum()) for end in mine),
        tuple(end.length for end in mine),
        sum("win" in end.outcomes for end in mine),
    )
