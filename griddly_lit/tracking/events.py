"""What agents did and how their episodes ended, as plain counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

OUTCOMES = ("win", "lose", "end")

Counts = Counter[tuple[int, str]]
"""How often each agent, 1 … P, did an action or met an outcome."""

_agent_and_name = itemgetter("PlayerId", "ActionName")


def no_counts(players: int, action_names: Iterable[str]) -> Counts:
    """Returns zeros, so that what never happens has a metric, too.

    Args:
        players: Number of players P.
        action_names: Names of the actions that players choose from.
    """
    agents = range(1, players + 1)
    return Counter({(agent, name): 0 for agent in agents for name in (*action_names, *OUTCOMES)})


def count_events(events: Iterable[Mapping[str, Any]]) -> Counts:
    """Counts the actions of each agent.

    The no-op is no event; a move against a wall is one. Actions that the game itself takes in an
    agent's name count, and have keys of their own; the environment's do not count.

    Args:
        events: The engine's events, each with ``PlayerId`` (0 for the environment) and
            ``ActionName``.
    """
    counted = Counter(map(_agent_and_name, events))
    return Counter({key: count for key, count in counted.items() if key[0] > 0})


def count_outcomes(outcomes: Sequence[str]) -> Counts:
    """Counts how one episode ended.

    Args:
        outcomes: ``win``, ``lose`` or ``end`` for each player; empty where the step limit ended it.
    """
    return Counter(enumerate(outcomes, start=1))


def flatten(counts: Counts) -> dict[str, int]:
    """Returns counts by metric name, such as ``agent_info/1/move`` and ``agent_info/2/win``."""
    return {f"agent_info/{agent}/{name}": count for (agent, name), count in sorted(counts.items())}
