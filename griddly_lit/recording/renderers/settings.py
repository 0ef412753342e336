"""What a game's YAML says of one observer and of the looks of its objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from griddly_lit.engine import Document, observer_kinds
from griddly_lit.recording.renderers.images import Images, color_of
from griddly_lit.recording.renderers.tiles import Tile
from griddly_lit.recording.renderers.values import Color, color, mapping, number, switch, whole

_TILE = 24
_MOST_TILE = 512
_MOST_CELLS = 1000
_MOST_SCALE = 10.0
_BLACK: Color = (0.0, 0.0, 0.0)

# The engine starts a tiling mode with this many images; NONE draws the first of any number.
TILING_IMAGES = {"WALL_2": 2, "WALL_16": 16}


@dataclass(frozen=True)
class Look:
    """How an object is drawn.

    Attributes:
        images: Images, or the colours of plain tiles; more than one only where ``tiling`` picks
            among them.
        tiling: ``NONE``, ``WALL_2`` or ``WALL_16``.
        scale: Size relative to a cell.
        color: What the image's RGB is multiplied with.
    """

    images: tuple[Tile, ...]
    tiling: str = "NONE"
    scale: float = 1.0
    color: Color = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class ObserverSettings:
    """One observer's settings, defaults filled in.

    Attributes:
        width: Width of the view in cells; 0 for the whole grid.
        height: Height of the view in cells; 0 for the whole grid.
        offset: Shift (x, y) of the view in cells.
        tracks_avatar: The view follows the player's avatar.
        rotates_with_avatar: The view turns with the avatar.
        rotates_images: Objects are drawn turned by their orientation.
        highlights_players: Objects of a player get an outline in the player's colour.
        tile: Size (width, height) of a cell in pixels.
        background: Name of the image of the floor, if any.
        padding: Name of the image of the cells off the grid, if any.
        background_color: RGB below everything, each in 0 … 1.
        avatar_mode: What a global view does with cells that no player sees.
        avatar_highlight: RGB added to cells that a player sees, in mode ``HIGHLIGHT``.
        image_path: The observer's own folder of images, if any.
        shader_path: Its own folder of shaders, if any.
    """

    width: int
    height: int
    offset: tuple[int, int]
    tracks_avatar: bool
    rotates_with_avatar: bool
    rotates_images: bool
    highlights_players: bool
    tile: tuple[int, int]
    background: Any
    padding: Any
    background_color: Color
    avatar_mode: str
    avatar_highlight: Color
    image_path: Any
    shader_path: Any

    @classmethod
    def read(cls, document: Document, observer: str, *, for_player: bool) -> ObserverSettings:
        """Reads the settings of ``observer``; a player's falls back on ``Player.Observer``.

        What an older game says of its tiles directly under ``Environment`` counts, too.
        """
        environment = mapping(document["Environment"])
        player = mapping(environment.get("Player"))
        own = {
            **{
                key: environment[key]
                for key in ("TileSize", "BackgroundTile")
                if key in environment
            },
            **_own_settings(document, observer),
        }
        settings = {**(mapping(player.get("Observer")) if for_player else {}), **own}
        shader, resources = mapping(own.get("Shader")), mapping(own.get("ResourceConfig"))
        blocks = observer_kinds(document)[observer] == "BLOCK_2D"
        several = whole(player.get("Count"), 1, 1, _MOST_CELLS) > 1
        return cls(
            width=whole(settings.get("Width"), 0, 0, _MOST_CELLS),
            height=whole(settings.get("Height"), 0, 0, _MOST_CELLS),
            offset=(
                whole(settings.get("OffsetX"), 0, -_MOST_CELLS, _MOST_CELLS),
                whole(settings.get("OffsetY"), 0, -_MOST_CELLS, _MOST_CELLS),
            ),
            tracks_avatar=switch(settings.get("TrackAvatar"), False),
            rotates_with_avatar=switch(settings.get("RotateWithAvatar"), False),
            rotates_images=switch(settings.get("RotateAvatarImage"), True),
            highlights_players=switch(settings.get("HighlightPlayers"), several),
            tile=_tile_size(own.get("TileSize")),
            background=own.get("BackgroundTile"),
            padding=own.get("PaddingTile"),
            background_color=color(own.get("BackgroundColor"), _BLACK) if blocks else _BLACK,
            avatar_mode=str(shader.get("ObserverAvatarMode", "NONE")),
            avatar_highlight=color(shader.get("ObserverAvatarHighlightColor"), _BLACK),
            image_path=resources.get("ImagePath"),
            shader_path=resources.get("ShaderPath"),
        )


def read_looks(document: Document, observer: str, images: Images) -> dict[str, tuple[Look, ...]]:
    """Returns the looks of every object, in the order of its ``RenderTileId``.

    Whatever has no look there is a plain tile, see ``images.faults``.
    """
    blocks = observer_kinds(document)[observer] == "BLOCK_2D"
    looks = {}
    for described in document["Objects"]:
        name = str(described["Name"])
        entries = entries_of(described, observer)
        if entries:
            read = _block if blocks else _sprite
            looks[name] = tuple(read(mapping(entry), repr(name), images) for entry in entries)
        else:
            images.faults.append(f"{name!r} (it has no entry for {observer})")
            looks[name] = (plain(name),)
    return looks


def entries_of(described: Mapping[str, Any], observer: str) -> list[Any]:
    """Returns what an object says of its looks for an observer, an entry a tile."""
    entries = mapping(described.get("Observers")).get(observer) or []
    return entries if isinstance(entries, list) else [entries]


def plain(name: str) -> Look:
    """Returns the look of an object of which no image can be drawn."""
    return Look((color_of(repr(name)),))


def _own_settings(document: Document, observer: str) -> Mapping[str, Any]:
    return mapping(mapping(document["Environment"].get("Observers")).get(observer))


def _tile_size(size: Any) -> tuple[int, int]:
    width, height = size if isinstance(size, (list, tuple)) and len(size) == 2 else (size, size)
    return whole(width, _TILE, 1, _MOST_TILE), whole(height, _TILE, 1, _MOST_TILE)


def _sprite(entry: Mapping[str, Any], owner: str, images: Images) -> Look:
    named = entry.get("Image")
    names = named if isinstance(named, list) and named else [named]
    tiling = str(entry.get("TilingMode", "NONE"))
    wanted = TILING_IMAGES.get(tiling, 1)
    if len(names) < wanted:
        images.faults.append(f"{owner} (its tiling {tiling} needs {wanted} images)")
        return Look((color_of(owner),), scale=_scale(entry))
    return Look(tuple(images.find(name, owner) for name in names[:wanted]), tiling, _scale(entry))


def _block(entry: Mapping[str, Any], owner: str, images: Images) -> Look:
    if "Color" not in entry:
        images.faults.append(f"{owner} (it has no Color)")
    tint = color(entry.get("Color"), color_of(owner))
    shape = entry.get("Shape")
    image = images.find(f"block_shapes/{shape}.png" if isinstance(shape, str) else shape, owner)
    if isinstance(image, tuple):
        return Look((tint,), scale=_scale(entry))
    return Look((image,), "NONE", _scale(entry), tint)


def _scale(entry: Mapping[str, Any]) -> float:
    return number(entry.get("Scale"), 1.0, 0.0, _MOST_SCALE)
