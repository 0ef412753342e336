"""TorchModel: the user's own module as a model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from griddly_lit.arguments import checked_int
from griddly_lit.errors import ModelError
from griddly_lit.models.spec import ModelSpec
from griddly_lit.named_class import class_name, import_trusted, is_named


@dataclass(frozen=True, init=False, repr=False)
class TorchModel(ModelSpec):
    """A model whose module is ``module_class(observation_shape, num_logits, **kwargs)``.

    The module's ``forward`` takes (B, H, W, C) observations, uint8 or float, and returns
    ``(logits, values)``, floats of shapes (B, num_logits) and (B,). Of equal observations it sees one,
    where it answers each alone, without regard to the others of its batch.

    A module with a memory has ``initial_state()`` as well, and its forward is
    ``forward(observations, state) -> (logits, values, state)``, see
    :mod:`griddly_lit.models.recurrent`. It sees every observation.

    Args:
        module_class: A subclass of ``torch.nn.Module``. A checkpoint holds its name alone: whoever
            loads it hands the class over again, or trusts its module to be imported.
        once_each: Whether of equal observations the module sees one. By default a trial finds out
            whether it answers each alone
            (:func:`~griddly_lit.models.answers_each_observation_alone`). Not handed to the module.
        max_seq_len: Of a module with a memory, most steps that gradients go back in time; by
            default 32. Not handed to the module.
        **kwargs: JSON values, as they are saved with checkpoints. The module gets them as JSON
            gives them back, so a tuple arrives as a list.

    Raises:
        ModelError: When the class is no module class, a keyword is no JSON value, ``once_each``
            is no boolean, ``max_seq_len`` is no positive integer, or one of the two does not fit
            whether the module has a memory.
    """

    module_class: type[nn.Module]
    # A dict has no hash; equal specs still have equal hashes without it.
    kwargs: dict[str, object] = field(hash=False)
    once_each: bool | None
    told_max_seq_len: int | None

    def __init__(
        self,
        module_class: type[nn.Module],
        *,
        once_each: bool | None = None,
        max_seq_len: int | None = None,
        **kwargs: object,
    ) -> None:
        if not (isinstance(module_class, type) and issubclass(module_class, nn.Module)):
            raise ModelError(
                f"TorchModel({_shown(module_class)})",
                "TorchModel takes a subclass of torch.nn.Module",
                "Pass the class itself, TorchModel(MyModule, **kwargs), not an instance or function",
            )
        if not (once_each is None or isinstance(once_each, bool)):
            raise ModelError(
                f"once_each={once_each!r}",
                "It says whether the module sees one of equal observations",
                "Pass True or False, or leave it out for a trial to find out",
            )
        recurrent = callable(getattr(module_class, "initial_state", None))
        if max_seq_len is not None:
            max_seq_len = checked_int("max_seq_len", max_seq_len, 1, error=ModelError)
        if (once_each and recurrent) or (max_seq_len is not None and not recurrent):
            raise ModelError(
                f"TorchModel({module_class.__name__}, once_each={once_each}, max_seq_len={max_seq_len})",
                "A module with initial_state has a memory: it sees every observation, in sequences; "
                "one without has neither",
                "Leave it out",
            )
        try:
            saved = json.loads(json.dumps(kwargs))
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"TorchModel({module_class.__name__}, **{_shown(kwargs)})",
                f"The keywords of a model are saved with its checkpoints as JSON ({error})",
                "Pass numbers, strings, lists or dictionaries, and make objects of them in the module",
            ) from error
        object.__setattr__(self, "module_class", module_class)
        object.__setattr__(self, "kwargs", saved)
        object.__setattr__(self, "once_each", once_each)
        object.__setattr__(self, "told_max_seq_len", max_seq_len)

    @property
    def has_memory(self) -> bool:
        """See ``ModelSpec.has_memory``."""
        return callable(getattr(self.module_class, "initial_state", None))

    @property
    def max_seq_len(self) -> int:
        """See ``ModelSpec.max_seq_len``."""
        told = self.told_max_seq_len
        return super().max_seq_len if told is None else told

    def __repr__(self) -> str:
        given = {**self._told(), **self.kwargs}
        kwargs = "".join(f", {key}={value!r}" for key, value in given.items())
        return f"TorchModel({self.module_class.__qualname__}{kwargs})"

    def build(self, observation_shape: tuple[int, int, int], num_logits: int) -> nn.Module:
        """See ``ModelSpec.build``."""
        return self.module_class(observation_shape, num_logits, **self.kwargs)

    def to_dict(self) -> dict[str, object]:
        """Returns the class as ``"module:QualName"``, with its keywords."""
        # A copy, so that a change to the dictionary does not reach the frozen spec.
        return {
            "name": "TorchModel",
            "module": class_name(self.module_class),
            "kwargs": json.loads(json.dumps(self.kwargs)),
            **self._told(),
        }

    def is_saved_as(self, values: Mapping[str, object]) -> bool:
        """See ``ModelSpec.is_saved_as``; of a class of the script the module's name is let go."""
        name = values.get("module")
        return is_named(self.module_class, name) and {**self.to_dict(), "module": name} == values

    def completed(self, values: Mapping[str, object]) -> ModelSpec:
        """Returns the spec, with the keywords that were saved where it has none."""
        kwargs = values.get("kwargs")
        if (
            not self.kwargs
            and isinstance(kwargs, dict)
            and is_named(self.module_class, values.get("module"))
        ):
            return TorchModel(self.module_class, **self._told(), **kwargs)
        return self

    @classmethod
    def from_dict(cls, values: Mapping[str, object], trust: Sequence[str] = ()) -> ModelSpec:
        """See ``ModelSpec.from_dict``.

        Raises:
            TrustError: When the module of the class is not trusted.
            ModelError: When the class cannot be imported, or is no module class.
        """
        path, kwargs = values.get("module"), values.get("kwargs", {})
        if not (isinstance(path, str) and isinstance(kwargs, dict)):
            raise ModelError(
                _shown(values),
                "A saved TorchModel has a 'module', written 'module:QualName', and 'kwargs'",
                "Save it with to_dict",
            )
        found = import_trusted(path, trust, "model=TorchModel(TheClass)", ModelError)
        told = {name: values.get(name) for name in ("once_each", "max_seq_len")}
        return cls(found, **{**kwargs, **told})

    def _told(self) -> dict[str, Any]:
        told = {"once_each": self.once_each, "max_seq_len": self.told_max_seq_len}
        return {name: value for name, value in told.items() if value is not None}


def _shown(value: object) -> str:
    return getattr(value, "__name__", None) or repr(value)[:80]
