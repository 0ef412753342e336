"""What a study found, in words."""

from __future__ import annotations

import math

import numpy as np

from griddly_lit.comparison.calls import Difference
from griddly_lit.comparison.statistics import LEVEL, least_p_value
from griddly_lit.comparison.study import Study

FEW_SEEDS = 5


def finding(study: Study) -> str:
    """Returns the finding in one sentence."""
    scope = (
        f"over {_count(len(study.games_over_floor), 'game')} and {_count(len(study.seeds), 'seed')}"
    )
    if all(np.isnan(of_env).all() for scores in study.scores.values() for of_env in scores):
        return "No run came to its end."
    if not study.games_over_floor:
        return "No model scored more than the uniformly random policy on any game."
    called = [each for each in study.differences if each.is_called]
    if len(study.models) < 2:
        return f"One model was measured {scope}; there is nothing to compare it with."
    if not called:
        return f"{scope.capitalize()}, no two models are told apart."
    told = "; ".join(_told(each) for each in called)
    return f"{scope.capitalize()}, {told}."


def cautions(study: Study) -> list[str]:
    """Returns what a reader has to know before he believes the finding."""
    told = []
    count = len(study.failed)
    if count:
        rows = [f"{r['model']} on {r['env']}, seed {r['seed']}" for _, r in study.failed.iterrows()]
        told.append(
            f"{_count(count, 'run')} failed and count in nothing here: {'; '.join(rows)}. "
            "If a model fails where it is bad, its mean is too good."
        )
    if len(study.seeds) < FEW_SEEDS:
        told.append(
            f"Too few seeds ({len(study.seeds)}): intervals of so few are too narrow, and only "
            "large differences can be found."
        )
    pairs = len(study.seeds) * len(study.games_over_floor)
    if study.differences and least_p_value(pairs) * len(study.differences) > LEVEL:
        told.append(
            f"{pairs} pairs of runs cannot tell any models apart at {LEVEL:g}, whatever they score."
        )
    told += [_power(each) for each in study.differences if not each.is_called]
    left_out = [
        env for number, env in enumerate(study.envs) if number not in study.games_over_floor
    ]
    if left_out:
        told.append(
            f"Left out of what goes over games, as the reference is not over the random policy's "
            f"score: {', '.join(left_out)}."
        )
    return told


def how_it_is_measured(study: Study) -> str:
    """Returns how scores, intervals and tests are made."""
    given = study.settings.get("reference")
    reference = "the references given" if given else "the best model's mean in this study"
    return (
        f"A score is the mean return of test() with the weights at the end of the budget, on held-out "
        f"levels where there are any. Over games, 0 is the uniformly random policy as measured here and 1 is "
        f"{reference}. Intervals are 95 % stratified percentile bootstraps over seeds. Models are called "
        f"different where a paired permutation test over all games, corrected by Holm for the pairs of "
        f"models, gives p ≤ {LEVEL:g}; single games are asked only then."
    )


def _told(each: Difference) -> str:
    value, low, high = each.gap
    return (
        f"{each.model} scores {value:.2f} [{low:.2f}, {high:.2f}] more than {each.other} "
        f"(p = {each.p_value:.3f})"
    )


def _power(each: Difference) -> str:
    pair = f"{each.model} and {each.other} are not told apart (p = {each.p_value:.2f})"
    if math.isnan(each.power):
        return f"{pair}; with one seed nobody can say how many would."
    if each.seeds_to_tell is None:
        return f"{pair}; no number of seeds up to 1,000 would tell a gap like {each.gap.value:.2g}."
    return (
        f"{pair}; were the true gap the measured {each.gap.value:.2g}, studies like this would find it in "
        f"{each.power:.0%} of cases, and about {each.seeds_to_tell} seeds would in four of five."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
