"""What came of one episode of self-play."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_RANKS = {"lose": -1, "end": 0, "win": 1}


class Match(NamedTuple):
    """One episode of self-play.

    Attributes:
        snapshot: Id of the snapshot that the learner played against.
        score: 1 when the learner won, 0 when it lost, 0.5 otherwise.
        learner_return: Return of the learner.
    """

    snapshot: int
    score: float
    learner_return: float


def score_of(outcomes: Sequence[str], returns: NDArray[np.float64], player: int) -> float:
    """Returns 1 when a player beat all others, 0 when one of them beat it, 0.5 otherwise.

    A win beats a loss. Where the rules decide nothing, at an end without winner or at the step
    limit, the higher return does.

    Args:
        outcomes: ``win``, ``lose`` or ``end`` of each player; empty at the step limit.
        returns: Return of each player.
        player: Number of the player, from 0.
    """
    ranks = np.array([_RANKS[outcome] for outcome in outcomes] or [0] * len(returns))
    for marks in (ranks, returns) if not ranks.any() else (ranks,):
        mine, best = marks[player], np.delete(marks, player).max()
        if mine != best:
            return float(mine > best)
    return 0.5
