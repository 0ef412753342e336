"""What came of the episodes of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from griddly_lit.envs import EpisodeEnd
from griddly_lit.playing.intervals import Interval, difference_interval, mean_interval


@dataclass(frozen=True)
class LevelResult:
    """Episodes of one level.

    Attributes:
        level: The level's index, or ``"generated"`` for all that are none of the game's own.
        returns: Return of each episode, summed over its agents.
        lengths: Steps of each episode.
        wins: Number of episodes that an agent won.
        agent_returns: Return of each agent in each episode.
        agent_wins: Number of episodes won by each agent.
    """

    level: int | str
    returns: tuple[float, ...]
    lengths: tuple[int, ...]
    wins: int
    agent_returns: tuple[tuple[float, ...], ...]
    agent_wins: tuple[int, ...]

    @property
    def title(self) -> str:
        """What it is called in print."""
        return f"level {self.level}" if isinstance(self.level, int) else f"{self.level} levels"

    @property
    def return_mean(self) -> float:
        """Mean return."""
        return float(np.mean(self.returns))

    @property
    def return_interval(self) -> Interval:
        """95 % confidence interval of the mean return, see :func:`mean_interval`."""
        return mean_interval([self.returns])


@dataclass(frozen=True)
class EvaluationResult:
    """Episodes of all levels.

    Attributes:
        by_level: One result a level.
        policies: Agents of each policy by its name, where it is known who acted for whom.
        held_out: Of a validation, the results of the same policy on the levels that it does not
            train on, where there are any. All other numbers here are without them.
    """

    by_level: tuple[LevelResult, ...]
    policies: Mapping[str, Sequence[int]] = field(default_factory=dict)
    held_out: EvaluationResult | None = None

    @property
    def returns(self) -> np.ndarray:
        """Returns of all episodes, float64."""
        return np.array([value for level in self.by_level for value in level.returns])

    @property
    def return_mean(self) -> float:
        """Mean return over all episodes."""
        return float(self.returns.mean())

    @property
    def return_interval(self) -> Interval:
        """95 % confidence interval of the mean return, see :func:`mean_interval`."""
        return mean_interval([level.returns for level in self.by_level])

    @property
    def generalisation_gap(self) -> float | None:
        """Mean return on the training levels minus that on the held-out ones, if both were played."""
        return None if self.held_out is None else self.return_mean - self.held_out.return_mean

    @property
    def generalisation_gap_interval(self) -> Interval | None:
        """95 % confidence interval of the gap, see :func:`difference_interval`."""
        if self.held_out is None:
            return None
        mine, others = (
            [level.returns for level in result.by_level] for result in (self, self.held_out)
        )
        return difference_interval(mine, others)

    @property
    def length_mean(self) -> float:
        """Mean number of steps of an episode."""
        return float(np.mean([length for level in self.by_level for length in level.lengths]))

    @property
    def win_rate(self) -> float:
        """Share of episodes won."""
        return sum(level.wins for level in self.by_level) / len(self.returns)

    @property
    def agents(self) -> tuple[int, ...]:
        """Ids of the agents, 1 … P."""
        return tuple(range(1, len(self.by_level[0].agent_wins) + 1))

    def agent_return_mean(self, agent: int) -> float:
        """Mean return of an agent over all episodes."""
        returns = [each[agent - 1] for level in self.by_level for each in level.agent_returns]
        return float(np.mean(returns))

    def agent_win_rate(self, agent: int) -> float:
        """Share of episodes that an agent won."""
        return sum(level.agent_wins[agent - 1] for level in self.by_level) / len(self.returns)

    def policy_return_mean(self, policy: str) -> float:
        """Mean return of an agent of a policy."""
        return float(np.mean([self.agent_return_mean(agent) for agent in self.policies[policy]]))

    def policy_win_rate(self, policy: str) -> float:
        """Share of episodes that an agent of a policy won, on average over its agents."""
        return float(np.mean([self.agent_win_rate(agent) for agent in self.policies[policy]]))

    def metrics(self, prefix: str) -> dict[str, float]:
        """Returns the results as scalars, such as ``test/return_mean``."""
        company = self.agents if len(self.agents) > 1 else ()
        return {
            **{
                f"{prefix}/agent_{agent}/{name}": value(agent)
                for agent in company
                for name, value in (
                    ("return_mean", self.agent_return_mean),
                    ("win_rate", self.agent_win_rate),
                )
            },
            f"{prefix}/length_mean": self.length_mean,
            f"{prefix}/win_rate": self.win_rate,
            **_with_interval(f"{prefix}/return_mean", self.return_mean, self.return_interval),
            **self._level_metrics(prefix),
            **self._held_out_metrics(prefix),
        }

    def _level_metrics(self, prefix: str) -> dict[str, float]:
        return {
            name: value
            for level in self.by_level
            for name, value in {
                **_with_interval(
                    f"{prefix}/level_{level.level}/return_mean",
                    level.return_mean,
                    level.return_interval,
                ),
                f"{prefix}/level_{level.level}/win_rate": level.wins / len(level.returns),
            }.items()
        }

    def _held_out_metrics(self, prefix: str) -> dict[str, float]:
        gap, interval = self.generalisation_gap, self.generalisation_gap_interval
        if self.held_out is None or gap is None or interval is None:
            return {}
        held_out = self.held_out
        return {
            **held_out._level_metrics(prefix),
            **_with_interval(
                f"{prefix}/held_out/return_mean", held_out.return_mean, held_out.return_interval
            ),
            f"{prefix}/held_out/win_rate": held_out.win_rate,
            f"{prefix}/held_out/length_mean": held_out.length_mean,
            **_with_interval(f"{prefix}/generalisation_gap", gap, interval),
        }

    def __str__(self) -> str:
        low, high = self.return_interval
        rows = [
            f"{level.title}: return {level.return_mean:.3f}, "
            f"won {level.wins} of {len(level.returns)}, length {np.mean(level.lengths):.1f}"
            for level in self.by_level
        ]
        if len(self.policies) > 1:
            rows += self._policy_rows()
        if len(self.agents) > 1:
            rows += [
                f"agent {agent}: return {self.agent_return_mean(agent):.3f}, "
                f"win rate {self.agent_win_rate(agent):.2f}"
                for agent in self.agents
            ]
        if self.held_out is not None:
            rows += [f"held out: {row}" for row in str(self.held_out).splitlines()]
            gap, interval = self.generalisation_gap, self.generalisation_gap_interval
            assert interval is not None
            rows.append(f"generalisation gap {gap:.3f} [{interval.low:.3f}, {interval.high:.3f}]")
        return "\n".join(
            [
                f"return {self.return_mean:.3f} [{low:.3f}, {high:.3f}], win rate {self.win_rate:.2f}",
                *rows,
            ]
        )

    def _policy_rows(self) -> list[str]:
        rates = {policy: self.policy_win_rate(policy) for policy in self.policies}
        best = max(rates.values())
        leads = sum(rate == best for rate in rates.values()) == 1
        return [
            f"policy {policy} ({', '.join(f'agent {agent}' for agent in agents)}): "
            f"return {self.policy_return_mean(policy):.3f}, win rate {rates[policy]:.2f}"
            + (", won most" if leads and rates[policy] == best else "")
            for policy, agents in self.policies.items()
        ]


def _with_interval(name: str, value: float, interval: Interval) -> dict[str, float]:
    return {name: value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def summarise(
    ends: Sequence[EpisodeEnd],
    policies: Mapping[str, Sequence[int]] | None = None,
    held_out: Sequence[EpisodeEnd] = (),
) -> EvaluationResult:
    """Returns the results of episodes by level; level strings count as one.

    Args:
        ends: The episodes, at least one.
        policies: Agents of each policy by its name.
        held_out: Episodes on levels that are not trained on.
    """
    by_level: dict[int | str, list[EpisodeEnd]] = {}
    for end in ends:
        level = end.start.level
        by_level.setdefault("generated" if isinstance(level, str) else level, []).append(end)
    results = tuple(_level_result(level, mine) for level, mine in by_level.items())
    others = summarise(held_out, policies) if held_out else None
    return EvaluationResult(results, dict(policies or {}), others)


def _level_result(level: int | str, ends: Sequence[EpisodeEnd]) -> LevelResult:
    return LevelResult(
        level,
        tuple(float(end.returns.sum()) for end in ends),
        tuple(end.length for end in ends),
        sum("win" in end.outcomes for end in ends),
        tuple(tuple(end.returns.tolist()) for end in ends),
        tuple(
            sum(bool(end.outcomes) and end.outcomes[player] == "win" for end in ends)
            for player in range(len(ends[0].returns))
        ),
    )
