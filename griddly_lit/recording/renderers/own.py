"""Renderers that users bring."""

from __future__ import annotations

from griddly_lit.arguments import checked_text, shown
from griddly_lit.errors import OptionError
from griddly_lit.named_class import class_name, import_class
from griddly_lit.recording.renderers.renderer import Renderer

BUILT_IN = ("numpy", "vulkan")

_OWN: dict[str, type[Renderer]] = {}


def register_renderer(name: str, renderer_class: type[Renderer]) -> None:
    """Makes a renderer of one's own known under a name, for ``VideoRecording(renderer=name)``.

    Args:
        name: A new name, or that of a renderer of one's own.
        renderer_class: A class like :class:`~griddly_lit.Renderer`, made with ``(document, info,
            observer, player, folders)``: the parsed game, a dictionary; what is known of the game
            (``name``, ``player_count``, …); the name of the observer to draw; the player whose
            view it is, from 0, or None for the global view; where the game's pictures may lie.
            Videos are drawn in a process of their own, which imports the class, so it stands in
            a module, not in the script that is run.

    Raises:
        OptionError: The name is taken, or the class cannot be imported.
    """
    checked_text("name", name, "Pass the name of the renderer")
    if name in BUILT_IN:
        raise OptionError(f"name={name!r}", "this is a renderer of griddly_lit's", "Choose another")
    if not (isinstance(renderer_class, type) and callable(getattr(renderer_class, "render", None))):
        raise OptionError(
            shown("renderer_class", renderer_class),
            "it is a class with a method render(game)",
            "Pass the class itself; griddly_lit.Renderer says what it has",
        )
    if renderer_class.__module__ == "__main__" or "<locals>" in renderer_class.__qualname__:
        raise OptionError(
            f"renderer_class={renderer_class.__qualname__}",
            "another process draws the videos, and can import it neither from the script that is "
            "run nor from a function",
            "Put the class into a module of its own",
        )
    _OWN[name] = renderer_class


def own_renderer(name: str) -> type[Renderer] | None:
    """Returns the class that was registered under a name, if there is one."""
    return _OWN.get(name)


def renderer_names() -> tuple[str, ...]:
    """Returns the names of all renderers."""
    return (*BUILT_IN, *_OWN)


def renderer_path(name: str) -> str | None:
    """Returns where another process finds the renderer, ``"module:Class"``; None of a built-in one."""
    return class_name(_OWN[name]) if name in _OWN else None


def import_renderer(name: str, path: str) -> None:
    """Registers a renderer that another process has told of.

    Raises:
        OptionError: It cannot be imported.
    """
    register_renderer(name, import_class(path, "register_renderer(name, TheClass)", OptionError))
