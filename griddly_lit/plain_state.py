"""The state of a run's parts: nested plain values and arrays, in two files without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

State = dict[str, Any]
"""Dictionaries by text, lists, numbers, texts, booleans, None, and NumPy arrays of numbers."""

_ARRAY = "__array__"


def write_state(directory: Path, state: Mapping[str, Any]) -> None:
    """Writes ``state.json``, and ``state.safetensors`` with the arrays."""
    arrays: dict[str, NDArray[Any]] = {}
    values = _without_arrays(state, arrays)
    (directory / "state.json").write_text(json.dumps(values), "utf-8")
    save_file(arrays, directory / "state.safetensors")


def with_arrays(values: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Returns a state of what :func:`write_state` has put into its two files.

    Raises:
        LookupError: An array is missing.
    """
    if isinstance(values, dict):
        if set(values) == {_ARRAY}:
            return arrays[values[_ARRAY]]
        return {name: with_arrays(value, arrays) for name, value in values.items()}
    return [with_arrays(value, arrays) for value in values] if isinstance(values, list) else values


def rng_state(rng: np.random.Generator) -> State:
    """Returns the state of a generator."""
    return dict(rng.bit_generator.state)


def set_rng_state(rng: np.random.Generator, state: Mapping[str, Any]) -> None:
    """Takes over what :func:`rng_state` gave.

    Raises:
        ValueError: It is the state of another kind of generator.
    """
    rng.bit_generator.state = state


def _without_arrays(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if isinstance(value, np.ndarray):
        name = str(len(arrays))
        arrays[name] = np.ascontiguousarray(value)
        return {_ARRAY: name}
    if isinstance(value, Mapping):
        return {name: _without_arrays(each, arrays) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_arrays(each, arrays) for each in value]
    return value.item() if isinstance(value, np.generic) else value
