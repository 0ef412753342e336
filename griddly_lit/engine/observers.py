"""Which observers a game offers, and what each is good for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from griddly_lit.engine.document import Document
from griddly_lit.errors import ObserverError, did_you_mean

Kind = Literal["VECTOR", "SPRITE_2D", "BLOCK_2D", "ISOMETRIC", "ENTITY", "ASCII", "NONE"]

_BUILT_IN: dict[str, Kind] = {
    "Vector": "VECTOR",
    "Sprite2D": "SPRITE_2D",
    "Block2D": "BLOCK_2D",
    "Isometric": "ISOMETRIC",
    "Entity": "ENTITY",
    "ASCII": "ASCII",
    "None": "NONE",
}
_GRIDS = ("VECTOR", "SPRITE_2D", "BLOCK_2D", "ISOMETRIC")


def observer_kinds(document: Document) -> dict[str, str]:
    """Returns every observer name of a game with its kind.

    ``Isometric`` is among them only where the game configures it: the engine has no defaults for
    its tiles.
    """
    declared = document["Environment"]["Observers"]
    kinds: dict[str, str] = {
        name: kind for name, kind in _BUILT_IN.items() if name != "Isometric" or name in declared
    }
    for name, config in declared.items():
        kinds[name] = str(config.get("Type") or _BUILT_IN.get(name, "NONE"))
    return kinds


def checked_observer(document: Document, option: str, observer: str) -> str:
    """Returns the kind of an observer.

    Raises:
        ObserverError: The game has no observer of that name.
    """
    kinds = observer_kinds(document)
    if observer not in kinds:
        rule = (
            "the game does not configure isometric tiles"
            if observer == "Isometric"
            else "the game has no such observer"
        )
        raise ObserverError(f"{option}={observer!r}", rule, did_you_mean(observer, kinds), kinds)
    return kinds[observer]


def check_player_observers(document: Document, observers: str | Sequence[str]) -> None:
    """Checks the observers of the players, whose number the engine knows.

    Args:
        document: The parsed game.
        observers: One name for all players, or one name a player.

    Raises:
        ObserverError: A name is unknown or does not give a grid.
    """
    for name in [observers] if isinstance(observers, str) else observers:
        if checked_observer(document, "player_observer_type", name) not in _GRIDS:
            grids = [grid for grid, kind in observer_kinds(document).items() if kind in _GRIDS]
            raise ObserverError(
                f"player_observer_type={name!r}",
                "its observation is not a grid (H, W, C), which models and environments here need",
                "Use an observer that gives a grid",
                grids,
            )


def needs_vulkan(document: Document, observer: str) -> bool:
    """Returns whether the engine draws this observer with Vulkan."""
    return observer_kinds(document)[observer] in ("SPRITE_2D", "BLOCK_2D", "ISOMETRIC")
