"""Renderers: each draws one view of a game's present state as an RGB picture."""

from griddly_lit.recording.renderers.images import Folders, tell_once
from griddly_lit.recording.renderers.make import make_renderer
from griddly_lit.recording.renderers.renderer import Renderer, needed_observers
from griddly_lit.recording.renderers.vulkan import with_folders

__all__ = ["Folders", "Renderer", "make_renderer", "needed_observers", "tell_once", "with_folders"]
