"""Playing a policy on chosen levels, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
import torch

from griddly_lit.envs import (
    EpisodeEnd,
    GriddlyEnvSpec,
    Level,
    LevelSource,
    VectorGame,
)
from griddly_lit.errors import OptionError
from griddly_lit.evaluation_levels import InTurn
from griddly_lit.policies.players import PolicyPlayers

_MOST_GAMES = 64


@dataclass(frozen=True)
class LevelResult:
    """Episodes of one level.

    Attributes:
        level: The level's index, or ``"generated"`` for all that are none of the game's own.
        returns: Return of each episode, summed over its agents, in the order of their ends.
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


@dataclass(frozen=True)
class EvaluationResult:
    """Episodes of all levels.

    Attributes:
        by_level: One result a level.
        policies: Agents of each policy by its name, where it is known who acted for whom.
    """

    by_level: tuple[LevelResult, ...]
    policies: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def returns(self) -> np.ndarray:
        """Returns of all episodes, float64."""
        return np.array([value for level in self.by_level for value in level.returns])

    @property
    def return_mean(self) -> float:
        """Mean return over all episodes."""
        return float(self.returns.mean())

    @property
    def return_interval(self) -> tuple[float, float]:
        """95 % confidence interval of the mean return, from Student's t over episodes."""
        from scipy import stats

        count = len(self.returns)
        if count < 2:
            return -math.inf, math.inf
        half = float(stats.t.ppf(0.975, count - 1) * self.returns.std(ddof=1) / math.sqrt(count))
        return self.return_mean - half, self.return_mean + half

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
            f"{prefix}/return_mean": self.return_mean,
            f"{prefix}/length_mean": self.length_mean,
            f"{prefix}/win_rate": self.win_rate,
            **{
                f"{prefix}/level_{level.level}/return_mean": float(np.mean(level.returns))
                for level in self.by_level
            },
        }

    def __str__(self) -> str:
        low, high = self.return_interval
        rows = [
            f"{level.title}: return {np.mean(level.returns):.3f}, "
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


def check_can_end(spec: GriddlyEnvSpec) -> None:
    """Raises OptionError when there is no step limit that ends an episode."""
    if spec.max_steps is None:
        raise OptionError(
            "max_steps=None",
            "an episode of a validation or test may never end",
            "Give the spec a max_steps",
        )


def play(
    players: PolicyPlayers,
    spec: GriddlyEnvSpec,
    levels: LevelSource,
    games: int,
    rounds: int,
    seed: int,
    record_events: bool = False,
) -> list[EpisodeEnd]:
    """Plays policies, drawing their actions.

    Args:
        players: Act for the agents.
        spec: The environment; its step limit bounds the episodes.
        levels: Source of the episodes' levels.
        games: Number of games stepped together.
        rounds: Episodes of each game. All games play as many, so that short episodes are not
            favoured.
        seed: The same seed gives the same episodes.
        record_events: Keep the engine's events of each episode.

    Returns:
        ``games * rounds`` episodes in the order of their ends.

    Raises:
        OptionError: There is no step limit to end an episode.
    """
    check_can_end(spec)
    generator = torch.Generator().manual_seed(seed)
    played = np.zeros(games, dtype=np.int64)
    ends: list[EpisodeEnd] = []
    vector = VectorGame(spec, games, (seed, 0), levels, record_events, players.need_valid_actions)
    with closing(vector):
        vector.reset()
        while len(ends) < games * rounds:
            for end in vector.step(players.draw(vector, generator)):
                if played[end.index] < rounds:
                    played[end.index] += 1
                    ends.append(end)
    return ends


def play_levels(
    players: PolicyPlayers,
    spec: GriddlyEnvSpec,
    levels: Sequence[Level],
    episodes_per_level: int,
    seed: int,
    record_events: bool = False,
) -> list[EpisodeEnd]:
    """Plays every level equally often, see :func:`play`.

    Raises:
        OptionError: There is nothing to play, or no step limit to end an episode.
    """
    if episodes_per_level < 1 or not levels:
        raise OptionError(
            f"levels={list(levels)}, episodes_per_level={episodes_per_level}",
            "there is no episode to play",
            "Name at least one level and one episode",
        )
    total = len(levels) * episodes_per_level
    games = math.gcd(total, len(levels) * math.ceil(_MOST_GAMES / len(levels)))
    return play(players, spec, InTurn(tuple(levels)), games, total // games, seed, record_events)


def summarise(
    ends: Sequence[EpisodeEnd],
    levels: Sequence[Level],
    policies: Mapping[str, Sequence[int]] | None = None,
) -> EvaluationResult:
    """Returns the results of episodes by level; level strings count as one.

    Args:
        ends: The episodes.
        levels: The levels that were played.
        policies: Agents of each policy by its name.
    """
    names = dict.fromkeys(map(_name, levels))
    by_level = tuple(_level_result(name, ends) for name in names)
    return EvaluationResult(by_level, dict(policies or {}))


def _name(level: Level) -> int | str:
    return "generated" if isinstance(level, str) else level


def _level_result(level: int | str, ends: Sequence[EpisodeEnd]) -> LevelResult:
    mine = [end for end in ends if _name(end.start.level) == level]
    return LevelResult(
        level,
        tuple(float(end.returns.sum()) for end in mine),
        tuple(end.length for end in mine),
        sum("win" in end.outcomes for end in mine),
        tuple(tuple(end.returns.tolist()) for end in mine),
        tuple(
            sum(bool(end.outcomes) and end.outcomes[player] == "win" for end in mine)
            for player in range(len(ends[0].returns))
        ),
    )
