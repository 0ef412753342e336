"""Finding the images that a game names, in the folders where they may lie."""

from __future__ import annotations

import colorsys
import functools
import warnings
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from griddly_lit.engine import resources_dir
from griddly_lit.recording.renderers.tiles import Tile, read_image
from griddly_lit.recording.renderers.values import Color

_MOST_NAMED = 8


class Folders(NamedTuple):
    """Where a game's pictures may lie, besides the wheel's resources.

    Attributes:
        game_dir: Folder of the game's file.
        image_path: Folder of images that the user gave.
        shader_path: Folder of shaders that the user gave.
    """

    game_dir: str | None = None
    image_path: str | None = None
    shader_path: str | None = None


class Images:
    """Finds images by their names in a game's file.

    A name is looked up in the observer's ``ImagePath``, the user's folder, the game's own and the
    wheel's, in this order. What lies elsewhere, by ``..``, a link or an absolute path, is not read.

    Args:
        folders: Where the images may lie.
        configured: The observer's ``ImagePath``, if any.

    Attributes:
        faults: What is drawn as a plain tile, and why.
    """

    def __init__(self, folders: Folders, configured: Any = None) -> None:
        given = [Path(path) for path in (folders.image_path, folders.game_dir) if path is not None]
        self._allowed = [_resolved(path) for path in (*given, resources_dir("images").parent)]
        self._searched = [*given, resources_dir("images")]
        if isinstance(configured, str):
            self._searched = [
                Path(configured),
                *(path / configured for path in given),
                *self._searched,
            ]
        self.faults: list[str] = []

    def find(self, name: Any, owner: str) -> Tile:
        """Returns an image's file, or the colour of a plain tile.

        Args:
            name: What the game calls it.
            owner: What it shows.
        """
        path, reason = self._search(name)
        if path is not None:
            return path
        self.faults.append(f"{owner} ({reason})")
        return color_of(owner)

    def _search(self, name: Any) -> tuple[Path | None, str]:
        if not isinstance(name, str) or not name:
            return None, f"{name!r} is no image's name"
        reason = f"there is no image {name!r}"
        for folder in self._searched:
            try:
                path = _resolved(folder / name)
                if not path.is_file():
                    continue
                if not any(path.is_relative_to(allowed) for allowed in self._allowed):
                    reason = f"{name!r} lies outside the game's folder, the wheel's images and image_path"
                    continue
            except (OSError, ValueError, RuntimeError):
                continue
            fault = _fault_of(path)
            if fault is None:
                return path, ""
            reason = f"{name!r} cannot be read: {fault}"
        return None, reason


def color_of(name: str) -> Color:
    """Returns the colour of a plain tile, the same for a name each time."""
    return colorsys.hsv_to_rgb(zlib.crc32(name.encode("utf-8", "replace")) % 360 / 360, 0.55, 0.8)


def tell_of_plain_tiles(game: str, observer: str, faults: list[str]) -> None:
    """Warns once of what is drawn as a plain tile."""
    if faults:
        named = "; ".join(faults[:_MOST_NAMED])
        more = f"; and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
        tell_once(f"{game}: in the {observer} view these are plain tiles: {named}{more}")


@functools.lru_cache(maxsize=1024)
def tell_once(text: str) -> None:
    """Warns once, however many views are drawn."""
    warnings.warn(text, stacklevel=2)


@functools.lru_cache(maxsize=4096)
def _fault_of(path: Path) -> str | None:
    try:
        read_image(path)
    # A broken file makes Pillow raise almost anything.
    except Exception as error:
        return str(error) or type(error).__name__
    return None


def _resolved(path: Path) -> Path:
    return path.expanduser().resolve()
