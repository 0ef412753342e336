"""LSTM and GRU: the memory of a model."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import nn

from griddly_lit.arguments import checked_int, shown
from griddly_lit.errors import ModelError, did_you_mean

MAX_SEQ_LEN = 32


@dataclasses.dataclass(frozen=True)
class Memory(ABC):
    """Base of the small frozen dataclasses that describe a memory.

    Attributes:
        units: Number of units of its one layer, 1 at least.
        max_seq_len: Most steps that gradients go back in time. The learner cuts longer parts of
            episodes into sequences of so many steps, each of which begins with the state that
            acting had there.

    Raises:
        ModelError: One of them is no positive integer.
    """

    units: int
    max_seq_len: int = MAX_SEQ_LEN

    def __post_init__(self) -> None:
        for name in ("units", "max_seq_len"):
            number = checked_int(name, getattr(self, name), 1, error=ModelError)
            object.__setattr__(self, name, number)

    @abstractmethod
    def build(self, features: int) -> nn.RNNBase:
        """Returns a new layer from (B, T, features) to (B, T, units)."""

    def to_dict(self) -> dict[str, object]:
        """Returns the memory as JSON values: its ``"name"`` and its fields."""
        return {"name": type(self).__name__, **dataclasses.asdict(self)}


@dataclasses.dataclass(frozen=True)
class LSTM(Memory):
    """A long short-term memory of one layer; its attributes are those of :class:`Memory`.

    Its weights are orthogonal with gain 1 and its biases zero, as in CleanRL's ``ppo_atari_lstm``
    (https://docs.cleanrl.dev/rl-algorithms/ppo/#ppo_atari_lstmpy), but for the forget gate's bias of 1:
    it begins by remembering (Jozefowicz, Zaremba and Sutskever, "An empirical exploration of
    recurrent network architectures", https://proceedings.mlr.press/v37/jozefowicz15.html).
    """

    def build(self, features: int) -> nn.RNNBase:
        """See :class:`Memory`."""
        layer = _initialised(nn.LSTM(features, self.units, batch_first=True))
        # torch has the gates in the order input, forget, cell, output.
        gates = dict(layer.named_parameters())["bias_ih_l0"]
        nn.init.ones_(gates[self.units : 2 * self.units])
        return layer


@dataclasses.dataclass(frozen=True)
class GRU(Memory):
    """Gated recurrent units of one layer; its attributes are those of :class:`Memory`.

    Its weights are orthogonal with gain 1 and its biases zero.
    """

    def build(self, features: int) -> nn.RNNBase:
        """See :class:`Memory`."""
        return _initialised(nn.GRU(features, self.units, batch_first=True))


_NAMED: dict[str, type[Memory]] = {"LSTM": LSTM, "GRU": GRU}


def checked_memory(memory: object) -> Memory | None:
    """Returns the argument.

    Raises:
        ModelError: It is neither None nor a memory.
    """
    if memory is None or isinstance(memory, Memory):
        return memory
    raise ModelError(
        shown("memory", memory), "this is no memory", "Write memory=LSTM(256)", available=_NAMED
    )


def memory_from_dict(values: object) -> Memory | None:
    """Returns the memory whose ``to_dict`` gave ``values``; None for None.

    Raises:
        ModelError: They describe no memory.
    """
    if not isinstance(values, Mapping):
        return checked_memory(values)
    rest = dict(values)
    name = rest.pop("name", None)
    if name not in _NAMED:
        raise ModelError(
            f"memory={name!r}",
            "there is no memory of this name",
            did_you_mean(str(name), _NAMED),
            available=_NAMED,
        )
    known = [field.name for field in dataclasses.fields(_NAMED[name])]
    for key in rest:
        if key not in known:
            raise ModelError(
                f"memory: {key}={rest[key]!r}",
                f"{name} has no such setting",
                "Leave it out",
                available=known,
            )
    return _NAMED[name](**rest)


def _initialised(layer: nn.RNNBase) -> nn.RNNBase:
    for name, parameter in layer.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        else:
            nn.init.orthogonal_(parameter, 1.0)
    return layer
