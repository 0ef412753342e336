"""The global random states of a process: a model's dropout and the like draw from them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from griddly_lit.plain_state import State


def random_state() -> State:
    """Returns the states of Python's, NumPy's and torch's global generators."""
    version, words, gauss = random.getstate()
    numpy_state: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    return {
        "python": [version, list(words), gauss],
        "numpy": {
            "key": numpy_state["state"]["key"],
            "pos": numpy_state["state"]["pos"],
            "has_gauss": numpy_state["has_gauss"],
            "gauss": numpy_state["gauss"],
        },
        "torch": torch.get_rng_state().numpy(),
    }


def set_random_state(state: Mapping[str, Any]) -> None:
    """Takes over what :func:`random_state` gave.

    Raises:
        ValueError: It is no such state.
    """
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    of_numpy = state["numpy"]
    np.random.set_state(  # noqa: NPY002
        ("MT19937", of_numpy["key"], of_numpy["pos"], of_numpy["has_gauss"], of_numpy["gauss"])
    )
    set_torch_state(torch.default_generator, state["torch"])


def set_torch_state(generator: torch.Generator, state: NDArray[np.uint8]) -> None:
    """Takes over the state of a generator of torch's.

    Raises:
        ValueError: It is no such state.
    """
    try:
        generator.set_state(torch.from_numpy(state))
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"no state of a generator ({error})") from error
