"""Confidence intervals of mean returns, by bootstrap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Returns = Sequence[float]
_RESAMPLES = 2_000


class Interval(NamedTuple):
    """A 95 % confidence interval; without bounds where there are too few episodes for one."""

    low: float
    high: float


def mean_interval(levels: Sequence[Returns]) -> Interval:
    """Returns the interval of the mean over all episodes.

    It is the percentile bootstrap (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993,
    chapter 13) of 2,000 resamples, stratified: each level keeps its number of episodes, as the
    levels were chosen and only what happens on them is random. The same returns give the same
    interval.

    Args:
        levels: Returns of the episodes of each level.
    """
    return _interval(_resampled_means(_strata(levels), 0))


def difference_interval(levels: Sequence[Returns], others: Sequence[Returns]) -> Interval:
    """Returns the interval of a mean minus another, see :func:`mean_interval`."""
    means, other_means = (
        _resampled_means(_strata(each), seed) for seed, each in enumerate((levels, others))
    )
    if means is None or other_means is None:
        return _interval(None)
    return _interval(means - other_means)


def _strata(levels: Sequence[Returns]) -> list[Returns]:
    """Returns the levels, or all as one where there is one of a single episode."""
    if min(map(len, levels)) > 1:
        return list(levels)
    return [[value for level in levels for value in level]]


def _resampled_means(levels: Sequence[Returns], seed: int) -> NDArray[np.float64] | None:
    from scipy import stats

    if len(levels[0]) < 2:
        return None
    total = sum(map(len, levels))

    def mean(*samples: Any, axis: int = -1) -> Any:
        return sum(sample.sum(axis=axis) for sample in samples) / total

    result = stats.bootstrap(
        levels, mean, n_resamples=_RESAMPLES, method="percentile", rng=np.random.default_rng(seed)
    )
    means: NDArray[np.float64] = result.bootstrap_distribution
    return means


def _interval(means: NDArray[np.float64] | None) -> Interval:
    if means is None:
        return Interval(-math.inf, math.inf)
    low, high = np.percentile(means, (2.5, 97.5))
    return Interval(float(low), float(high))
