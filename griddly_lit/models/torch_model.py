"""TorchModel: the user's own module as a model."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from griddly_lit.errors import ModelError
from griddly_lit.models.spec import ModelSpec


@dataclass(frozen=True, init=False, repr=False)
class TorchModel(ModelSpec):
    """A model whose module is ``module_class(observation_shape, num_logits, **kwargs)``.

    The module's ``forward`` takes (B, H, W, C) observations, uint8 or float, and returns
    ``(logits, values)``, floats of shapes (B, num_logits) and (B,). Of equal observations it sees one,
    where it answers each alone, without regard to the others of its batch.

    Args:
        module_class: A subclass of ``torch.nn.Module``. To be loaded from a checkpoint by another
            program it has to be importable: at the top of a module, not of the script that is run.
        once_each: Whether of equal observations the module sees one. By default a trial finds out
            whether it answers each alone
            (:func:`~griddly_lit.models.answers_each_observation_alone`). Not handed to the module.
        **kwargs: JSON values, as they are saved with checkpoints. The module gets them as JSON
            gives them back, so a tuple arrives as a list.

    Raises:
        ModelError: When the class is no module class, a keyword is no JSON value, or ``once_each``
            is no boolean.
    """

    module_class: type[nn.Module]
    # A dict has no hash; equal specs still have equal hashes without it.
    kwargs: dict[str, object] = field(hash=False)
    once_each: bool | None

    def __init__(
        self,
        module_class: type[nn.Module],
        /,
        *,
        once_each: bool | None = None,
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

    def __repr__(self) -> str:
        given = {**self._told_once_each(), **self.kwargs}
        kwargs = "".join(f", {key}={value!r}" for key, value in given.items())
        return f"TorchModel({self.module_class.__qualname__}{kwargs})"

    def build(self, observation_shape: tuple[int, int, int], num_logits: int) -> nn.Module:
        """See ``ModelSpec.build``."""
        return self.module_class(observation_shape, num_logits, **self.kwargs)

    def to_dict(self) -> dict[str, object]:
        """Returns the class as ``"module:QualName"``, with its keywords."""
        path = f"{self.module_class.__module__}:{self.module_class.__qualname__}"
        # A copy, so that a change to the dictionary does not reach the frozen spec.
        kwargs = json.loads(json.dumps(self.kwargs))
        return {"name": "TorchModel", "module": path, "kwargs": kwargs, **self._told_once_each()}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> ModelSpec:
        """See ``ModelSpec.from_dict``; it imports the module that ``values`` name.

        Raises:
            ModelError: When the class cannot be imported, or is no module class.
        """
        path, kwargs = values.get("module"), values.get("kwargs", {})
        if not (isinstance(path, str) and isinstance(kwargs, dict)):
            raise ModelError(
                _shown(values),
                "A saved TorchModel has a 'module', written 'module:QualName', and 'kwargs'",
                "Save it with to_dict",
            )
        once_each: Any = values.get("once_each")
        return cls(_imported(path), once_each=once_each, **kwargs)

    def _told_once_each(self) -> dict[str, object]:
        return {} if self.once_each is None else {"once_each": self.once_each}


def _imported(path: str) -> Any:
    module_name, _, qualified_name = path.partition(":")
    value = f"module={path!r}"
    if "<locals>" in qualified_name:
        raise ModelError(
            value,
            "A class that was defined inside a function cannot be loaded again",
            "Define it at the top of a module that can be imported, and save it anew",
        )
    try:
        found: Any = importlib.import_module(module_name)
        for name in qualified_name.split("."):
            found = getattr(found, name)
    except Exception as error:  # an imported module can raise anything
        if module_name == "__main__":
            raise ModelError(
                value,
                "The class was defined in the script that was run, and this program has no such class",
                "Move it to a module that can be imported, or define it in this script too",
            ) from error
        raise ModelError(
            value,
            f"The model's class cannot be imported ({type(error).__name__}: {error})",
            "Put its module on the Python path, under the name that it was saved with",
        ) from error
    return found


def _shown(value: object) -> str:
    return getattr(value, "__name__", None) or repr(value)[:80]
