"""Gymnasium spaces of one player."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from griddly_lit.engine import Shape


def observation_space(shape: Shape) -> spaces.Box:
    """Returns the space of uint8 grids of shape (H, W, C)."""
    return spaces.Box(0, 255, shape, np.uint8)


def action_space(nvec: tuple[int, ...]) -> spaces.Space[Any]:
    """Returns Discrete(n) for an action of one part, otherwise MultiDiscrete."""
    if len(nvec) == 1:
        return spaces.Discrete(nvec[0])
    return spaces.MultiDiscrete(np.array(nvec))


def flat_actions(actions: NDArray[Any]) -> NDArray[Any]:
    """Turns actions (…, parts) into what the space holds: (…) when there is one part."""
    return actions[..., 0] if actions.shape[-1] == 1 else actions
