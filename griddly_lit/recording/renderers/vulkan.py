"""Pictures that the engine itself draws, which takes a Vulkan driver."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from griddly_lit.engine import Document, Game, GameInfo, observer_kinds, probe
from griddly_lit.errors import ObserverError
from griddly_lit.recording.renderers.images import Folders
from griddly_lit.recording.renderers.values import mapping

_DRAWN = ("SPRITE_2D", "BLOCK_2D", "ISOMETRIC")


class VulkanRenderer:
    """Hands out the engine's own pictures of one view.

    Making it draws the game once in a child process: without a driver the engine takes its process
    down. After the first picture, children that this process forks hang; spawn them instead.

    Args:
        document: The parsed game.
        info: What the probe learned of the game.
        observer: Name of an observer of kind SPRITE_2D, BLOCK_2D or ISOMETRIC.
        player: Whose view to draw, from 0; None for the global view.

    Raises:
        ObserverError: There is no Vulkan driver that can draw the observer.
    """

    def __init__(
        self, document: Document, info: GameInfo, observer: str, player: int | None
    ) -> None:
        try:
            # Every JSON text is a YAML text.
            probe(json.dumps(document), document, info.name, observer)
        except ObserverError as error:
            isometric = observer_kinds(document)[observer] == "ISOMETRIC"
            raise ObserverError(
                f"observer={observer!r}",
                error.rule,
                "Install a Vulkan driver (Debian: libvulkan1 mesa-vulkan-drivers), or draw "
                + ("a Sprite2D view" if isometric else "with renderer='numpy'"),
            ) from error
        self._player = player
        self.needed_global_observer: str | None = observer if player is None else None
        self.needed_player_observers: Mapping[int, str] = (
            {} if player is None else {player: observer}
        )

    def render(self, game: Game) -> NDArray[np.uint8]:
        """Returns the present state as an RGB picture, uint8 of shape (H, W, 3)."""
        if self._player is None:
            return game.global_observation()
        return game.observation(self._player)


def with_folders(document: Document, folders: Folders) -> Document:
    """Returns a game that tells the engine of the user's folders, unless it names its own."""
    named = {"ImagePath": folders.image_path, "ShaderPath": folders.shader_path}
    given = {key: path for key, path in named.items() if path is not None}
    environment = document["Environment"]
    observers = dict(mapping(environment.get("Observers")))
    for name, kind in observer_kinds(document).items():
        if kind in _DRAWN:
            own = mapping(observers.get(name))
            resources = {**given, **mapping(own.get("ResourceConfig"))}
            observers[name] = {**own, "ResourceConfig": resources}
    return {**document, "Environment": {**environment, "Observers": observers}}
