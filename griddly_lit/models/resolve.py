"""From what a user writes, or a checkpoint holds, to a spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from torch import nn

from griddly_lit.decoding import decoding
from griddly_lit.errors import ModelError, did_you_mean
from griddly_lit.models.gap import GAP
from griddly_lit.models.impala_cnn import ImpalaCNN
from griddly_lit.models.simple_conv import SimpleConv
from griddly_lit.models.spec import ModelSpec
from griddly_lit.models.torch_model import TorchModel

_NAMED: dict[str, type[ModelSpec]] = {spec.__name__: spec for spec in (SimpleConv, GAP, ImpalaCNN)}
_Spec = TypeVar("_Spec", bound=type[ModelSpec])


def register_model(spec: _Spec) -> _Spec:
    """Makes a model of one's own known by the name of its class, for ``model="TheClass"``.

    It also lets checkpoints that name the class be opened without handing a spec over. Serves as a
    decorator of the class.

    Args:
        spec: A subclass of :class:`~griddly_lit.ModelSpec`, a frozen dataclass of JSON values that
            can be made without arguments.

    Returns:
        The class.

    Raises:
        ModelError: It is no such class, or its name is that of another.
    """
    if not (isinstance(spec, type) and issubclass(spec, ModelSpec)):
        raise ModelError(
            f"register_model({str(spec)[:80]})",
            "A model is described by a subclass of griddly_lit.ModelSpec",
            "Pass such a class; a torch module needs none: TorchModel(TheClass)",
        )
    taken = _saved().get(spec.__name__)
    if taken is not None and (taken.__module__, taken.__qualname__) != (
        spec.__module__,
        spec.__qualname__,
    ):
        raise ModelError(
            f"register_model({spec.__name__})",
            "There is a model of this name",
            "Give the class another name",
            available=_saved(),
        )
    _NAMED[spec.__name__] = spec
    return spec


def _saved() -> dict[str, type[ModelSpec]]:
    return {**_NAMED, TorchModel.__name__: TorchModel}


def resolve_model(model: str | ModelSpec) -> ModelSpec:
    """Returns the spec that a ``model=`` argument means.

    Args:
        model: A spec, or the name of one: "SimpleConv", "GAP", "ImpalaCNN", or what was registered.

    Raises:
        ModelError: When the name is unknown, or ``model`` is neither a name nor a spec.
    """
    if isinstance(model, ModelSpec):
        return model
    if isinstance(model, str):
        return _found(model, _NAMED)()
    name = model.__name__ if isinstance(model, type) else type(model).__name__
    if isinstance(model, nn.Module) or (isinstance(model, type) and issubclass(model, nn.Module)):
        raise ModelError(
            f"model={name}",
            "A torch module does not say how it is built for a game",
            f"Wrap its class: TorchModel({name}, **kwargs)",
        )
    if isinstance(model, type) and issubclass(model, ModelSpec):
        raise ModelError(f"model={name}", "This is a class of specs, not a spec", f"Write {name}()")
    raise ModelError(
        f"model={model!r}",
        "A model is a name or a spec",
        "Name one, or wrap a module of your own in TorchModel",
        available=_NAMED,
    )


def model_from_dict(values: Mapping[str, object], trust: Sequence[str] = ()) -> ModelSpec:
    """Returns the spec whose ``to_dict`` gave ``values``.

    Args:
        values: As they were saved.
        trust: Modules that may be imported for the class of a TorchModel.

    Raises:
        ModelError: When ``values`` do not describe a model, or its class cannot be imported.
        TrustError: When the module of its class is not trusted.
    """
    with decoding(ModelError, f"model={str(values)[:80]}", "It describes no model", "Save it anew"):
        rest = dict(values)
        return _found(rest.pop("name", None), _saved()).from_dict(rest, trust)


def _found(name: object, specs: dict[str, type[ModelSpec]]) -> type[ModelSpec]:
    if isinstance(name, str) and name in specs:
        return specs[name]
    raise ModelError(
        f"model={name!r}",
        "There is no model of this name",
        f"{did_you_mean(str(name), specs)} (Specs of your own: register_model(TheClass))",
        available=specs,
    )
