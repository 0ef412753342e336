"""How wrong the policy was about an episode: what a level source may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from griddly_lit.arguments import shown
from griddly_lit.envs import EpisodeEnd, LevelSource
from griddly_lit.errors import LevelError

GAE = "gae"
_ROWS = 256
# Where an algorithm has none: the one of the paper that PrioritizedLevels names.
_LAMBDA = 0.95


def mean_absolute_gae(
    rewards: ArrayLike, values: ArrayLike, gamma: float, lambda_: float, next_value: float
) -> float:
    """Returns the mean of the absolute generalised advantages of an episode.

    Source: Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage
    Estimation", ICLR 2016, arXiv 1506.02438, equation 16.

    Args:
        rewards: Rewards (T,).
        values: Values of the observations that the actions were drawn from (T,).
        gamma: Discount.
        lambda_: Weight of longer estimates.
        next_value: Value of the observation after the last reward: 0 where the rules ended the
            episode.
    """
    values = np.asarray(values, dtype=np.float64)
    residuals = np.asarray(rewards, dtype=np.float64) - values
    residuals += gamma * np.append(values[1:], next_value)
    advantage = total = 0.0
    for residual in residuals[::-1].tolist():
        advantage = residual + gamma * lambda_ * advantage
        total += abs(advantage)
    return total / len(residuals)


class LevelScores:
    """Scores finished episodes by the values that the policy acted with.

    An episode's score is the mean of its absolute generalised advantages, averaged over the players
    whose policy learns and gives values. At the step limit, the value of the last observation,
    which nobody acts from, is taken to be that of the one before.

    Args:
        games: Number of games N.
        players: Number of players.
        gamma: Discount.
        lambda_: Weight of longer estimates.
    """

    def __init__(self, games: int, players: int, gamma: float, lambda_: float) -> None:
        self._gamma, self._lambda = gamma, lambda_
        self._values = np.full((games, _ROWS, players), np.nan, dtype=np.float32)
        self._steps = np.zeros(games, dtype=np.int64)

    def add(self, players: tuple[int, ...], values: NDArray[np.float32] | None) -> None:
        """Notes values of the step to come, before :meth:`end_step`.

        Args:
            players: Player numbers, from 0.
            values: float32 (these players, N), NaN for those who do not act or whose policy does
                not learn; None where no policy gives values.

        Raises:
            LevelError: No policy gives values, so that nothing can be scored.
        """
        if values is None:
            raise LevelError(
                "levels=…",
                "the level source asks for scores, and the algorithm has no values to score with",
                "Use PPO, APPO or IMPALA, or another level source",
            )
        games = np.arange(len(self._steps))
        self._values[games[:, np.newaxis], self._steps[:, np.newaxis], players] = values.T

    def end_step(self) -> None:
        """Ends a step: every game has its values."""
        self._steps += 1
        if self._steps.max() == self._values.shape[1]:
            more = np.full_like(self._values, np.nan)
            self._values = np.concatenate([self._values, more], axis=1)

    def score(self, end: EpisodeEnd) -> float | None:
        """Returns the score of an episode, and forgets its values.

        Of an episode whose beginning is not known, what is known is scored; None for no values.
        """
        steps = int(self._steps[end.index])
        known = min(steps, end.length)
        values = self._values[end.index, steps - known : steps].copy()
        self._values[end.index, :steps] = np.nan
        self._steps[end.index] = 0
        before = end.length - known
        scores = []
        for player, length in enumerate((end.lengths - before).tolist()):
            own = values[: max(length, 0), player]
            if not len(own) or np.isnan(own).any():
                continue
            # Who has left has nothing more to come, as after an end by the rules.
            over = end.terminated or length < known
            rewards = end.rewards[before : before + length, player]
            next_value = 0.0 if over else float(own[-1])
            scores.append(mean_absolute_gae(rewards, own, self._gamma, self._lambda, next_value))
        return float(np.mean(scores)) if scores else None

    def state_dict(self) -> dict[str, Any]:
        """Returns the values of unfinished episodes.

        ``values``, float32 (N, longest, players), and ``steps``, int64 (N,), how many of each are in
        use.
        """
        longest = int(self._steps.max())
        return {"values": self._values[:, :longest].copy(), "steps": self._steps.copy()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over what :meth:`state_dict` gave.

        Raises:
            ValueError: It is that of other games.
        """
        values = np.asarray(state["values"], dtype=np.float32)
        steps = np.array(state["steps"], dtype=np.int64)
        games, _, players = self._values.shape
        if values.ndim != 3 or (values.shape[0], values.shape[2]) != (games, players):
            raise ValueError(f"values of shape {values.shape} are not those of {games} games")
        if steps.shape != (games,) or (steps < 0).any() or (steps > values.shape[1]).any():
            raise ValueError("steps do not fit the values")
        room = max(_ROWS, 2 * values.shape[1])
        self._values = np.full((games, room, players), np.nan, dtype=np.float32)
        self._values[:, : values.shape[1]] = values
        self._steps = steps


def level_scores(source: LevelSource, games: int, players: int, config: Any) -> LevelScores | None:
    """Returns what scores episodes for a level source, None if it does not ask.

    Args:
        source: The source.
        games: Number of games N.
        players: Number of players.
        config: RLlib's AlgorithmConfig, for ``gamma`` and ``lambda_``.

    Raises:
        LevelError: It asks for another score.
    """
    asked = getattr(source, "scorer", None)
    if asked is None:
        return None
    if asked != GAE:
        raise LevelError(
            f"{type(source).__qualname__}.{shown('scorer', asked)}",
            "there is no such score",
            f"Set scorer = {GAE!r}, or leave it out",
            (GAE,),
        )
    lambda_ = getattr(config, "lambda_", None)
    return LevelScores(
        games, players, float(config.gamma), _LAMBDA if lambda_ is None else float(lambda_)
    )
