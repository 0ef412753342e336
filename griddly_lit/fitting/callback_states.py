"""The states of callbacks, as a checkpoint holds them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from griddly_lit.arguments import shown
from griddly_lit.callbacks import Callback
from griddly_lit.errors import CheckpointError, OptionError
from griddly_lit.plain_state import State

_log = logging.getLogger("griddly_lit")


def callback_states(callbacks: Sequence[Callback]) -> dict[str, State]:
    """Returns the states of callbacks that have any, by name and order.

    Raises:
        OptionError: A state holds what a checkpoint cannot.
    """
    states: dict[str, State] = {}
    for key, callback in _keyed(callbacks):
        state = callback.state_dict()
        where = f"{type(callback).__name__}.state_dict()"
        if not isinstance(state, dict):
            raise OptionError(shown(where, state), "a state is a dictionary", "Return one")
        _check_plain(state, where)
        if state:
            states[key] = state
    return states


def load_callback_states(callbacks: Sequence[Callback], states: Any) -> None:
    """Hands callbacks what :func:`callback_states` gave, and tells of states that nobody takes.

    Raises:
        CheckpointError: They are no such states.
    """
    if not isinstance(states, Mapping) or not all(isinstance(s, dict) for s in states.values()):
        raise CheckpointError(
            shown("callbacks", states),
            "the checkpoint's states of callbacks are none",
            "Use another checkpoint",
        )
    left = dict(states)
    for key, callback in _keyed(callbacks):
        state = left.pop(key, None)
        if state is not None:
            callback.load_state_dict(state)
    if left:
        _log.warning(
            "The checkpoint holds the state of callbacks that this trainer does not have: %s.",
            ", ".join(sorted(left)),
        )


def _keyed(callbacks: Sequence[Callback]) -> Iterator[tuple[str, Callback]]:
    count: Counter[str] = Counter()
    for callback in callbacks:
        key = callback.state_key
        count[key] += 1
        yield key if count[key] == 1 else f"{key} {count[key]}", callback


def _check_plain(value: Any, where: str) -> None:
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biuf" and value.ndim:
            return
    elif isinstance(value, dict):
        for name, each in value.items():
            if not isinstance(name, str):
                raise OptionError(
                    f"a key {shown(where, name)}",
                    "checkpoints hold dictionaries whose keys are texts",
                    "Write str(key), and turn it back in load_state_dict",
                )
            _check_plain(each, f"{where}[{name!r}]")
        return
    elif isinstance(value, (list, tuple)):
        for number, each in enumerate(value):
            _check_plain(each, f"{where}[{number}]")
        return
    elif value is None or isinstance(value, (bool, int, float, str, np.number, np.bool_)):
        return
    raise OptionError(
        shown(where, value),
        "checkpoints hold plain values and NumPy arrays of numbers with an axis, and no pickles",
        "Return numbers, texts, None, lists, dictionaries and arrays, such as tensor.numpy()",
    )
