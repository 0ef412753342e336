"""Which models are called different: one rule for the report and for its simulation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from griddly_lit.comparison import statistics
from griddly_lit.comparison.statistics import LEVEL, Estimate, Scores


@dataclass(frozen=True)
class Difference:
    """Two models compared over the games.

    Attributes:
        model: The model of the higher mean.
        other: The other one.
        gap: Mean over games of the difference between runs of the same seed, with its interval.
        p_value: Of no difference, corrected for the number of pairs of models.
        game_p_values: The same game by game, corrected for the number of games and pairs.
        is_called: Whether the models are called different.
        games_called: Whether they are on each game, which is only asked where they are over all.
        power: Share of studies like this one that would call a difference as large as this one; NaN
            where a game has fewer than two seeds to judge by.
        seeds_to_tell: Seeds a game that would call it in four of five studies; None for more than
            1,000, or where the power is NaN.
    """

    model: str
    other: str
    gap: Estimate
    p_value: float
    game_p_values: tuple[float, ...]
    is_called: bool
    games_called: tuple[bool, ...]
    power: float
    seeds_to_tell: int | None


def call_differences(scores: Mapping[str, Scores]) -> list[Difference]:
    """Compares every two models.

    Models are tested over all games first, with Holm's correction for the pairs, and game by game only
    where that calls them different: so a study of equal models calls anything at all in no more than
    1 of 25 cases.

    Args:
        scores: By model and game, (seeds,), NaN where a run failed; the same seeds for every model.
            A pair without the run of one model is left out.
    """
    compared = {
        pair: _paired(scores[pair[0]], scores[pair[1]])
        for pair in itertools.combinations(scores, 2)
    }
    # Models that have no seed in common on any game cannot be compared.
    compared = {pair: each for pair, each in compared.items() if any(map(len, each))}
    pairs, differences = list(compared), list(compared.values())
    p_values = statistics.holm([statistics.paired_test(each) for each in differences])
    flat = statistics.holm(
        [statistics.paired_test([game]) for each in differences for game in each]
    )
    games = len(differences[0]) if differences else 0
    level = LEVEL / max(len(pairs), 1)
    found = []
    for number, ((model, other), every_game) in enumerate(compared.items()):
        each = [game for game in every_game if len(game)]
        own = tuple(flat[number * games : (number + 1) * games])
        is_called = p_values[number] <= LEVEL
        seeds = min(map(len, each))
        told = seeds > 1
        gap = statistics.estimate(statistics.mean, each)
        leads = gap.value >= 0
        found.append(
            Difference(
                model if leads else other,
                other if leads else model,
                gap if leads else Estimate(-gap.value, -gap.high, -gap.low),
                p_values[number],
                own,
                is_called,
                tuple(is_called and p <= LEVEL for p in own),
                statistics.power(each, seeds, level) if told else math.nan,
                statistics.seeds_to_tell(each, level) if told else None,
            )
        )
    return found


def _paired(scores: Scores, others: Scores) -> Scores:
    """Returns differences by game, of the seeds that both models finished."""
    return [
        difference[~np.isnan(difference)]
        for difference in (mine - theirs for mine, theirs in zip(scores, others, strict=True))
    ]
