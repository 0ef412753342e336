"""Picks the renderer of a view by the kind of its observer."""

from __future__ import annotations

from griddly_lit.engine import Document, GameInfo, checked_observer, observer_kinds
from griddly_lit.errors import ObserverError
from griddly_lit.recording.renderers.images import Folders
from griddly_lit.recording.renderers.own import own_renderer
from griddly_lit.recording.renderers.renderer import Renderer
from griddly_lit.recording.renderers.sprites import SpriteRenderer
from griddly_lit.recording.renderers.vector import VectorRenderer
from griddly_lit.recording.renderers.vulkan import VulkanRenderer

_DRAWN = ("SPRITE_2D", "BLOCK_2D", "ISOMETRIC", "VECTOR")


def make_renderer(
    document: Document,
    info: GameInfo,
    *,
    observer: str,
    player: int | None,
    renderer: str = "numpy",
    folders: Folders = Folders(),  # noqa: B008
) -> Renderer:
    """Makes the renderer of one view.

    Vector views are drawn as coloured cells, whatever ``renderer`` says. Isometric views always
    come from the engine, which draws them with Vulkan.

    Args:
        document: The parsed game.
        info: What the probe learned of the game.
        observer: Name of the observer to draw, also one that the game declares itself.
        player: Whose view to draw, from 0; None for the global view.
        renderer: ``numpy`` draws without any graphics driver; ``vulkan`` lets the engine draw; the
            name of one that was registered draws all views.
        folders: Where the game's pictures may lie, besides the wheel's resources.

    Raises:
        ObserverError: The observer or the player is unknown, the observer gives no picture, or
            needs a Vulkan driver that is not there.
    """
    kind = checked_observer(document, "observer", observer)
    own = own_renderer(renderer)
    if own is None and kind not in _DRAWN:
        raise ObserverError(
            f"observer={observer!r}",
            f"an observer of kind {kind} cannot be drawn",
            "Use an observer of one of the kinds " + ", ".join(_DRAWN),
            [name for name, other in observer_kinds(document).items() if other in _DRAWN],
        )
    if player is not None and not 0 <= player < info.player_count:
        raise ObserverError(
            f"player={player}",
            f"the game has {info.player_count} player(s), counted from 0",
            "Name one of them, or None for the global view",
            range(info.player_count),
        )
    if own is not None:
        return own(document, info, observer, player, folders)
    if kind == "VECTOR":
        return VectorRenderer(document, info, observer, player)
    if kind == "ISOMETRIC" or renderer == "vulkan":
        return VulkanRenderer(document, info, observer, player)
    return SpriteRenderer(document, info, observer, player, folders)
