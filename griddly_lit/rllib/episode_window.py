"""The newest episodes of training, and their means."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from griddly_lit.plain_state import State
from griddly_lit.policies import Policy
from griddly_lit.rllib.runner_metrics import EpisodeFacts

_EPISODES = 100


class EpisodeWindow:
    """The last 100 episodes.

    Args:
        policies: Who acts for whom.
        games: Number of games of all runners.
        by_side: Agents and policies are told apart, where there are several. In self-play agents
            change sides, and the league tells of the learner.
    """

    def __init__(self, policies: Sequence[Policy], games: int, by_side: bool) -> None:
        self._policies = policies
        self._games = games
        self._by_side = by_side and policies[0].has_company
        self._episodes: deque[EpisodeFacts] = deque(maxlen=_EPISODES)
        # Each as (runner, game).
        self._have_ended: set[tuple[int, int]] = set()

    @property
    def is_full(self) -> bool:
        """Whether it holds 100 episodes, and every game has ended one.

        Before, the mean is that of the episodes that end first.
        """
        return len(self._episodes) == _EPISODES and len(self._have_ended) == self._games

    def add(self, episodes: Iterable[EpisodeFacts], ended: Iterable[tuple[int, int]]) -> None:
        """Adds episodes, and the games that they were played in, each as (runner, game)."""
        self._episodes.extend(episodes)
        self._have_ended.update(ended)

    def metrics(self) -> dict[str, Any]:
        """Returns ``train/…``; nothing before the first episode has ended."""
        return self._means_of(self._episodes) if self._episodes else {}

    def names(self) -> list[str]:
        """Returns the names of the metrics that come with the first episode that ends."""
        players = sum(len(policy.agents) for policy in self._policies)
        return list(self._means_of([EpisodeFacts((0.0,) * players, 1, (False,) * players)]))

    def state_dict(self) -> State:
        """Returns the episodes and which games have ended one."""
        return {
            "episodes": [list(facts) for facts in self._episodes],
            "ended": sorted(map(list, self._have_ended)),
        }

    def load_state_dict(self, state: Mapping[str, Any], same_games: bool) -> None:
        """Takes over what :meth:`state_dict` gave.

        Args:
            state: The state.
            same_games: Whether the games go on that it is of.
        """
        self._episodes.extend(
            EpisodeFacts(tuple(returns), int(length), tuple(won))
            for returns, length, won in state["episodes"]
        )
        if same_games:
            self._have_ended.update((int(runner), int(game)) for runner, game in state["ended"])

    def _means_of(self, episodes: Collection[EpisodeFacts]) -> dict[str, Any]:
        metrics: dict[str, Any] = {}
        returns = np.array([facts.returns for facts in episodes])
        won = np.array([facts.won for facts in episodes])
        metrics["train/return_mean"] = returns.sum(axis=1).mean()
        metrics["train/length_mean"] = np.mean([facts.length for facts in episodes])
        metrics["train/win_rate"] = won.any(axis=1).mean()
        for policy in self._policies if self._by_side else ():
            columns = [agent - 1 for agent in policy.agents]
            metrics[f"train/{policy.name}/return_mean"] = returns[:, columns].mean()
            metrics[f"train/{policy.name}/win_rate"] = won[:, columns].mean()
            for agent in policy.agents:
                metrics[f"train/agent_{agent}/return_mean"] = returns[:, agent - 1].mean()
                metrics[f"train/agent_{agent}/win_rate"] = won[:, agent - 1].mean()
        return metrics
