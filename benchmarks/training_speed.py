"""Whole training iterations with one env runner and with another, side by side.

Both algorithms are built from configs that differ in nothing but the env runner and its number of
games, sample and learn in this process, and take turns, an iteration each. Steps are those that the
iteration's result counts; both learn from every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.utils.metrics import ENV_RUNNER_RESULTS, NUM_AGENT_STEPS_SAMPLED

from griddly_lit.engine import silenced
from griddly_lit.rllib.session import ray_session
from side_by_side import Part, Times, measure


def train_side_by_side(configs: Mapping[str, AlgorithmConfig], rounds: int, seed: int) -> Times:
    """Times ``algorithm.train()`` of each config.

    Args:
        configs: The config of each by its name.
        rounds: Iterations of each.
        seed: Seed of the weights, which are the same to begin with.
    """
    with ray_session(1):
        algorithms = {}
        for name, config in configs.items():
            torch.manual_seed(seed)
            with silenced(2):
                algorithms[name] = config.build_algo()
        parts = {name: Part(each.train, _steps_sampled) for name, each in algorithms.items()}
        times = measure(parts, rounds)
        for algorithm in algorithms.values():
            algorithm.stop()
    return times


def _steps_sampled(result: Mapping[str, Any]) -> int:
    return int(sum(result[ENV_RUNNER_RESULTS][NUM_AGENT_STEPS_SAMPLED].values()))
