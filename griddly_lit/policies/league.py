"""The pool of snapshots of a self-play run, and who beat whom."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from griddly_lit.policies.match import Match
from griddly_lit.policies.rating import Rating, elo_ratings
from griddly_lit.policies.self_play import LEAST_DECIDED, SelfPlay

_WINDOW = 100
# Ratings take memory with the square of it.
_MOST_SNAPSHOTS = 10_000


@dataclass(frozen=True)
class Snapshot:
    """The learner at one time.

    Attributes:
        id: Number of the snapshot, from 0, the policy before training.
        env_steps: Environment steps of the run when it was taken.
        weights: Its network.
    """

    id: int
    env_steps: int
    weights: Mapping[str, Tensor] = field(repr=False)


class League:
    """Takes snapshots, chooses opponents, and rates them all.

    The learner between two snapshots is one contestant, which the second of them then stands for.
    So contestant ``n`` is snapshot ``n``, and the last one the learner of now.

    Args:
        settings: The rules.
        weights: The learner's weights before training: snapshot 0.

    Attributes:
        pool: The snapshots that are played against, by id.
    """

    def __init__(self, settings: SelfPlay, weights: Mapping[str, Tensor]) -> None:
        self._settings = settings
        self.pool: dict[int, Snapshot] = {0: Snapshot(0, 0, weights)}
        # Score and number of games of contestant i, as the learner, against snapshot j.
        self._results: dict[tuple[int, int], tuple[float, int]] = {}
        self._recent: dict[int, deque[float]] = {0: deque(maxlen=_WINDOW)}
        self._returns: deque[float] = deque(maxlen=_WINDOW)
        self._taken = 1

    def record(
        self, matches: Iterable[Match], env_steps: int, weights: Callable[[], Mapping[str, Tensor]]
    ) -> None:
        """Takes over matches, and takes a snapshot when it is time.

        Args:
            matches: Those since the last call.
            env_steps: Environment steps of the run.
            weights: Gives the learner's weights.
        """
        for match in matches:
            key = (self._taken, match.snapshot)
            score, games = self._results.get(key, (0.0, 0))
            self._results[key] = (score + match.score, games + 1)
            self._returns.append(match.learner_return)
            if match.snapshot in self._recent:
                self._recent[match.snapshot].append(match.score)
        if not self._is_time(env_steps):
            return
        newest = Snapshot(self._taken, env_steps, weights())
        self.pool[newest.id] = newest
        self._recent = {n: deque(maxlen=_WINDOW) for n in self.pool}
        self._taken += 1
        if len(self.pool) > self._settings.pool_size:
            # The first one stays, as the mark that progress is measured from.
            oldest = sorted(self.pool)[1]
            del self.pool[oldest], self._recent[oldest]

    def chances(self) -> dict[int, float]:
        """Returns the probability of each snapshot as the next opponent."""
        ids = sorted(self.pool)
        if self._settings.opponent == "latest":
            weights = np.array([float(n == ids[-1]) for n in ids])
        elif self._settings.opponent == "uniform":
            weights = np.ones(len(ids))
        else:
            # Beaten ones keep a small chance, so that they are not forgotten.
            weights = np.array([(1 - self._win_rate(n, 0.5)) ** 2 for n in ids]) + 0.01
        return dict(zip(ids, (weights / weights.sum()).tolist(), strict=True))

    def ratings(self) -> list[Rating]:
        """Returns the rating of every snapshot ever taken, and last the learner's."""
        count = self._taken + 1
        scores, games = np.zeros((count, count)), np.zeros((count, count))
        for (learner, snapshot), (score, played) in self._results.items():
            scores[learner, snapshot] += score
            scores[snapshot, learner] += played - score
            games[learner, snapshot] += played
            games[snapshot, learner] += played
        return elo_ratings(scores, games)

    def metrics(self) -> dict[str, float]:
        """Returns ``self_play/…``: Elo with its standard error, win rates, the learner's mean return.

        A win rate goes over the decided ones of the last 100 games since the newest snapshot, the
        return over the last 100 games.
        """
        learner = self.ratings()[-1]
        rates = {n: self._win_rate(n, None) for n in self.pool}
        return {
            "self_play/elo": learner.elo,
            "self_play/elo_standard_error": learner.standard_error,
            "self_play/snapshots": float(self._taken),
            **({"self_play/return_mean": float(np.mean(self._returns))} if self._returns else {}),
            **{
                f"self_play/win_rate/snapshot_{n}": rate
                for n, rate in rates.items()
                if rate is not None
            },
        }

    def to_dict(self) -> dict[str, Any]:
        """Returns all but the weights as values for JSON."""
        return {
            "taken": self._taken,
            "env_steps": {str(n): snapshot.env_steps for n, snapshot in self.pool.items()},
            "results": [[*key, *value] for key, value in sorted(self._results.items())],
            "recent": {str(n): list(scores) for n, scores in self._recent.items()},
            "returns": list(self._returns),
        }

    @classmethod
    def from_dict(
        cls, settings: SelfPlay, values: Mapping[str, Any], weights: Mapping[int, Any]
    ) -> League:
        """Restores what :meth:`to_dict` gave.

        Args:
            settings: The rules.
            values: As they were written.
            weights: Weights of each snapshot in the pool by its id.

        Raises:
            ValueError: The values are no league.
        """
        taken, ids = values["taken"], sorted(weights)
        contestants = range(taken + 1)
        if ids != sorted(map(int, values["recent"])) or 0 not in ids or taken > _MOST_SNAPSHOTS:
            raise ValueError(f"it has snapshots {ids} of {taken}")
        if any(i not in contestants or j not in contestants for i, j, _, _ in values["results"]):
            raise ValueError("matches of other snapshots than were taken")
        league = cls(settings, weights[0])
        league.pool = {
            int(n): Snapshot(int(n), int(steps), weights[int(n)])
            for n, steps in values["env_steps"].items()
        }
        league._taken = values["taken"]
        league._returns.extend(map(float, values["returns"]))
        league._results = {
            (i, j): (float(score), int(games)) for i, j, score, games in values["results"]
        }
        league._recent = {
            int(n): deque(map(float, scores), maxlen=_WINDOW)
            for n, scores in values["recent"].items()
        }
        return league

    def _is_time(self, env_steps: int) -> bool:
        newest = self.pool[max(self.pool)]
        every, goal = self._settings.snapshot_every, self._settings.win_rate
        if every is not None and env_steps - newest.env_steps >= every:
            return True
        decided = [score for score in self._recent[newest.id] if score != 0.5]
        enough = len(self._recent[newest.id]) == _WINDOW and len(decided) >= LEAST_DECIDED
        return goal is not None and enough and sum(decided) / len(decided) >= goal

    def _win_rate(self, snapshot: int, unknown: Any) -> Any:
        decided = [score for score in self._recent[snapshot] if score != 0.5]
        return sum(decided) / len(decided) if decided else unknown
