"""What a run asks of a Ray cluster."""

from __future__ import annotations

import logging
from collections import Counter

import ray
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig

_log = logging.getLogger("griddly_lit")


def wanted_resources(config: AlgorithmConfig) -> Counter[str]:
    """Returns what all processes of a run ask for together, by the name of the resource."""
    gpus = config.num_gpus_per_learner
    cpus = config.num_cpus_per_learner
    wanted = Counter[str]()
    for processes, each in (
        (
            config.num_env_runners,
            {
                "CPU": config.num_cpus_per_env_runner,
                "GPU": config.num_gpus_per_env_runner,
                **config.custom_resources_per_env_runner,
            },
        ),
        (
            config.num_learners,
            # RLlib's rule: a learner takes a GPU or a core.
            {"CPU": (0 if gpus else 1) if cpus == "auto" else cpus, "GPU": gpus},
        ),
    ):
        wanted.update({name: processes * amount for name, amount in each.items()})
    return +wanted


def tell_what_waits(config: AlgorithmConfig) -> None:
    """Warns where Ray has less than a run asks for: without a word, Ray waits for more to come."""
    there = ray.cluster_resources()
    missing = [
        f"{amount:g} {name} (it has {there.get(name, 0.0):g})"
        for name, amount in wanted_resources(config).items()
        if amount > there.get(name, 0.0)
    ]
    if missing:
        _log.warning(
            "The run asks the Ray cluster for %s: it waits until nodes join that have them. Take "
            "fewer env runners or learners, or let each ask for less.",
            " and ".join(missing),
        )
