import json

import numpy as np
import pytest
import torch

from griddly_lit.policies import SelfPlay
from griddly_lit.policies.league import League
from griddly_lit.policies.match import Match, score_of
from griddly_lit.policies.rating import elo_ratings


def weights(value=0.0):
    return {"w": torch.full((2,), value)}


def test_elo_of_two_is_that_of_their_score():
    scores, games = np.zeros((2, 2)), 10_000 * (1 - np.eye(2))
    scores[1, 0], scores[0, 1] = 7_600, 2_400
    first, second = elo_ratings(scores, games)
    assert first == (0, 0)
    # 400 · log10(0.76 / 0.24); and 1 / sqrt(n p q) in natural units.
    assert second.elo == pytest.approx(200.24, abs=0.1)
    assert second.standard_error == pytest.approx(173.72 / np.sqrt(10_000 * 0.76 * 0.24), rel=1e-3)


def test_elo_of_a_line_adds_up():
    rng = np.random.default_rng(0)
    true = np.array([0.0, 100, 250, 300])
    scores, games = np.zeros((4, 4)), np.zeros((4, 4))
    for i in range(4):
        for j in range(i):
            chance = 1 / (1 + 10 ** ((true[j] - true[i]) / 400))
            wins = rng.binomial(5_000, chance)
            scores[i, j], scores[j, i] = wins, 5_000 - wins
            games[i, j] = games[j, i] = 5_000
    for rating, wanted in zip(elo_ratings(scores, games), true, strict=True):
        assert abs(rating.elo - wanted) <= 4 * rating.standard_error + 1e-9
        assert rating.standard_error < 6


def test_elo_is_finite_where_one_side_won_all():
    scores, games = np.array([[0.0, 0], [50, 0]]), np.array([[0.0, 50], [50, 0]])
    _, second = elo_ratings(scores, games)
    assert 400 < second.elo < 2_000
    assert second.standard_error > 200


@pytest.mark.parametrize(
    ("outcomes", "returns", "score"),
    [
        (("win", "lose"), (0, 5), 1),
        (("lose", "win"), (9, 0), 0),
        (("lose", "lose"), (3, 1), 0.5),
        (("end", "end"), (3, 1), 1),
        ((), (1, 3), 0),
        ((), (2, 2), 0.5),
        # Pair by pair where there are more than two.
        (("lose", "win", "lose"), (0, 0, 0), 0.25),
        (("win", "lose", "lose", "lose"), (0, 0, 0, 0), 1),
        ((), (2, 1, 3, 2), 0.5),
    ],
)
def test_who_won(outcomes, returns, score):
    assert score_of(outcomes, np.array(returns, dtype=float), 0) == score


def test_snapshots_are_taken_by_steps():
    league = League(SelfPlay(snapshot_every=100, pool_size=3), weights())
    for steps in range(40, 1000, 40):
        league.record([], steps, lambda value=steps: weights(value))
    # At the first multiple of 40 that is 100 or more after the one before.
    assert [s.env_steps for s in league.pool.values()] == [0, 840, 960]
    assert sorted(league.pool) == [0, 7, 8]
    assert league.pool[8].weights["w"][0] == 960


def test_a_snapshot_is_taken_when_the_newest_is_beaten():
    league = League(SelfPlay(win_rate=0.7), weights())
    league.record([Match(0, 0.0, 0.0)] * 40 + [Match(0, 1.0, 0.0)] * 60, 10, weights)
    assert sorted(league.pool) == [0]
    league.record([Match(0, 1.0, 0.0)] * 5 + [Match(0, 0.5, 0.0)] * 20, 20, weights)
    # Of the last 100 games 65 were won, 15 lost, 20 drawn: 0.81 of the decided ones.
    assert sorted(league.pool) == [0, 1]
    assert league.metrics()["self_play/snapshots"] == 2


def test_a_win_rate_needs_decided_games():
    league = League(SelfPlay(win_rate=0.9), weights())
    league.record([Match(0, 0.5, 0.0)] * 99 + [Match(0, 1.0, 0.0)], 10, weights)
    assert sorted(league.pool) == [0]
    league.record([Match(0, 1.0, 0.0)] * 28, 20, weights)
    assert sorted(league.pool) == [0]
    league.record([Match(0, 1.0, 0.0)], 30, weights)
    assert sorted(league.pool) == [0, 1]


@pytest.mark.parametrize("decided_by", ["rules", "returns"])
@pytest.mark.parametrize("players", [2, 4, 12])
def test_equal_players_are_rated_equal(players, decided_by):
    rng = np.random.default_rng(players)
    league = League(SelfPlay(snapshot_every=1), weights())
    matches = []
    for _ in range(2_000):
        winner = rng.integers(players)
        outcomes = ["win" if player == winner else "lose" for player in range(players)]
        returns = rng.normal(size=players)
        score = score_of(outcomes if decided_by == "rules" else (), returns, rng.integers(players))
        matches.append(Match(0, score, 0.0))
    league.record(matches, 0, weights)
    elo, standard_error = league.ratings()[-1]
    assert abs(elo) < 3 * standard_error
    assert standard_error < 10


def test_opponents():
    def chances(opponent):
        league = League(SelfPlay(snapshot_every=1, opponent=opponent), weights())
        for steps in (1, 2):
            league.record([], steps, weights)
        league.record(
            [Match(0, 1.0, 0.0)] * 9 + [Match(0, 0.0, 0.0)] + [Match(2, 0.0, 0.0)] * 10, 2, weights
        )
        return league.chances()

    assert chances("latest") == {0: 0, 1: 0, 2: 1}
    assert chances("uniform") == {0: 1 / 3, 1: 1 / 3, 2: 1 / 3}
    hard = chances("prioritised")
    assert hard[2] > hard[1] > hard[0] > 0
    assert hard[2] / hard[1] == pytest.approx((1 + 0.01) / (0.25 + 0.01))


def test_metrics_and_a_trip_through_json():
    settings = SelfPlay(snapshot_every=50, pool_size=2)
    league = League(settings, weights(1))
    league.record(
        [Match(0, 1.0, 0.0)] * 3 + [Match(0, 0.0, 0.0), Match(0, 0.5, 0.0)], 60, lambda: weights(2)
    )
    league.record([Match(1, 0.0, 0.0)] * 2, 70, lambda: weights(3))
    metrics = league.metrics()
    assert metrics["self_play/win_rate/snapshot_1"] == 0
    assert metrics["self_play/return_mean"] == 0
    assert "self_play/win_rate/snapshot_0" not in metrics
    saved = json.loads(json.dumps(league.to_dict()))
    states = {n: snapshot.weights for n, snapshot in league.pool.items()}
    again = League.from_dict(settings, saved, states)
    assert again.metrics() == metrics
    assert again.chances() == league.chances()
    again.record([], 110, lambda: weights(4))
    assert sorted(again.pool) == [0, 2]
    assert len(again.ratings()) == 4
