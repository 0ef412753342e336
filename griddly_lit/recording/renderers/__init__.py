"""Renderers: each draws one view of a game's present state as an RGB picture."""

from griddly_lit.recording.renderers.images import Folders, tell_once
from griddly_lit.recording.renderers.make import make_renderer
from griddly_lit.recording.renderers.own import (
    import_renderer,
    register_renderer,
    renderer_names,
    renderer_path,
)
from griddly_lit.recording.renderers.renderer import Renderer, needed_observers
from griddly_lit.recording.renderers.vulkan import with_folders

__all__ = [
    "Folders",
    "Renderer",
    "import_renderer",
    "make_renderer",
    "needed_observers",
    "register_renderer",
    "renderer_names",
    "renderer_path",
    "tell_once",
    "with_folders",
]
