"""The statistics equal rliable's, and hold what they promise."""

import json
from pathlib import Path

import numpy as np
import pytest

from comparison.studies import share_called
from griddly_lit.comparison import statistics as s

# rliable's scores and numbers; `source` in it says of which version.
STORED = json.loads(Path(__file__).with_name("rliable.json").read_text())
X, Y = (list(np.array(STORED[name]).T) for name in "xy")
FOUR = (s.mean, s.median, s.iqm, s.optimality_gap)


@pytest.mark.parametrize("name", ["x", "y"])
def test_aggregates_equal_rliables(name):
    scores, theirs = list(np.array(STORED[name]).T), STORED[f"of_{name}"]
    for statistic in FOUR:
        assert statistic(scores) == pytest.approx(theirs[statistic.__name__], abs=1e-9)
    profile = s.performance_profile(scores, STORED["taus"])
    assert profile == pytest.approx(np.array(theirs["profile"]), abs=1e-9)


def test_probability_of_improvement_equals_rliables_ties_included():
    theirs = STORED["probability_of_improvement"]
    assert s.probability_of_improvement(X, Y) == pytest.approx(theirs, abs=1e-9)
    assert s.probability_of_improvement(Y, X) == pytest.approx(1 - theirs, abs=1e-9)


def test_intervals_of_the_same_resamples_equal_rliables():
    rng, scores = np.random.RandomState(7), np.array(STORED["x"])
    games = np.arange(scores.shape[1])
    drawn = np.stack([scores[rng.choice(5, scores.shape), games] for _ in range(2000)])
    by_game = [drawn[:, :, game] for game in games]
    for index, statistic in enumerate(FOUR):
        theirs = [row[index] for row in STORED["intervals_2000_seed_7"]]
        assert s.percentiles(statistic(by_game)) == pytest.approx(theirs, abs=1e-6)


def test_intervals_of_own_resamples_come_close_to_rliables():
    # 2,000 draws against 50,000 others: within a tenth of the interval's width.
    for index, statistic in enumerate(FOUR):
        low, high = (row[index] for row in STORED["intervals_50000"])
        found = s.estimate(statistic, X)
        assert (found.low, found.high) == pytest.approx((low, high), abs=0.1 * (high - low))
    low, high = STORED["improvement_interval_5000"]
    found = s.estimate(s.probability_of_improvement, X, Y)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.1 * (high - low))
    assert found == s.estimate(s.probability_of_improvement, X, Y)


def test_curves_keep_their_axis_and_one_seed_has_no_interval():
    curves = [np.cumsum(np.ones((4, 3)) * seed, axis=0) for seed in (1.0, 2.0)]
    value, low, high = s.estimate(s.iqm, curves)
    assert value.shape == low.shape == high.shape == (4,)
    assert value == pytest.approx([1.5, 3, 4.5, 6])
    lone = s.estimate(s.mean, [np.array([1.0]), np.array([2.0])])
    assert lone.value == 1.5
    assert np.isinf([lone.low, lone.high]).all()


def test_curves_on_a_grid_and_the_area_under_them():
    grid = [0, 50, 100, 200]
    assert s.on_grid([100, 0][::-1], [0.0, 1.0], grid) == pytest.approx([0, 0.5, 1, 1])
    assert s.area_under_curve([0, 100], [[0.0, 1.0], [2.0, 2.0]]) == pytest.approx([0.5, 2])
    assert s.area_under_curve([100], [[3.0]]) == pytest.approx([3])
    assert s.normalised([np.array([1.0, 3.0])], [1.0], [2.0])[0] == pytest.approx([0, 2])


def test_paired_test_is_exact_where_pairs_are_few():
    # Of the 64 choices of signs, all alike and all alike the other way are the most extreme.
    differences = [np.array([1.0, 2, 3]), np.array([0.5, 4, 1])]
    assert s.paired_test(differences) == pytest.approx(2 / 64)
    assert s.least_p_value(6) == pytest.approx(2 / 64)
    assert s.paired_test([np.zeros(5)]) == 1.0
    assert s.paired_test([np.array([1.0, -1.0]), np.array([2.0, -2.0])]) == pytest.approx(1)


def test_holm_equals_the_worked_example():
    # Step down: 4 × 0.01, 3 × 0.015, 2 × 0.03 and its successor at least as much.
    assert s.holm([0.03, 0.01, 0.04, 0.015]) == pytest.approx([0.06, 0.04, 0.06, 0.045])
    assert s.holm([]) == []


def test_power_is_that_of_the_t_test():
    # One sample, effect 1, n = 10, level 0.05: 0.803 in Cohen's tables.
    unit = np.array([0.0, 2.0]) / np.sqrt(2)
    differences = [unit - unit.mean() + 1]
    assert s.power(differences, 10, level=0.05) == pytest.approx(0.803, abs=0.001)
    assert s.seeds_to_tell(differences, level=0.05) == 10
    assert s.seeds_to_tell([np.array([-1.0, 1.0])]) is None
    assert s.power(differences, 4) == 0.0  # no choice of 4 signs is rarer than 1 in 8


def test_equal_models_are_seldom_called_and_a_gap_is_found():
    equal, _ = share_called(gap=0.0, games=3, seeds=5, studies=200)
    found, _ = share_called(gap=1.0, games=3, seeds=10, studies=100)
    assert equal <= 0.08
    assert found >= 0.8


@pytest.mark.slow
def test_a_thousand_studies_of_equal_models_and_of_a_gap():
    equal = [
        share_called(gap=0.0, games=games, seeds=seeds, studies=1_000)
        for games, seeds in ((2, 10), (6, 5), (6, 10))
    ]
    # Each of 1,000 has a standard error of 0.006.
    assert np.mean([called for called, _ in equal]) <= 0.05
    assert max(called for called, _ in equal) <= 0.06
    assert max(of_games for _, of_games in equal) <= 0.05
    for games in (2, 6):
        called, _ = share_called(gap=1.0, games=games, seeds=10, studies=1_000)
        assert called >= 0.8, games
