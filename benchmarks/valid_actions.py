"""What valid actions cost: 64 games of GriddlyRTS, level 0, two players, GAP, one thread.

    python benchmarks/valid_actions.py [--quick]

A step of all games is taken apart, in microseconds of a game's step:

- engine: the step and the observations of both players;
- trees: the engine's search for valid actions, and its nested dictionaries (its own C++);
- flatten: those dictionaries to lists of numbers (Python);
- pack: the lists to bits;
- network: the policy's forward pass for all seats;
- off, mask, tree: from logits to drawn actions with their log-probabilities.

The learner's part is timed on a batch that these games gave: the log-probabilities, the entropy and
their gradients, for each way, beside a forward and backward pass of the network.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from griddly_lit import GAP, GriddlyEnvSpec
from griddly_lit.engine.valid_actions import flat_actions_of
from griddly_lit.envs import VectorGame
from griddly_lit.models import ActionHead
from machine import circumstances, write_result

GAMES = 64
WARM_UP = 100
SEED = 1
WAYS = ("off", "mask", "tree")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Returns seconds and the result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


class Acting:
    """Plays along the tree, and times the parts of each step."""

    def __init__(self) -> None:
        self.spec = GriddlyEnvSpec(yaml_file="RTS/GriddlyRTS.yaml", levels=0, max_steps=500)
        nvec = self.spec.single_action_nvec
        self.heads = {way: ActionHead(nvec, 1, way) for way in WAYS}
        torch.manual_seed(SEED)
        self.network = GAP().build(self.spec.observation_shapes[0], sum(nvec))
        self.games = VectorGame(self.spec, GAMES, SEED, valid_actions=True)
        self.games.reset()
        self._generator = torch.Generator().manual_seed(SEED)

    @torch.no_grad()
    def step(self) -> dict[str, float]:
        """Plays a step and returns the seconds of its parts."""
        games, nvec = self.games, self.spec.single_action_nvec
        (block,) = games.blocks
        times = {}
        times["network"], (logits, _) = timed(
            lambda: self.network(torch.from_numpy(block.observations))
        )
        packed = torch.from_numpy(block.valid_actions)
        for way, head in self.heads.items():
            times[way], (actions, _) = timed(
                lambda head=head: head.distribution(logits, packed).sample(self._generator)
            )
        joint = actions.numpy().reshape(2, GAMES, len(nvec)).swapaxes(0, 1)
        whole, _ = timed(lambda: games.step(joint))
        engines = [game._engine for game in games._games]
        times["trees"], trees = timed(
            lambda: [engine.build_valid_action_trees() for engine in engines]
        )
        times["flatten"], _ = timed(
            lambda: [[flat_actions_of(tree, nvec) for tree in of_game] for of_game in trees]
        )
        finding, _ = timed(games._find_valid_actions)
        times["pack"] = max(0.0, finding - times["trees"] - times["flatten"])
        times["engine"] = max(0.0, whole - finding)
        times["valid actions a seat"] = float(
            np.mean([len(flat_actions_of(tree, nvec)) for of_game in trees for tree in of_game])
        )
        return times


def learning(acting: Acting, batch: int) -> dict[str, float]:
    """Returns microseconds a sample of the learner's parts."""
    games, nvec = acting.games, acting.spec.single_action_nvec
    observations, packed = [], []
    while sum(map(len, packed)) < batch:
        (block,) = games.blocks
        observations.append(block.observations.copy())
        packed.append(block.valid_actions.copy())
        acting.step()
    seen = torch.from_numpy(np.concatenate(observations)[:batch])
    valid = torch.from_numpy(np.concatenate(packed)[:batch])

    def network() -> None:
        logits, values = acting.network(seen)
        (logits.sum() + values.sum()).backward()

    def loss(head: ActionHead) -> None:
        logits = torch.randn(batch, sum(nvec), requires_grad=True)
        drawn = acting.heads["tree"].distribution(logits.detach(), valid)
        actions = drawn.mode()
        began.append(time.perf_counter())
        distribution = head.distribution(logits, valid)
        (distribution.log_prob(actions).sum() + distribution.entropy().sum()).backward()
        ended.append(time.perf_counter())

    times = {"network, forward and backward": timed(network)[0]}
    for way, head in acting.heads.items():
        began: list[float] = []
        ended: list[float] = []
        for _ in range(5):
            loss(head)
        times[way] = median(e - b for b, e in zip(began, ended, strict=True))
    return {name: 1e6 * seconds / batch for name, seconds in times.items()}


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description="What valid actions cost.")
    parser.add_argument("--quick", action="store_true", help="a few steps only")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    about = circumstances()
    acting = Acting()
    for _ in range(WARM_UP):
        acting.step()
    rounds = [acting.step() for _ in range(20 if quick else 300)]
    count = {name: median(each[name] for each in rounds) for name in rounds[0]}
    valid = count.pop("valid actions a seat")
    us = {name: 1e6 * seconds / GAMES for name, seconds in count.items()}
    learner = learning(acting, 1024)
    table = Table("part", "µs a game's step", title="acting", show_edge=False)
    for name in ("engine", "trees", "flatten", "pack", "network", *WAYS):
        table.add_row(name, f"{us[name]:.1f}")
    Console().print(table)
    table = Table("part", "µs a sample", title="learning", show_edge=False)
    for name, value in learner.items():
        table.add_row(name, f"{value:.1f}")
    Console().print(table)
    ours = us["flatten"] + us["pack"] + us["tree"] - us["off"]
    step = us["engine"] + us["network"] + us["off"] + us["trees"] + ours
    print(f"valid actions a seat: {valid:.1f}")
    print(f"share of a step: the engine's trees {us['trees'] / step:.2f}, ours {ours / step:.2f}")
    write_result(
        "valid_actions_quick" if quick else "valid_actions",
        {
            **about,
            "settings": {"games": GAMES, "torch_threads": 1, "rounds": len(rounds)},
            "summary": {
                "valid_actions_a_seat": valid,
                "share_of_engine_trees": us["trees"] / step,
                "share_of_our_tree_work": ours / step,
            },
            "acting_us_per_game_step": us,
            "learning_us_per_sample": learner,
        },
    )


if __name__ == "__main__":
    main()
