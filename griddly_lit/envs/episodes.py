"""How an episode begins and ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.envs.levels import Level, LevelOutcome


@dataclass(frozen=True)
class EpisodeStart:
    """How an episode began: with its actions, all that is needed to repeat it.

    Attributes:
        level: Level index or level string.
        seed: The engine's seed, an unsigned 32-bit integer.
    """

    level: Level
    seed: int


@dataclass(frozen=True)
class EpisodeEnd:
    """A finished episode.

    Attributes:
        index: Which of the N games it was played in.
        start: How it began.
        returns: float64 array (players,), the sum of each player's rewards while it took part.
        length: Number of steps.
        lengths: Integer array (players,), the steps that each player took part in.
        terminated: The game's own rules ended it; otherwise the step limit did.
        outcomes: ``win``, ``lose`` or ``end`` for each player when terminated, otherwise empty.
        observations: The last observation of each player, uint8 (H, W, C).
        actions: Integer array (length, players, parts).
        rewards: float32 array (length, players).
        events: The engine's events since :meth:`VectorGame.take_events` was last called; none
            unless events are recorded.
    """

    index: int
    start: EpisodeStart
    returns: NDArray[np.float64]
    length: int
    lengths: NDArray[np.int64]
    terminated: bool
    outcomes: tuple[str, ...]
    observations: tuple[NDArray[np.uint8], ...]
    actions: NDArray[np.integer[Any]]
    rewards: NDArray[np.float32]
    events: list[Mapping[str, Any]]


def outcome_of(end: EpisodeEnd, ordinal: int, score: float | None) -> LevelOutcome:
    """Returns what a level source is told of an episode.

    Args:
        end: The episode.
        ordinal: Its number, as it was handed to the source's ``draw``.
        score: What a scorer says of it, if there is one.
    """
    return LevelOutcome(
        level=end.start.level,
        ordinal=ordinal,
        returns=tuple(end.returns.tolist()),
        length=end.length,
        won=tuple(outcome == "win" for outcome in end.outcomes) or (False,) * len(end.returns),
        score=score,
    )
