"""Vector views as pictures: each cell in the colour of its topmost object."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from griddly_lit.engine import Document, Game, GameInfo
from griddly_lit.recording.renderers.values import whole

_CELL = 24
_EMPTY = (30, 32, 38)
_LINE = (20, 21, 26)
# One colour an object, in the order of the observation's channels, and again from the first.
_PALETTE = (
    (78, 121, 167),
    (242, 142, 43),
    (89, 161, 79),
    (225, 87, 89),
    (118, 183, 178),
    (237, 201, 72),
    (176, 122, 161),
    (255, 157, 167),
    (156, 117, 95),
    (186, 176, 172),
    (134, 188, 182),
    (211, 114, 149),
    (160, 203, 232),
    (182, 153, 45),
    (140, 209, 125),
    (212, 166, 200),
)


class VectorRenderer:
    """Draws vector observations, and the whole grid in the same colours.

    Only the channels of the objects are shown: player ids, rotations and variables are not.

    Args:
        document: The parsed game.
        info: What the probe learned of the game.
        observer: Name of an observer of kind VECTOR.
        player: Whose view to draw, from 0; None for the whole grid.
    """

    def __init__(
        self, document: Document, info: GameInfo, observer: str, player: int | None
    ) -> None:
        self.needed_global_observer: str | None = None
        self.needed_player_observers: Mapping[int, str] = (
            {} if player is None else {player: observer}
        )
        self._player = player
        self._channels = {name: channel for channel, name in enumerate(info.channel_names)}
        depths = {
            entry["Name"]: whole(entry.get("Z"), 0, -(2**31), 2**31)
            for entry in document["Objects"]
        }
        # From the lowest to the topmost, of which a cell shows one.
        self._stacked = sorted(self._channels, key=lambda name: depths.get(name, 0))
        colors = [_PALETTE[channel % len(_PALETTE)] for channel in self._channels.values()]
        self._colors = np.array([*colors, _EMPTY], dtype=np.uint8)

    def render(self, game: Game) -> NDArray[np.uint8]:
        """Returns the present state as an RGB picture, uint8 of shape (H, W, 3)."""
        present = self._whole_grid(game) if self._player is None else game.observation(self._player)
        shown = np.full(present.shape[:2], -1)
        for name in self._stacked:
            channel = self._channels[name]
            shown[present[..., channel] > 0] = channel
        picture: NDArray[np.uint8] = self._colors[shown].repeat(_CELL, axis=0).repeat(_CELL, axis=1)
        picture[::_CELL] = picture[:, ::_CELL] = _LINE
        return picture

    def _whole_grid(self, game: Game) -> NDArray[np.uint8]:
        state = game.state()
        height, width = state["Grid"]["Height"], state["Grid"]["Width"]
        present = np.zeros((height, width, len(self._channels)), dtype=np.uint8)
        for each in state["Objects"]:
            if each["Name"] in self._channels:
                x, y = each["Location"]
                present[y, x, self._channels[each["Name"]]] = 1
        return present
