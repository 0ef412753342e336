"""What every description of a model can do: build itself, and go to a dictionary and back."""

from __future__ import annotations

import dataclasses
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from torch import nn

from griddly_lit.errors import ModelError
from griddly_lit.models.memory import MAX_SEQ_LEN


@dataclasses.dataclass(frozen=True)
class ModelSpec(ABC):
    """Base of the small frozen dataclasses that describe a model; their fields are JSON values."""

    @abstractmethod
    def build(self, observation_shape: tuple[int, int, int], num_logits: int) -> nn.Module:
        """Returns a new module, initialised from torch's global random state.

        Args:
            observation_shape: (H, W, C) of one observation.
            num_logits: L, the sum of the sizes of the action's parts.

        Returns:
            A module from (B, H, W, C) observations, uint8 or float, to ``(logits, values)``:
            floats of shapes (B, L) and (B,); or a recurrent one, see
            :mod:`griddly_lit.models.recurrent`.

        Raises:
            ModelError: When the model cannot work on such observations.
        """

    @property
    def has_memory(self) -> bool:
        """Whether the module is recurrent."""
        return False

    @property
    def max_seq_len(self) -> int:
        """Most steps of the sequences that a recurrent module learns from."""
        return MAX_SEQ_LEN

    def to_dict(self) -> dict[str, object]:
        """Returns the spec as JSON values: its ``"name"`` and its fields."""
        return {"name": type(self).__name__, **dataclasses.asdict(self)}

    def is_saved_as(self, values: Mapping[str, object]) -> bool:
        """Whether ``values``, also after a trip through JSON, describe this spec."""
        saved: bool = json.loads(json.dumps(self.to_dict())) == values
        return saved

    def completed(self, values: Mapping[str, object]) -> ModelSpec:
        """Returns the spec, with what ``values`` add to a class that was handed over alone."""
        return self

    @classmethod
    def from_dict(cls, values: Mapping[str, object], trust: Sequence[str] = ()) -> ModelSpec:
        """Returns the spec whose ``to_dict`` gave ``values``, the ``"name"`` left out.

        Args:
            values: As they were saved.
            trust: Modules that may be imported for a class that ``values`` name.

        Raises:
            ModelError: When ``values`` do not describe such a spec.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for key in values:
            if key not in known:
                raise ModelError(
                    f"{key}={values[key]!r}",
                    f"{cls.__name__} has no such setting",
                    "Leave it out",
                    available=known,
                )
        return cls(**values)
