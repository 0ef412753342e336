"""Simulated studies: what the findings call when the truth is known."""

import numpy as np

from griddly_lit.comparison.calls import call_differences


def share_called(gap, games, seeds, studies):
    """Returns the shares of studies with a call over games, and with any call of a game.

    Two models have normal scores of spread 1 on each game; the first one's mean is ``gap`` higher.
    """
    rng = np.random.default_rng(13)
    overall = by_game = 0
    for _ in range(studies):
        first = list(rng.normal(gap, 1, (games, seeds)))
        second = list(rng.normal(0, 1, (games, seeds)))
        calls = call_differences({"a": first, "b": second})
        overall += any(each.is_called for each in calls)
        by_game += any(any(each.games_called) for each in calls)
    return overall / studies, by_game / studies
