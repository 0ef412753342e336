"""A trainer's metrics and videos in RLlib's own results, as Tune has them."""

from __future__ import annotations

import logging
import math
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.callbacks.callbacks import RLlibCallback
from ray.rllib.utils.metrics import ENV_RUNNER_RESULTS, LEARNER_RESULTS, NUM_ENV_STEPS_SAMPLED

from griddly_lit.errors import AlgorithmError
from griddly_lit.recording import VideoRecording
from griddly_lit.rllib.learner_metrics import learner_metrics
from griddly_lit.rllib.plain.result_videos import add_videos, tell_wandb
from griddly_lit.rllib.result_metrics import (
    add_ended,
    take_exact_times,
    training_metrics,
    window_of,
)
from griddly_lit.rllib.runner_group import RunnerGroup
from griddly_lit.rllib.runner_metrics import AGENT_INFO, EPISODES, GAMES_ENDED, MATCHES

_log = logging.getLogger("griddly_lit")

TELLS_RESULTS = "tells_results"
"""Name in ``env_config``: whether RLlib's results are to be the trainer's."""


class TrainerResults(RLlibCallback):  # type: ignore[misc]
    """Gives each result of an algorithm the keys that ``GriddlyTrainer.fit`` logs, and its videos.

    Keys of episodes are there from the first iteration on, as NaN until one has ended: Tune's
    schedulers fail on a metric that is missing, and go on with one that is NaN.
    """

    def on_algorithm_init(self, *, algorithm: Any, **_: Any) -> None:
        """Begins with no episodes."""
        if algorithm.config.env_config["self_play"]:
            _log.warning(
                "Self-play outside of fit() has no league: the policy plays against itself alone."
            )
        self._window = window_of(algorithm.config)
        take_exact_times(algorithm)

    def on_train_result(self, *, algorithm: Any, result: dict[str, Any], **_: Any) -> None:
        """Adds to the result of an iteration."""
        runners = result.get(ENV_RUNNER_RESULTS, {})
        add_ended(result, self._window)
        metrics = training_metrics(
            result,
            self._window,
            {},
            learner_metrics(result.get(LEARNER_RESULTS, {})),
            int(runners.get(NUM_ENV_STEPS_SAMPLED, 0)),
            result["time_this_iter_s"],
        )
        for key in (EPISODES, GAMES_ENDED, MATCHES, AGENT_INFO):
            runners.pop(key, None)
        result.update(dict.fromkeys(self._window.names(), math.nan) | metrics)
        tell_wandb(result, metrics, self._videos(algorithm, result))
        take_exact_times(algorithm)

    def _videos(self, algorithm: Any, result: dict[str, Any]) -> list[Any]:
        settings: VideoRecording | None = algorithm.config.env_config["video"]
        if settings is None:
            return []
        taken = RunnerGroup(algorithm.env_runner_group).ask(lambda runner: runner.take_replays())
        replays = [replay for replays in taken for replay in replays]
        return add_videos(algorithm, result, settings, replays)


def with_results(config: AlgorithmConfig) -> AlgorithmConfig:
    """Returns a config whose results are a trainer's; the user's callbacks see them so."""
    config.environment(env_config={TELLS_RESULTS: True})
    return config.callbacks(callbacks_class=[TrainerResults, *classes_of(config)])


def check_tells_results(config: AlgorithmConfig) -> None:
    """Checks that callbacks of the user's did not take the place of the trainer's.

    Raises:
        AlgorithmError: They did.
    """
    if config.env_config.get(TELLS_RESULTS) and TrainerResults not in classes_of(config):
        raise AlgorithmError(
            f"callbacks: {', '.join(each.__name__ for each in classes_of(config))}",
            "without those of to_rllib() the results have neither the trainer's metrics nor videos",
            "Write config.callbacks([*config.callbacks_class, Mine])",
        )


def classes_of(config: AlgorithmConfig) -> list[Any]:
    """Returns the callback classes of a config."""
    given = config.callbacks_class
    return list(given) if isinstance(given, (list, tuple)) else [given]
