"""A network's answers to observations, each distinct observation looked at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

# Remembering costs up to a fifth of a small network's time. A fragment's first steps show whether
# it pays: where fewer of their observations than this share were seen before, the rest go straight
# through.
_STEPS_TO_JUDGE = 4
_LEAST_SHARE_REPEATED = 0.2


class Answers:
    """What a network answered since its weights last changed.

    A grid world looks the same again and again: of 4096 observations from many games, often less than
    a third are distinct. Only those go through the network. One object serves one network with one
    set of weights, and only a network that :func:`answers_each_observation_alone`. It gives itself
    up where little repeats, which depends on the observations alone.
    """

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        # Rows beyond the numbers given are room to grow.
        self._tables: tuple[Tensor, ...] = ()
        self._calls = 0
        self._asked = 0
        self._pays = True

    def of(
        self, network: Callable[[Tensor], tuple[Tensor, ...]], observations: Tensor
    ) -> tuple[Tensor, ...]:
        """Returns what ``network(observations)`` does; gradients reach the network.

        With gradients on, nothing is remembered from call to call.

        Args:
            network: From observations to tensors (B, …), such as logits and values.
            observations: (B, H, W, C). On a GPU, from where they would have to be fetched to be
                compared, all of them go through the network.

        Returns:
            The tensors, of float32 at least.
        """
        if observations.device.type != "cpu" or not self._pays:
            return _outputs(network, observations)
        if torch.is_grad_enabled():
            asked, new = _numbered({}, observations)
            tables = _outputs(network, _rows_at(observations, new))
        else:
            known = len(self._numbers)
            asked, new = _numbered(self._numbers, observations)
            if new:
                outputs = _outputs(network, _rows_at(observations, new))
                before = self._tables or (None,) * len(outputs)
                self._tables = tuple(
                    _written(table, known, rows)
                    for table, rows in zip(before, outputs, strict=True)
                )
            tables = self._tables
            self._judge(len(observations))
        # Unlike an index, a selection has its gradient summed in one order, on several threads too.
        return tuple(table.index_select(0, asked) for table in tables)

    def _judge(self, asked: int) -> None:
        self._calls += 1
        self._asked += asked
        repeated = self._asked - len(self._numbers)
        if self._calls >= _STEPS_TO_JUDGE and repeated < _LEAST_SHARE_REPEATED * self._asked:
            self._pays = False
            self._numbers, self._tables = {}, ()


def _outputs(
    network: Callable[[Tensor], tuple[Tensor, ...]], observations: Tensor
) -> tuple[Tensor, ...]:
    """Returns the outputs, widened: the gradients of many equal rows add up in this type."""
    return tuple(_widened(each) for each in network(observations))


def _widened(outputs: Tensor) -> Tensor:
    return outputs.float() if outputs.dtype.itemsize < 4 else outputs


def _numbered(numbers: dict[bytes, int], observations: Tensor) -> tuple[Tensor, list[int]]:
    """Returns each observation's number, and the positions of those that got a new one, in order."""
    known = len(numbers)
    asked: list[int] = []
    new: list[int] = []
    flat = np.ascontiguousarray(observations.numpy()).reshape(len(observations), -1)
    rows = flat.view(np.dtype((np.void, flat.itemsize * flat.shape[1])))[:, 0].tolist()
    for position, row in enumerate(rows):
        number = numbers.setdefault(row, len(numbers))
        if number == known + len(new):
            new.append(position)
        asked.append(number)
    return torch.tensor(asked), new


def _rows_at(observations: Tensor, positions: list[int]) -> Tensor:
    if len(positions) == len(observations):
        return observations
    return observations[torch.tensor(positions)]


def _written(table: Tensor | None, start: int, rows: Tensor) -> Tensor:
    """Returns the table with the rows written from a start; it doubles when it is full."""
    end = start + len(rows)
    if table is None or end > len(table):
        grown = rows.new_empty((max(end, 2 * start), *rows.shape[1:]))
        if table is not None:
            grown[:start] = table[:start]
        table = grown
    table[start:end] = rows
    return table
