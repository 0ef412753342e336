"""Views of a replay, drawn picture by picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from contextlib import closing
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from griddly_lit.arguments import checked_choice, shown
from griddly_lit.engine import Document, checked_observer
from griddly_lit.errors import OptionError
from griddly_lit.recording.renderers import make_renderer, needed_observers
from griddly_lit.recording.renderers.settings import ObserverSettings
from griddly_lit.recording.replay import EpisodeReplay, open_game

View = Literal["global"] | int
RendererName = Literal["numpy", "vulkan"]


def draw(
    replay: EpisodeReplay, view: View = "global", renderer: RendererName = "numpy"
) -> Generator[NDArray[np.uint8]]:
    """Draws an episode as it is played again.

    Args:
        replay: The episode.
        view: ``"global"``, or the id of an agent, 1 … P. Where an agent sees a vector observation,
            the same cells are drawn with the game's sprites, its blocks if it has no sprites, or
            plain colours if it has neither or shows them with another window.
        renderer: ``numpy`` draws without any graphics driver; ``vulkan`` lets the engine draw.

    Yields:
        RGB pictures of one size, uint8 (H, W, 3): after the reset and after each step.

    Raises:
        OptionError: There is no such view.
        ObserverError: The view's observer cannot be drawn.
        ReplayError: The episode does not repeat itself.
    """
    document, info, _ = open_game(replay.text)
    view = checked_view(view, len(replay.agents))
    checked_choice("renderer", renderer, get_args(RendererName))
    player = None if view == "global" else view - 1
    drawer = make_renderer(
        document,
        dataclasses.replace(info, player_observers=replay.player_observers),
        observer=drawn_observer(document, replay, player),
        player=player,
        renderer=renderer,
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
    kind = checked_observer(document, "observer", asked)
    if kind == "VECTOR" and player is not None:
        window = _window(document, asked)
        for pretty in ("Sprite2D", "Block2D"):
            if _is_drawn(document, pretty) and _window(document, pretty) == window:
                return pretty
    if asked == "Sprite2D" and not _is_drawn(document, asked):
        # It is the default, and says no more than "as pretty as can be".
        return "Block2D" if _is_drawn(document, "Block2D") else "Vector"
    return asked


def _is_drawn(document: Document, observer: str) -> bool:
    return all((each.get("Observers") or {}).get(observer) for each in document["Objects"])


def _window(document: Document, observer: str) -> tuple[object, ...]:
    settings = ObserverSettings.read(document, observer, for_player=True)
    return (
        settings.width,
        settings.height,
        settings.offset,
        settings.tracks_avatar,
        settings.rotates_with_avatar,
    )
