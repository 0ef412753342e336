"""What an env runner logs: steps, episodes, matches and events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ray.rllib.core import DEFAULT_AGENT_ID
from ray.rllib.utils.metrics import (
    EPISODE_LEN_MAX,
    EPISODE_LEN_MEAN,
    EPISODE_LEN_MIN,
    EPISODE_RETURN_MAX,
    EPISODE_RETURN_MEAN,
    EPISODE_RETURN_MIN,
    NUM_AGENT_STEPS_SAMPLED,
    NUM_AGENT_STEPS_SAMPLED_LIFETIME,
    NUM_ENV_STEPS_SAMPLED,
    NUM_ENV_STEPS_SAMPLED_LIFETIME,
    NUM_EPISODES,
    NUM_EPISODES_LIFETIME,
    NUM_MODULE_STEPS_SAMPLED,
    NUM_MODULE_STEPS_SAMPLED_LIFETIME,
)

from griddly_lit.engine import GameInfo
from griddly_lit.envs import EpisodeEnd
from griddly_lit.policies import Policy
from griddly_lit.policies.match import Match
from griddly_lit.tracking.events import count_events, count_outcomes, no_counts

EPISODES = "episodes"
GAMES_ENDED = "games_ended"
MATCHES = "matches"
AGENT_INFO = "agent_info"


class EpisodeFacts(NamedTuple):
    """What is kept of a finished episode.

    Attributes:
        returns: Return of each agent.
        length: Steps.
        won: Whether each agent won.
    """

    returns: tuple[float, ...]
    length: int
    won: tuple[bool, ...]


def log_steps(
    metrics: Any,
    policies: Sequence[Policy],
    env_steps: int,
    agent_steps: Sequence[int],
    policy_steps: Mapping[int, int],
) -> None:
    """Logs how far it went.

    Args:
        metrics: RLlib's MetricsLogger.
        policies: The policies by number.
        env_steps: Environment steps.
        agent_steps: Steps of each agent.
        policy_steps: Steps of each policy by its number, over all of its agents.
    """
    metrics.log_value(NUM_ENV_STEPS_SAMPLED, env_steps, reduce="sum")
    metrics.log_value(
        NUM_ENV_STEPS_SAMPLED_LIFETIME, env_steps, reduce="lifetime_sum", with_throughput=True
    )
    agents = range(1, len(agent_steps) + 1)
    names = map(str, agents) if policies[0].has_company else (DEFAULT_AGENT_ID,)
    for name, steps in zip(names, agent_steps, strict=True):
        metrics.log_value((NUM_AGENT_STEPS_SAMPLED, name), steps, reduce="sum")
        metrics.log_value((NUM_AGENT_STEPS_SAMPLED_LIFETIME, name), steps, reduce="lifetime_sum")
    for number, policy in enumerate(policies):
        steps = policy_steps.get(number, 0)
        metrics.log_value((NUM_MODULE_STEPS_SAMPLED, policy.name), steps, reduce="sum")
        metrics.log_value(
            (NUM_MODULE_STEPS_SAMPLED_LIFETIME, policy.name), steps, reduce="lifetime_sum"
        )


def log_episodes(
    metrics: Any, runner: int, ended: Sequence[EpisodeEnd], matches: Iterable[Match], window: int
) -> None:
    """Logs finished episodes.

    Args:
        metrics: RLlib's MetricsLogger.
        runner: Number of the runner.
        ended: The episodes.
        matches: What came of those of self-play.
        window: Number of episodes that RLlib's own keys are to go over.
    """
    metrics.log_value(NUM_EPISODES, len(ended), reduce="sum")
    metrics.log_value(NUM_EPISODES_LIFETIME, len(ended), reduce="lifetime_sum")
    for end in ended:
        won = tuple(outcome == "win" for outcome in end.outcomes) or (False,) * len(end.returns)
        facts = EpisodeFacts(tuple(end.returns.tolist()), end.length, won)
        metrics.log_value(EPISODES, facts, reduce="item_series")
        metrics.log_value(GAMES_ENDED, (runner, end.index), reduce="item_series")
    for match in matches:
        metrics.log_value(MATCHES, match, reduce="item_series")
    # RLlib's own keys, for its callbacks and schedulers. Their means go over the episodes of one
    # iteration, short of the window they are given, so nothing here is read from them.
    for end in ended[-window:]:
        total = float(end.returns.sum())
        metrics.log_value(EPISODE_RETURN_MEAN, total, window=window)
        metrics.log_value(EPISODE_RETURN_MIN, total, reduce="min", window=window)
        metrics.log_value(EPISODE_RETURN_MAX, total, reduce="max", window=window)
        metrics.log_value(EPISODE_LEN_MEAN, end.length, window=window)
        metrics.log_value(EPISODE_LEN_MIN, end.length, reduce="min", window=window)
        metrics.log_value(EPISODE_LEN_MAX, end.length, reduce="max", window=window)


def log_events(
    metrics: Any,
    game: GameInfo,
    events: Iterable[Mapping[str, Any]],
    ended: Iterable[EpisodeEnd],
) -> None:
    """Logs how often each agent did what, and how its episodes ended.

    Args:
        metrics: RLlib's MetricsLogger.
        game: The game.
        events: The engine's events.
        ended: Finished episodes.
    """
    counts = no_counts(game.player_count, game.action_names)
    counts.update(count_events(events))
    for end in ended:
        counts.update(count_outcomes(end.outcomes))
    for (agent, name), count in counts.items():
        metrics.log_value((AGENT_INFO, str(agent), name), count, reduce="sum")


def agent_info(runners: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what :func:`log_events` logged, by metric name.

    Args:
        runners: RLlib's results of env runners.
    """
    return {
        f"{AGENT_INFO}/{agent}/{name}": count
        for agent, counts in runners.get(AGENT_INFO, {}).items()
        for name, count in counts.items()
    }
