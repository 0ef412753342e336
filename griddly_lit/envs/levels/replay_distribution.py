"""Which of a fixed number of levels is played next, by Prioritized Level Replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.decoding import decoding
from griddly_lit.errors import LevelError


class ReplayDistribution:
    """Scores of levels, when each was drawn last, and draws from both.

    Source: Jiang, Grefenstette and Rocktäschel, "Prioritized Level Replay", ICML 2021,
    arXiv 2010.03934, section 3.

    Args:
        count: Number of levels L.
        beta: Temperature of the score's ranks.
        rho: Share of the staleness.
        nu: Probability of an unseen level while there is one; None for the share of those.
    """

    def __init__(self, count: int, beta: float, rho: float, nu: float | None) -> None:
        self._beta, self._rho, self._nu = beta, rho, nu
        # NaN until a level has been scored, which makes it a seen one.
        self._scores = np.full(count, np.nan)
        self._last = np.zeros(count, dtype=np.int64)
        self._draws = 0

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Whether each level has been scored, bool (L,)."""
        seen: NDArray[np.bool_] = ~np.isnan(self._scores)
        return seen

    def new_level_probability(self) -> float:
        """Returns the probability that the next level is an unseen one."""
        seen = self.seen
        if seen.all():
            return 0.0
        if not seen.any():
            return 1.0
        return float(1 - seen.mean()) if self._nu is None else self._nu

    def probabilities(self) -> NDArray[np.float64]:
        """Returns the probability of each level when a seen one is replayed, float64 (L,).

        ``(1 − rho) · P_S + rho · P_C`` with ``P_S`` in proportion to ``rank(score) ** (−1 / beta)``,
        the highest score having rank 1 and equal ones the order of the levels, and ``P_C`` to the
        number of draws since the level's last one. ``P_C`` is uniform where these are all 0.
        """
        seen = np.flatnonzero(self.seen)
        probabilities = np.zeros(len(self._scores))
        if not len(seen):
            return probabilities
        ranks = np.empty(len(seen))
        ranks[np.argsort(-self._scores[seen], kind="stable")] = np.arange(1, len(seen) + 1)
        # A small beta underflows to 0 for all ranks but the first, which is what is meant.
        by_score = np.exp(-np.log(ranks) / self._beta)
        staleness = (self._draws - self._last[seen]).astype(np.float64)
        if not staleness.any():
            staleness[:] = 1
        probabilities[seen] = (1 - self._rho) * by_score / by_score.sum()
        probabilities[seen] += self._rho * staleness / staleness.sum()
        return probabilities

    def draw(self, rng: np.random.Generator) -> int:
        """Returns the position of a level."""
        if rng.random() < self.new_level_probability():
            position = int(rng.choice(np.flatnonzero(~self.seen)))
        else:
            position = int(rng.choice(len(self._scores), p=self.probabilities()))
        self._draws += 1
        self._last[position] = self._draws
        return position

    def note(self, position: int, score: float) -> None:
        """Takes a level's newest score, a finite number, in the place of its last one."""
        self._scores[position] = score

    def state_dict(self) -> dict[str, Any]:
        """Returns ``scores``, float64 (L,), NaN where unseen; ``last``, int64 (L,); ``draws``."""
        return {"scores": self._scores.copy(), "last": self._last.copy(), "draws": self._draws}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over what :meth:`state_dict` gave, also as lists.

        Raises:
            LevelError: It is that of another number of levels, or none.
        """
        mend = "Restore what state_dict() of a source with as many levels returned"
        with decoding(LevelError, "state of levels", "it is none", mend):
            scores = np.array(state["scores"], dtype=np.float64)
            last, draws = np.array(state["last"]), int(state["draws"])
            if scores.shape != self._scores.shape or last.shape != scores.shape:
                raise ValueError(f"it has {scores.size} levels, not {self._scores.size}")
            if last.dtype.kind not in "iu" or (last < 0).any() or (last > draws).any():
                raise ValueError("a level was drawn later than all draws")
            if np.isinf(scores).any():
                raise ValueError("a score is infinite")
        self._scores, self._last, self._draws = scores, last.astype(np.int64), draws
