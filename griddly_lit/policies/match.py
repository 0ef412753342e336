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
        score: Share of the other agents that the learner beat; see :func:`score_of`.
        learner_return: Return of the learner.
    """

    snapshot: int
    score: float
    learner_return: float


def score_of(outcomes: Sequence[str], returns: NDArray[np.float64], player: int) -> float:
    """Returns a player's mean score against each of the others, from 0 to 1.

    It scores 1 against whom it beat, 0 against who beat it, and 0.5 otherwise. So players of equal
    strength score 0.5 on average, however many play. A win beats a loss. Where the rules decide
    nothing, at an end without winner or at the step limit, the higher return does.

    Args:
        outcomes: ``win``, ``lose`` or ``end`` of each player; empty at the step limit.
        returns: Return of each player.
        player: Number of the player, from 0.
    """
    ranks = np.array([_RANKS[outcome] for outcome in outcomes] or [0] * len(returns))
    marks = ranks if ranks.any() else returns
    others = np.delete(marks, player)
    return float(np.mean((marks[player] > others) + 0.5 * (marks[player] == others)))
