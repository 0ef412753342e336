"""What it costs acting to look for observations that it has seen, where there are none.

Acting on 64 new observations a step, over a fragment of 64 steps, with and without ``Answers``; and
the price of one step late in a long fragment of 2,048, where a table that were copied every step
would show. CPU time of one thread.

    python benchmarks/answers.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from griddly_lit.models import GAP, Answers, SimpleConv
from machine import circumstances, write_result

SHAPE, LOGITS, GAMES = (5, 5, 10), 10, 64


class Small(nn.Module):
    """Costs next to nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.Linear(250, LOGITS + 1)

    def forward(self, observations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns logits and values."""
        outputs = self.heads(observations.flatten(1).float())
        return outputs[:, :-1], outputs[:, -1]


def new_observations(steps: int) -> list[torch.Tensor]:
    """Returns (B, H, W, C) a step, all distinct."""
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randint(0, 2, (GAMES, *SHAPE), dtype=torch.uint8, generator=generator)
        for _ in range(steps)
    ]


def seconds(work: Callable[[], Any]) -> float:
    """Returns the CPU time that it takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


@torch.no_grad()
def overhead(network: nn.Module, steps: int = 64, rounds: int = 7) -> dict[str, float]:
    """Returns the median overhead of a fragment in per cent, and a plain step in milliseconds."""
    fragment = new_observations(steps)

    def plain() -> None:
        for observations in fragment:
            network(observations)

    def looking() -> None:
        answers = Answers()
        for observations in fragment:
            answers.of(network, observations)

    plain()
    pairs = [(seconds(plain), seconds(looking)) for _ in range(rounds)]
    ratios = [with_answers / without for without, with_answers in pairs]
    return {
        "overhead_percent": round(100 * (float(np.median(ratios)) - 1), 1),
        "least_percent": round(100 * (min(ratios) - 1), 1),
        "most_percent": round(100 * (max(ratios) - 1), 1),
        "plain_step_ms": round(1e3 * float(np.median([p for p, _ in pairs])) / steps, 3),
    }


@torch.no_grad()
def late_step_ms(steps: int = 2048) -> dict[str, float]:
    """Returns the cost of a step of a long fragment where every second observation is new."""
    network, answers = Small(), Answers()
    fragment = [
        observations[:32].repeat_interleave(2, 0) for observations in new_observations(steps)
    ]
    costs = [seconds(lambda now=now: answers.of(network, now)) for now in fragment]
    return {
        "first_256_ms": round(1e3 * float(np.mean(costs[:256])), 3),
        "last_256_ms": round(1e3 * float(np.mean(costs[-256:])), 3),
    }


def main() -> None:
    """Measures and writes the results."""
    torch.set_num_threads(1)
    models = {"SimpleConv": SimpleConv(), "GAP": GAP()}
    results = {
        **circumstances(),
        "nothing_repeats": {
            name: overhead(model.build(SHAPE, LOGITS)) for name, model in models.items()
        },
        "step_of_a_fragment_of_2048": late_step_ms(),
    }
    print(results)
    write_result("answers", results)


if __name__ == "__main__":
    main()
