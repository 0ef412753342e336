"""A config of ours as RLlib alone would run it."""

from __future__ import annotations

import copy
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core.columns import Columns
from ray.rllib.env.env_runner import EnvRunner

from griddly_lit.rllib.module import ActorCriticModule


class StockModule(ActorCriticModule):
    """Keeps no values from acting and asks the network anew each time, as RLlib's own PPO module."""

    def setup(self) -> None:
        """Builds the network; RLlib calls this."""
        super().setup()
        self._once_each = False

    def _forward(self, batch: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        outputs = super()._forward(batch, **kwargs)
        return {Columns.ACTION_DIST_INPUTS: outputs[Columns.ACTION_DIST_INPUTS]}


def stock_config(config: AlgorithmConfig, runner: type[EnvRunner]) -> AlgorithmConfig:
    """Returns a copy with RLlib's env runner and learner; model, settings and float32 stay.

    Args:
        config: PPO's, from our settings.
        runner: One of RLlib's own.
    """
    stock = config.copy(copy_frozen=False)
    module = copy.deepcopy(stock.rl_module_spec)
    for each in getattr(module, "rl_module_specs", {None: module}).values():
        each.module_class = StockModule
        each.model_config["bfloat16"] = False
    return (
        stock.env_runners(env_runner_cls=runner)
        .learners(learner_class=stock.get_default_learner_class())
        .rl_module(rl_module_spec=module)
    )
