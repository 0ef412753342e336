"""What agents did and how their episodes ended, as shares to draw: actions and outcomes apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from griddly_lit.tracking.events import OUTCOMES, Counts

_SPLITS = {"val": "validation", "test": "test"}
_TIME_OUT = "step limit"


class ShareChart(NamedTuple):
    """One bar chart.

    Attributes:
        key: What it is published as.
        title: Split, environment steps, agent, and what the shares are of.
        shares: Number in 0 … 1 by label.
    """

    key: str
    title: str
    shares: Mapping[str, float]


def share_charts(
    prefix: str, counts: Counts, episodes: int, env_steps: int
) -> Iterator[ShareChart]:
    """Yields two charts an agent: shares of its actions, and of the ends of its episodes.

    Args:
        prefix: ``val`` or ``test``.
        counts: How often each agent did what and met which outcome.
        episodes: Number of episodes. Those without an outcome ended at the step limit.
        env_steps: Environment steps of training so far.
    """
    split = f"{_SPLITS.get(prefix, prefix)} after {env_steps:,} environment steps"
    for agent in sorted({agent for agent, _ in counts}):
        actions = {
            name: count
            for (each, name), count in sorted(counts.items())
            if each == agent and name not in OUTCOMES
        }
        total = sum(actions.values())
        yield ShareChart(
            f"{prefix}/action_shares/agent_{agent}",
            f"{split}\nagent {agent}: {total:,} actions",
            _shares(actions, total),
        )
        outcomes = {name: counts[agent, name] for name in OUTCOMES}
        outcomes[_TIME_OUT] = episodes - sum(outcomes.values())
        yield ShareChart(
            f"{prefix}/outcome_shares/agent_{agent}",
            f"{split}\nagent {agent}: ends of {episodes:,} episodes",
            _shares(outcomes, episodes),
        )


def _shares(counts: Mapping[str, int], total: int) -> dict[str, float]:
    return {name: count / total if total else 0.0 for name, count in counts.items()}
