"""A network's answers to observations, each distinct observation looked at once."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn


class Answers:
    """What a network answered since its weights last changed.

    A grid world looks the same again and again: of 4096 observations from many games, often less than
    a third are distinct. Only those go through the network. One object serves one network with one
    set of weights, and only a network that :func:`answers_each_observation_alone`.
    """

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._logits: Tensor | None = None
        self._values: Tensor | None = None

    def of(self, network: nn.Module, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Returns what ``network(observations)`` does; gradients reach the network.

        Args:
            network: From observations to logits and values.
            observations: (B, H, W, C). On a GPU, from where they would have to be fetched to be
                compared, all of them go through the network.

        Returns:
            Logits (B, L) and values (B,).
        """
        if observations.device.type != "cpu":
            logits, values = network(observations)
            return logits, values
        known = len(self._numbers)
        numbers = np.array(
            [self._numbers.setdefault(row, len(self._numbers)) for row in _rows(observations)]
        )
        _, first = np.unique(numbers, return_index=True)
        new = first[numbers[first] >= known]
        if len(new):
            logits, values = network(observations[torch.from_numpy(new)])
            self._logits = _appended(self._logits, logits)
            self._values = _appended(self._values, values)
        assert self._logits is not None
        assert self._values is not None
        asked = torch.from_numpy(numbers)
        # Unlike an index, a selection has its gradient summed in one order, on several threads too.
        return self._logits.index_select(0, asked), self._values.index_select(0, asked)


def answers_each_observation_alone(
    network: nn.Module, observation_shape: tuple[int, int, int]
) -> bool:
    """Whether a network's answer to an observation depends on that observation alone.

    It does not where there is dropout, noise, or normalisation over the batch. Found by a trial of
    a copy in training mode, with random weights lest zeros hide a difference; torch's global random
    state stays as it was.

    Args:
        network: From observations to logits and values.
        observation_shape: (H, W, C) of one observation.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        one, other = torch.randint(0, 2, (2, 1, *observation_shape), dtype=torch.uint8)
        try:
            trial = copy.deepcopy(network).train()
            for parameter in trial.parameters():
                parameter.normal_(std=0.1)
            among_others = trial(torch.cat([one, other, one]))
            alone = trial(one)
        except Exception:  # statistics of a single row, for example
            return False
    return all(
        torch.allclose(together[row], single[0], rtol=1e-3, atol=1e-5)
        for together, single in zip(among_others, alone, strict=True)
        for row in (0, 2)
    )


def _rows(observations: Tensor) -> list[bytes]:
    flat = np.ascontiguousarray(observations.numpy()).reshape(len(observations), -1)
    rows: list[bytes] = flat.view(np.dtype((np.void, flat.itemsize * flat.shape[1])))[:, 0].tolist()
    return rows


def _appended(table: Tensor | None, rows: Tensor) -> Tensor:
    return rows if table is None else torch.cat([table, rows])
