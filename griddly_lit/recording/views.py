"""Views of a replay, drawn picture by picture."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Generator
from contextlib import closing
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from griddly_lit.arguments import checked_choice, shown
from griddly_lit.engine import Document, checked_observer
from griddly_lit.errors import OptionError
from griddly_lit.recording.renderers import (
    Folders,
    make_renderer,
    needed_observers,
    renderer_names,
    tell_once,
    with_folders,
)
from griddly_lit.recording.renderers.settings import ObserverSettings, entries_of
from griddly_lit.recording.replay import EpisodeReplay, open_game

View = Literal["global"] | int


def draw(
    replay: EpisodeReplay, view: View = "global", renderer: str = "numpy"
) -> Generator[NDArray[np.uint8]]:
    """Draws an episode as it is played again.

    Args:
        replay: The episode.
        view: ``"global"``, or the id of an agent, 1 … P. Where an agent sees a vector observation,
            the same cells are drawn with the game's sprites, its blocks if it has no sprites, or
            plain colours if it has neither or shows them with another window.
        renderer: ``numpy`` draws without any graphics driver; ``vulkan`` lets the engine draw;
            or one that was registered.

    Yields:
        RGB pictures of one size, uint8 (H, W, 3): after the reset and after each step.

    Raises:
        OptionError: There is no such view.
        ObserverError: The view's observer cannot be drawn.
        ReplayError: The episode does not repeat itself.
    """
    document, info, _ = open_game(replay.text)
    view = checked_view(view, len(replay.agents))
    checked_choice("renderer", renderer, renderer_names())
    folders = Folders(replay.game_dir, replay.image_path, replay.shader_path)
    player = None if view == "global" else view - 1
    if renderer == "vulkan" and (folders.image_path or folders.shader_path):
        document = with_folders(document, folders)
        # Every JSON text is a YAML text.
        replay = dataclasses.replace(replay, text=json.dumps(document))
    drawer = make_renderer(
        document,
        dataclasses.replace(info, player_observers=replay.player_observers),
        observer=drawn_observer(document, replay, player),
        player=player,
        renderer=renderer,
        folders=folders,
    )
    # Whoever is not looked at sees vectors, which need no graphics driver.
    with closing(replay.play_through(**needed_observers(info, [drawer]))) as games:
        for game in games:
            yield drawer.render(game)


def checked_view(view: Any, agents: int) -> View:
    """Returns ``"global"``, or the id of one of so many agents.

    Raises:
        OptionError: There is no such view.
    """
    if isinstance(view, str) and view == "global":
        return "global"
    if isinstance(view, (int, np.integer)) and not isinstance(view, bool) and 1 <= view <= agents:
        return int(view)
    known = ("global", *range(1, agents + 1))
    raise OptionError(shown("view", view), "there is no such view", "Use one of", known)


def drawn_observer(document: Document, replay: EpisodeReplay, player: int | None) -> str:
    """Returns the observer that a view is drawn with.

    Args:
        document: The parsed game.
        replay: The episode, with the observers that were asked for.
        player: Whose view, from 0; None for the global view.

    Raises:
        ObserverError: The game has no such observer.
    """
    asked = replay.global_observer if player is None else replay.player_observers[player]
    return prettiest_observer(document, asked, for_player=player is not None)


def prettiest_observer(document: Document, asked: str, *, for_player: bool) -> str:
    """Returns the observer that a view is drawn with.

    Args:
        document: The parsed game.
        asked: The observer that was asked for.
        for_player: Whether it is a player's; otherwise it shows the whole grid.

    Raises:
        ObserverError: The game has no such observer.
    """
    kind = checked_observer(document, "observer", asked)
    if kind == "VECTOR" and for_player:
        window = _window(document, asked)
        for pretty in _drawn(document):
            if _window(document, pretty) == window:
                return pretty
    if asked == "Sprite2D":
        # It is the default, and says no more than "as pretty as can be".
        drawn = _drawn(document)
        if not drawn:
            tell_once(
                "the game has neither sprites nor blocks: its views are drawn in plain colours"
            )
        return drawn[0] if drawn else "Vector"
    return asked


def _drawn(document: Document) -> list[str]:
    """Returns which of Sprite2D and Block2D draw anything, the one that draws more objects first."""
    counts = {
        observer: sum(bool(entries_of(each, observer)) for each in document["Objects"])
        for observer in ("Sprite2D", "Block2D")
    }
    return sorted((each for each in counts if counts[each]), key=counts.__getitem__, reverse=True)


def _window(document: Document, observer: str) -> tuple[object, ...]:
    settings = ObserverSettings.read(document, observer, for_player=True)
    return (
        settings.width,
        settings.height,
        settings.offset,
        settings.tracks_avatar,
        settings.rotates_with_avatar,
    )
