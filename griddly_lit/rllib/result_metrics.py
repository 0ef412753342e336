"""RLlib's result of one iteration in this package's metric names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.utils.metrics import (
    ENV_RUNNER_RESULTS,
    ENV_RUNNER_SAMPLING_TIMER,
    LEARNER_UPDATE_TIMER,
    NUM_EPISODES_LIFETIME,
)

from griddly_lit.rllib.episode_window import EpisodeWindow
from griddly_lit.rllib.runner_metrics import EPISODES, GAMES_ENDED, EpisodeFacts, agent_info
from griddly_lit.rllib.series import series

_TIMERS = "timers"


def window_of(config: AlgorithmConfig) -> EpisodeWindow:
    """Returns the window of the episodes of a config's games, empty."""
    games = max(1, config.num_env_runners) * config.num_envs_per_env_runner
    by_side = not config.env_config["self_play"]
    return EpisodeWindow(config.env_config["policies"], games, by_side)


def add_ended(result: Mapping[str, Any], window: EpisodeWindow) -> list[EpisodeFacts]:
    """Adds the episodes that ended to a window, and returns them."""
    runners = result.get(ENV_RUNNER_RESULTS, {})
    ended = series(runners.get(EPISODES), EpisodeFacts)
    window.add(ended, series(runners.get(GAMES_ENDED), tuple))
    return ended


def training_metrics(
    result: Mapping[str, Any],
    window: EpisodeWindow,
    league: Mapping[str, float],
    learned: Mapping[str, Any],
    env_steps: int,
    seconds: float,
) -> dict[str, float]:
    """Returns the metrics of one iteration; those without a value yet are left out.

    Args:
        result: RLlib's.
        window: The newest episodes, those of the iteration among them.
        league: Metrics of self-play.
        learned: Metrics of the learners.
        env_steps: Environment steps that the iteration took.
        seconds: Time that it took.
    """
    runners = result.get(ENV_RUNNER_RESULTS, {})
    timers = result.get(_TIMERS, {})
    metrics = {
        "train/episodes": runners.get(NUM_EPISODES_LIFETIME),
        **window.metrics(),
        **agent_info(runners),
        **league,
        **learned,
        "time/env_steps_per_second": env_steps / seconds,
        # Zero where an algorithm has no such turns: APPO and IMPALA sample all the while.
        "time/sampling_seconds": timers.get(ENV_RUNNER_SAMPLING_TIMER) or None,
        "time/learning_seconds": timers.get(LEARNER_UPDATE_TIMER) or None,
    }
    return {
        name: float(value)
        for name, value in metrics.items()
        if value is not None and math.isfinite(value)
    }


def take_exact_times(algorithm: Any) -> None:
    """Lets RLlib time its next iteration by itself.

    It smooths times so far that an iteration's time is hardly its own.
    """
    for timer in (ENV_RUNNER_SAMPLING_TIMER, LEARNER_UPDATE_TIMER):
        algorithm.metrics.delete((_TIMERS, timer), key_error=False)
        algorithm.metrics.log_value((_TIMERS, timer), 0.0, reduce="sum")
