"""What an evaluation of 1,000 episodes costs, against sampling as many steps for training.

    python benchmarks/evaluation.py [--episodes 1000] [--rounds 3]

Each game is sampled by the env runner (64 games, SimpleConv with fresh weights, fragments of 16
steps, cut into episodes for the learner), and evaluated with the same weights, 1,000 episodes spread
over its levels, in turn, on one torch thread. Seconds are those of the process's CPU time. The
criterion is a ratio of 1.2 or less, per step.
"""

from __future__ import annotations

import argparse
import math
import time
from statistics import median
from typing import Any

import torch

from griddly_lit import GriddlyEnvSpec, SimpleConv
from griddly_lit.playing import batches_of, play_episodes
from griddly_lit.policies import resolve_policies
from griddly_lit.policies.players import players_of
from griddly_lit.rllib.config import Settings, algorithm_config
from griddly_lit.rllib.env_runner import GriddlyEnvRunner
from machine import circumstances, write_result

GAMES = (
    "Single-Player/GVGAI/clusters_partially_observable.yaml",
    "Single-Player/GVGAI/spider-nest.yaml",
    "Single-Player/Mini-Grid/minigrid-spiders.yaml",
    "Multi-Agent/foragers.yaml",
)
MAX_STEPS = 200
FRAGMENT = 16
SEED = 1


def measure(game: str, episodes: int, rounds: int) -> dict[str, Any]:
    """Returns microseconds a step of both, and their ratio."""
    spec = GriddlyEnvSpec(yaml_file=game, levels="random", max_steps=MAX_STEPS)
    levels = spec.level_source.indices()
    policies = resolve_policies(spec, "shared", SimpleConv())
    training = {"train_batch_size_per_learner": 64 * FRAGMENT, "minibatch_size": 64}
    settings = Settings(env=spec, policies=policies, training=training, seed=SEED)
    runner = GriddlyEnvRunner(config=algorithm_config(settings))
    (policy,) = policies
    torch.manual_seed(SEED)
    network = policy.model.build(policy.observation_shape, policy.head.num_logits).eval()
    runner.networks[policy.name].load_state_dict(network.state_dict())
    batches = batches_of(levels, math.ceil(episodes / len(levels)), SEED)
    sampled, evaluated, steps = [], [], 0
    for _ in range(rounds):
        began = time.process_time()
        players = players_of(policies, {policy.name: network})
        ends = [end for batch in batches for end in play_episodes(players, spec, batch)]
        steps = sum(end.length for end in ends)
        evaluated.append((time.process_time() - began) / steps)
        fragments = max(1, steps // (64 * FRAGMENT))
        began = time.process_time()
        for _ in range(fragments):
            runner.sample()
        sampled.append((time.process_time() - began) / (fragments * 64 * FRAGMENT))
        runner.get_metrics()
    runner.stop()
    return {
        "episodes": len(ends),
        "steps": steps,
        "sampling_us": 1e6 * median(sampled),
        "evaluation_us": 1e6 * median(evaluated),
        "ratio": median(evaluated) / median(sampled),
    }


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description="An evaluation against sampling.")
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, Any] = {**circumstances(), "games": {}}
    for game in GAMES:
        result["games"][game] = measured = measure(game, arguments.episodes, arguments.rounds)
        print(game, {name: round(value, 2) for name, value in measured.items()}, flush=True)
    write_result("evaluation", result)


if __name__ == "__main__":
    main()
