"""Checks actions before the engine sees them: it takes most wrong ones for a silent no-op."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from griddly_lit.errors import ActionError


def checked_actions(
    actions: ArrayLike, nvec: tuple[int, ...], leading: tuple[int, ...]
) -> NDArray[np.int32]:
    """Returns actions as the engine takes them.

    Args:
        actions: Integers of shape ``(*leading, len(nvec))``; the last axis may be left out when
            ``nvec`` has one part.
        nvec: Number of choices of each part.
        leading: Shape of the axes before the parts, such as ``(players,)``.

    Returns:
        A C-contiguous int32 array of shape ``(*leading, len(nvec))``.

    Raises:
        ActionError: On a wrong shape, a non-integer type or a value out of range.
    """
    array = np.asarray(actions)
    shape = (*leading, len(nvec))
    if array.dtype.kind not in "iu":
        raise ActionError(
            _shown(actions, array),
            f"an action is made of integers, not {array.dtype}",
            f"Pass an integer array of shape {shape}",
        )
    if array.shape != shape:
        if len(nvec) != 1 or array.shape != leading:
            raise ActionError(
                _shown(actions, array),
                f"the action's shape is {array.shape}, but {shape} is needed",
                f"Pass {len(nvec)} integer(s) an action, each below {nvec}",
            )
        array = array[..., np.newaxis]
    if array.size and ((array < 0).any() or (array >= np.asarray(nvec)).any()):
        raise ActionError(
            _shown(actions, array),
            f"each part of an action lies in 0 … n-1 with n = {nvec}",
            "Pick actions from the action space",
        )
    return np.ascontiguousarray(array, dtype=np.int32)


def _shown(actions: Any, array: NDArray[Any]) -> str:
    shown = np.array2string(array, threshold=16) if array.dtype != object else repr(actions)[:80]
    return f"action={shown}".replace("\n", " ")
