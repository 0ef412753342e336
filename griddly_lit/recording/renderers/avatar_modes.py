"""How a global view marks the cells that players see, and those that none sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from griddly_lit.recording.renderers.camera import Camera, look
from griddly_lit.recording.renderers.patches import Patch
from griddly_lit.recording.renderers.settings import ObserverSettings
from griddly_lit.recording.renderers.values import Color

_RED, _GREEN, _BLUE = np.float32(0.299), np.float32(0.587), np.float32(0.114)


def marked(patch: Patch, mode: str, highlight: Color) -> tuple[Patch, Patch]:
    """Returns a patch as it looks where no player sees it, and where one does."""
    if mode == "HIGHLIGHT":
        return patch, np.minimum(1, patch + np.array((*highlight, 0), dtype=np.float32))
    unseen = patch
    if mode == "REMOVE":
        unseen = np.zeros_like(patch)
    elif mode == "DARKEN":
        unseen = patch * np.array((0.4, 0.4, 0.4, 1), dtype=np.float32)
    elif mode == "GRAYSCALE":
        red, green, blue, alpha = np.moveaxis(patch, -1, 0)
        # The alpha counts as brightness, too: so it is in the engine's shader. The order of the sum
        # decides which way halves round.
        gray = (red * _RED + green * _GREEN + blue * _BLUE + alpha) / 6
        unseen = np.stack([gray, gray, gray, alpha], axis=-1)
    return unseen, patch


def seen_cells(
    camera: Camera,
    players: Sequence[ObserverSettings],
    avatars: Sequence[Mapping[str, Any] | None],
    state: Mapping[str, Any],
) -> list[int]:
    """Returns for each cell of the picture, row by row, 1 if a player sees it and 0 if not.

    Args:
        camera: The global view.
        players: Each player's observer.
        avatars: Each player's avatar, if any.
        state: What :meth:`griddly_lit.engine.Game.state` gave.
    """
    seen = np.zeros((camera.height, camera.width), dtype=np.int64)
    for settings, avatar in zip(players, avatars, strict=True):
        left, right, top, bottom = look(settings, state, avatar).drawn
        seen[top : bottom + 1, left : right + 1] = 1
    cells: list[int] = seen.ravel().tolist()
    return cells
