"""Elo ratings of a line of snapshots, with their uncertainty."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SCALE = 400 / math.log(10)
# Standard deviation, before any game, of the step from one contestant to the next, in the natural
# unit of about 174 Elo. It keeps ratings finite where one side won every game.
_PRIOR = 5.0
_ITERATIONS = 50


class Rating(NamedTuple):
    """A rating.

    Attributes:
        elo: Rating, where the first contestant has 0.
        standard_error: Standard error of the difference from the first contestant.
    """

    elo: float
    standard_error: float


def elo_ratings(scores: NDArray[np.float64], games: NDArray[np.float64]) -> list[Rating]:
    """Rates contestants by all games at once.

    The ratings are the most probable ones in the model of Bradley and Terry ("Rank analysis of
    incomplete block designs", Biometrika 39, 1952), in which a contestant scores
    1 / (1 + 10 ** (-difference / 400)) on average, as Elo's do. A draw is half a win. A weak normal
    prior makes each contestant about as strong as the one before. Standard errors come from the
    curvature at the maximum.

    Args:
        scores: float64 (n, n), what contestant i scored against j in all.
        games: float64 (n, n), symmetric, how many games they played. Contestants are in the order
            of their training.

    Returns:
        n ratings, relative to contestant 0.
    """
    count = len(games)
    if count == 1:
        return [Rating(0.0, 0.0)]
    strengths = np.zeros(count)
    differences = np.diff(np.eye(count), axis=0)
    prior = differences.T @ differences / _PRIOR**2
    # The first one's strength is fixed.
    free = np.arange(1, count)
    for _ in range(_ITERATIONS):
        expected = 1 / (1 + np.exp(strengths[None, :] - strengths[:, None]))
        slope = ((scores - games * expected).sum(axis=1) - prior @ strengths)[free]
        weight = games * expected * (1 - expected)
        curvature = (np.diag(weight.sum(axis=1)) - weight + prior)[np.ix_(free, free)]
        step = np.linalg.solve(curvature, slope)
        # Full Newton steps overshoot far from the maximum.
        strengths[free] += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    variances = np.diag(np.linalg.inv(curvature))
    errors = np.concatenate([[0.0], np.sqrt(variances)])
    return [
        Rating(float(_SCALE * s), float(_SCALE * e)) for s, e in zip(strengths, errors, strict=True)
    ]
