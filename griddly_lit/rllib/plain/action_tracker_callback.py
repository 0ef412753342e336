"""Counts of actions and outcomes from RLlib's own runners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ray.rllib.callbacks.callbacks import RLlibCallback
from ray.rllib.utils.metrics import ENV_RUNNER_RESULTS

from griddly_lit.errors import OptionError
from griddly_lit.rllib.plain.env_options import RECORD_ACTIONS
from griddly_lit.rllib.plain.result_videos import tell_wandb
from griddly_lit.rllib.runner_metrics import AGENT_INFO, agent_info


class ActionTrackerCallback(RLlibCallback):  # type: ignore[misc]
    """Counts what agents do, for ``config.callbacks(ActionTrackerCallback)`` or as one of a list.

    It wants ``record_actions`` in the ``env_config``. Each result has ``agent_info/{agent}/{action}``
    and ``agent_info/{agent}/win``, ``lose`` and ``end``: how often that came to pass in the
    iteration, over all environments. They go to the W&B run that is open in the algorithm's
    process, if there is one; under Tune, RLlib's results go to W&B by
    :class:`griddly_lit.WandbLoggerCallback`.

    The environment is a :class:`griddly_lit.RLlibEnv` or :class:`griddly_lit.RLlibMultiAgentEnv`.

    Raises:
        OptionError: ``record_actions`` is not on.
    """

    def on_algorithm_init(self, *, algorithm: Any, **_: Any) -> None:
        """Checks the settings."""
        if not algorithm.config.env_config.get(RECORD_ACTIONS):
            raise OptionError(
                "ActionTrackerCallback",
                f"env_config has no {RECORD_ACTIONS!r}, so no action is recorded",
                f"Set env_config={{…, {RECORD_ACTIONS!r}: True}}",
            )

    def on_sample_end(
        self, *, env_runner: Any, metrics_logger: Any, samples: Sequence[Any], **_: Any
    ) -> None:
        """Counts what came to pass since the last call."""
        counts: Counter[tuple[int, str]] = Counter()
        for of_env in env_runner.env.unwrapped.call("take_counts"):
            # Not `+`, which drops what never happened.
            counts.update(of_env)
        for (agent, name), count in counts.items():
            metrics_logger.log_value((AGENT_INFO, str(agent), name), count, reduce="sum")

    def on_train_result(self, *, result: dict[str, Any], **_: Any) -> None:
        """Puts the counts where a trainer's are."""
        runners = result.get(ENV_RUNNER_RESULTS, {})
        counts = {name: float(count) for name, count in agent_info(runners).items()}
        runners.pop(AGENT_INFO, None)
        result.update(counts)
        tell_wandb(result, counts, [])
