"""The base of our own models, which may be given a memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from griddly_lit.models.memory import Memory, checked_memory, memory_from_dict
from griddly_lit.models.spec import ModelSpec


@dataclass(frozen=True, repr=False)
class MemorySpec(ModelSpec):
    """A model with or without a memory.

    The memory comes after the last layer that actor and critic share, and both heads read its output,
    as with RLlib's ``use_lstm``
    (https://docs.ray.io/en/latest/rllib/package_ref/doc/ray.rllib.core.rl_module.default_model_config.DefaultModelConfig.html)
    and in the IMPALA paper (https://arxiv.org/abs/1802.01561, figure 3).

    Attributes:
        memory: ``LSTM(units)`` or ``GRU(units)``; None, the default, remembers nothing.

    Raises:
        ModelError: It is no memory.
    """

    memory: Memory | None = None

    def __repr__(self) -> str:
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        given = ", ".join(
            f"{name}={value!r}"
            for name, value in shown.items()
            if name != "memory" or value is not None
        )
        return f"{type(self).__name__}({given})"

    def __post_init__(self) -> None:
        checked_memory(self.memory)

    @property
    def has_memory(self) -> bool:
        """See ``ModelSpec.has_memory``."""
        return self.memory is not None

    @property
    def max_seq_len(self) -> int:
        """See ``ModelSpec.max_seq_len``."""
        return super().max_seq_len if self.memory is None else self.memory.max_seq_len

    def to_dict(self) -> dict[str, object]:
        """See ``ModelSpec.to_dict``; a model without memory does not speak of one."""
        rest = {each.name: getattr(self, each.name) for each in fields(self)}
        memory = {} if self.memory is None else {"memory": self.memory.to_dict()}
        del rest["memory"]
        return {"name": type(self).__name__, **rest, **memory}

    @classmethod
    def from_dict(cls, values: Mapping[str, object], trust: Sequence[str] = ()) -> ModelSpec:
        """See ``ModelSpec.from_dict``."""
        rest = {name: value for name, value in values.items() if name != "memory"}
        spec = super().from_dict(rest, trust)
        assert isinstance(spec, cls)
        return replace(spec, memory=memory_from_dict(values.get("memory")))
