"""What a renderer is, and which observers a game must be made with for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from griddly_lit.engine import Document, Game, GameInfo
from griddly_lit.errors import ObserverError
from griddly_lit.recording.renderers.images import Folders


class Renderer(Protocol):
    """Draws one view of a game.

    Some views are drawn from the game's observations, so the game must be made with the observers
    that give them; :func:`needed_observers` gathers those for :class:`griddly_lit.engine.Game`.
    A subclass needs none unless it says so.
    """

    def __init__(
        self,
        document: Document,
        info: GameInfo,
        observer: str,
        player: int | None,
        folders: Folders,
    ) -> None:
        """Makes the renderer of one view, see :func:`~griddly_lit.register_renderer`."""

    @property
    def needed_global_observer(self) -> str | None:
        """The global observer that the game must have; None if any will do."""
        return None

    @property
    def needed_player_observers(self) -> Mapping[int, str]:
        """The observers that players, from 0, must have; a player left out may have any."""
        return {}

    def render(self, game: Game) -> NDArray[np.uint8]:
        """Returns the game's present state as an RGB picture, uint8 of shape (H, W, 3).

        H and W are the same for all states of one level. ``game.state()`` describes it: under
        ``Objects`` the name, place and variables of each object.
        """
        ...


class Observers(TypedDict):
    """Arguments of :class:`griddly_lit.engine.Game`."""

    global_observer: str
    player_observers: tuple[str, ...]


def needed_observers(info: GameInfo, renderers: Iterable[Renderer]) -> Observers:
    """Returns the observers of a game that all of ``renderers`` can draw.

    Args:
        info: What the probe learned of the game; its observers serve where a renderer needs none.
        renderers: The renderers of the views.

    Raises:
        ObserverError: Two renderers need different observers in the same place.
    """
    # None stands for the global view.
    needed: dict[int | None, str] = {}
    for renderer in renderers:
        wishes: dict[int | None, str] = dict(renderer.needed_player_observers.items())
        if renderer.needed_global_observer is not None:
            wishes[None] = renderer.needed_global_observer
        for player, observer in wishes.items():
            if needed.setdefault(player, observer) != observer:
                raise ObserverError(
                    f"observer={observer!r}",
                    f"another renderer needs {needed[player]!r} for the same view of the game",
                    "Draw the two with a game each",
                )
    return {
        "global_observer": needed.get(None, "None"),
        "player_observers": tuple(
            needed.get(player, observer) for player, observer in enumerate(info.player_observers)
        ),
    }
