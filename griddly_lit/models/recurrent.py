"""Networks with a state: how it is kept, and how they are asked, step by step and in sequences.

A network is recurrent that has ``initial_state()``, which returns the state of one episode's
beginning: a tensor, or a tuple or dictionary of tensors, without a batch axis. Its
``forward(observations, state)`` takes (B, H, W, C) and the state with a batch axis before each
tensor's own, and returns ``(logits, values, state)``: the state after this step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from griddly_lit.models.actor_critic import RecurrentActorCritic
from griddly_lit.models.answers import Answers

NetworkState = Tensor | tuple[Tensor, ...] | dict[str, Tensor]


def is_recurrent(network: nn.Module) -> bool:
    """Whether a network has a state."""
    return callable(getattr(network, "initial_state", None))


@dataclass(frozen=True)
class StateLayout:
    """How a network's state lies in rows of numbers (B, S), float32, one after the other.

    Attributes:
        kind: ``tensor``, ``tuple`` or ``dict``.
        names: Of its tensors.
        shapes: Theirs, without the batch axis.
        dtypes: Theirs.
    """

    kind: type
    names: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[torch.dtype, ...]

    @classmethod
    def of(cls, network: nn.Module) -> StateLayout | None:
        """Returns the layout of a network's state; None for a network without one."""
        return cls.like(network.initial_state()) if is_recurrent(network) else None  # type: ignore[operator]

    @classmethod
    def like(cls, state: NetworkState) -> StateLayout:
        """Returns the layout of an initial state.

        Raises:
            TypeError: It is no tensor, and no tuple or dictionary of tensors.
        """
        parts = _parts(state)
        if not parts or not all(isinstance(part, Tensor) for part in parts.values()):
            raise TypeError(f"a state of {type(state).__name__}")
        kind = Tensor if isinstance(state, Tensor) else dict if isinstance(state, dict) else tuple
        return cls(
            kind,
            tuple(parts),
            tuple(tuple(part.shape) for part in parts.values()),
            tuple(part.dtype for part in parts.values()),
        )

    @property
    def size(self) -> int:
        """Numbers in a row, S."""
        return sum(math.prod(shape) for shape in self.shapes)

    def initial(self, network: nn.Module) -> Tensor:
        """Returns the row (S,) that an episode begins with, on the CPU."""
        parts = _parts(network.initial_state())  # type: ignore[operator]
        return torch.cat([part.detach().cpu().float().flatten() for part in parts.values()])

    def rows(self, state: NetworkState) -> Tensor:
        """Returns the rows (B, S) of a state."""
        parts = _parts(state)
        each = (parts[name].float() for name in self.names)
        return torch.cat([part.reshape(len(part), -1) for part in each], 1)

    def state(self, rows: Tensor) -> NetworkState:
        """Returns the state of rows (B, S)."""
        sizes = [math.prod(shape) for shape in self.shapes]
        each = zip(torch.split(rows, sizes, 1), self.shapes, self.dtypes, strict=True)
        parts = [part.reshape(len(rows), *shape).to(dtype) for part, shape, dtype in each]
        if self.kind is dict:
            return dict(zip(self.names, parts, strict=True))
        return tuple(parts) if self.kind is tuple else parts[0]


def unroll(
    network: nn.Module,
    layout: StateLayout,
    observations: Tensor,
    rows: Tensor,
    lengths: Tensor | None = None,
    answers: Answers | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Asks a recurrent network about sequences.

    Args:
        network: The network. What our own ones do before their memory is done once for equal
            observations, and their memory goes through a sequence in one call. One of the user's is
            called step by step, with those sequences that are so long.
        layout: That of its state.
        observations: (B, T, H, W, C).
        rows: The states before the first steps, (B, S).
        lengths: Integers (B,), how many steps of each sequence there are; the rest of T is padding,
            which no network sees. None where there is none.
        answers: What the part before the memory has answered with its present weights.

    Returns:
        Logits (B, T, L) and values (B, T), zero in the padding; and where there is none the states
        (B, S) after the last steps.
    """
    batch, longest = observations.shape[:2]
    if lengths is None:
        lengths = torch.full((batch,), longest)
    # RLlib's minibatches have them on the CPU.
    lengths = lengths.to(observations.device)
    steps = int(lengths.max())
    observations = observations[:, :steps]
    if isinstance(network, RecurrentActorCritic):
        played = torch.arange(steps, device=lengths.device) < lengths[:, None]
        where = played.flatten().nonzero().squeeze(-1)
        seen = observations.flatten(0, 1).index_select(0, where)
        (features,) = (answers or Answers()).of(lambda each: (network.encode(each),), seen)
        sequences = _spread(features, where, batch, steps, steps)
        before = layout.state(rows)
        assert not isinstance(before, dict)
        remembered, state = network.recall(sequences, before)
        logits, values = network.heads(remembered.flatten(0, 1).index_select(0, where))
        rows = layout.rows(state)
    else:
        logits, values, where, rows = _stepwise(network, layout, observations, rows, lengths)
    return (
        _spread(logits, where, batch, steps, longest),
        _spread(values, where, batch, steps, longest),
        rows,
    )


def _stepwise(
    network: nn.Module, layout: StateLayout, observations: Tensor, rows: Tensor, lengths: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns logits and values of all steps, where they belong in (B · T), and the last states."""
    steps = observations.shape[1]
    going = torch.arange(len(lengths), device=lengths.device)
    outputs, places = [], []
    for step in range(steps):
        still = lengths[going] > step
        going, rows = going[still], rows[still]
        logits, values, state = network(
            observations[:, step].index_select(0, going), layout.state(rows)
        )
        rows = layout.rows(state)
        outputs.append((logits, values))
        places.append(going * steps + step)
    logits, values = (torch.cat(each) for each in zip(*outputs, strict=True))
    return logits, values, torch.cat(places), rows


def _spread(values: Tensor, where: Tensor, batch: int, steps: int, longest: int) -> Tensor:
    """Returns values (V, …) at their places in (batch · steps), as (batch, longest, …)."""
    empty = values.new_zeros(batch * steps, *values.shape[1:])
    spread = empty.index_copy(0, where, values).view(batch, steps, *values.shape[1:])
    if longest > steps:
        padding = values.new_zeros(batch, longest - steps, *values.shape[1:])
        spread = torch.cat([spread, padding], 1)
    return spread


def _parts(state: Any) -> dict[Any, Any]:
    if isinstance(state, dict):
        return state
    return dict(enumerate(state)) if isinstance(state, (tuple, list)) else {0: state}
