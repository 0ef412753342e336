"""RLlib's algorithms, with an eye on their remote runners."""

from __future__ import annotations

import copy
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.env.env_runner_group import EnvRunnerGroup
from ray.rllib.utils.metrics import ENV_RUNNER_RESULTS, NUM_ENV_STEPS_SAMPLED_LIFETIME

from griddly_lit.rllib.runner_watch import RunnerWatch


def build_watched(config: AlgorithmConfig, watch: RunnerWatch | None) -> Any:
    """Builds an algorithm.

    Args:
        config: Its config.
        watch: Watches its remote runners, if there are any.
    """
    base = config.algo_class
    if watch is None or not isinstance(base, type):
        return config.build_algo()
    # Under its own name, which checkpoints hold.
    watched = type(base.__name__, (_Watched, base), {"watch": watch})
    return watched(config=copy.deepcopy(config))


class _Watched:
    """Has runners that died brought back under the eye of a watch, by RLlib's seam for that."""

    watch: RunnerWatch

    def restore_env_runners(self: Any, env_runner_group: EnvRunnerGroup) -> list[int]:
        """Returns the numbers of the runners that are back; RLlib calls this before each step."""
        restore = super().restore_env_runners  # type: ignore[misc]
        back: list[int]
        if env_runner_group is not self.env_runner_group:
            back = restore(env_runner_group)
            return back
        steps = self.metrics.peek((ENV_RUNNER_RESULTS, NUM_ENV_STEPS_SAMPLED_LIFETIME), default=0)
        back = self.watch.before_step(lambda: restore(env_runner_group), int(steps))
        return back
