"""The trial whether a network's answer to an observation depends on that observation alone."""

from __future__ import annotations

import copy
import random

import numpy as np
import torch
from torch import Tensor, nn

_DISTINCT = 6
# Uneven repeats, so that no mean, median or extreme of this batch is that of the distinct ones.
_REPEATED = (0, 5, 0, 1, 0, 0, 4, 0, 1, 0, 5, 0)


def answers_each_observation_alone(
    network: nn.Module, observation_shape: tuple[int, int, int]
) -> bool:
    """Whether a network's answer to an observation depends on that observation alone.

    It does not where there is dropout, noise, drop path (however improbable), a state that changes
    from call to call, or normalisation over the batch. Found by a trial of a copy in training mode,
    with and without gradients, with random weights lest zeros hide a difference: it neither draws
    random numbers nor changes its buffers, and answers equal observations alike among others, among
    repeats and by themselves. The global random states stay as they were.

    Args:
        network: From observations to logits and values.
        observation_shape: (H, W, C) of one observation.
    """
    python_state = random.getstate()
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002, a network may use it
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            small = torch.randint(0, 2, (_DISTINCT, *observation_shape), dtype=torch.uint8)
            trial = copy.deepcopy(network).train()
            with torch.no_grad():
                for parameter in trial.parameters():
                    parameter.normal_(std=0.1)
            if not _passes(trial, small):
                return False
            large = small.clone()
            large[::2] *= 200
            try:
                return _passes(trial, large)
            except Exception:  # an embedding of few values, for example
                return True
    except Exception:  # statistics of a single row, for example
        return False
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002


def _passes(trial: nn.Module, distinct: Tensor) -> bool:
    before = _hidden_state(trial)
    for gradients in (True, False):
        with torch.set_grad_enabled(gradients):
            among_others = trial(distinct)
            among_repeats = trial(distinct[list(_REPEATED)])
            alone = [trial(distinct[row : row + 1]) for row in (0, 1)]
        for part in (0, 1):
            wanted = among_others[part]
            if not _close(among_repeats[part], wanted[list(_REPEATED)]):
                return False
            if not all(_close(alone[row][part][0], wanted[row]) for row in (0, 1)):
                return False
    return _same(before, _hidden_state(trial))


def _hidden_state(trial: nn.Module) -> list[Tensor]:
    """Returns what an answer must not change: random states and buffers."""
    numpy_state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    states = [
        torch.get_rng_state(),
        torch.from_numpy(numpy_state["key"].astype(np.int64)),
        torch.tensor(numpy_state["pos"]),
        torch.tensor(random.getstate()[1]),
    ]
    return states + [buffer.clone() for buffer in trial.buffers()]


def _same(before: list[Tensor], after: list[Tensor]) -> bool:
    return len(before) == len(after) and all(map(torch.equal, before, after))


def _close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-3, atol=1e-5)
