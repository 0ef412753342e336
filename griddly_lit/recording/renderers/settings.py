"""What a game's YAML says of one observer and of the looks of its objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from griddly_lit.engine import Document, observer_kinds, resources_dir
from griddly_lit.errors import ObserverError

Color = tuple[float, float, float]

# The engine starts a tiling mode with this many images; NONE draws the first of any number.
TILING_IMAGES = {"WALL_2": 2, "WALL_16": 16}


@dataclass(frozen=True)
class Look:
    """How an object is drawn.

    Attributes:
        images: Image files; more than one only where ``tiling`` picks among them.
        tiling: ``NONE``, ``WALL_2`` or ``WALL_16``.
        scale: Size relative to a cell.
        color: What the image's RGB is multiplied with.
    """

    images: tuple[Path, ...]
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
        background: Image of the floor, if any.
        padding: Image of the cells off the grid, if any.
        background_color: RGB below everything, each in 0 … 1.
        avatar_mode: What a global view does with cells that no player sees.
        avatar_highlight: RGB added to cells that a player sees, in mode ``HIGHLIGHT``.
        shader_path: Folder of the game's own shaders, if any.
    """

    width: int
    height: int
    offset: tuple[int, int]
    tracks_avatar: bool
    rotates_with_avatar: bool
    rotates_images: bool
    highlights_players: bool
    tile: tuple[int, int]
    background: Path | None
    padding: Path | None
    background_color: Color
    avatar_mode: str
    avatar_highlight: Color
    shader_path: str | None

    @classmethod
    def read(cls, document: Document, observer: str, *, for_player: bool) -> ObserverSettings:
        """Reads the settings of ``observer``; a player's falls back on ``Player.Observer``.

        Raises:
            ObserverError: An image is missing.
        """
        player = document["Environment"].get("Player") or {}
        own = _own_settings(document, observer)
        settings: Mapping[str, Any] = {
            **((player.get("Observer") or {}) if for_player else {}),
            **own,
        }
        tile = own.get("TileSize", 24)
        shader = own.get("Shader") or {}
        blocks = observer_kinds(document)[observer] == "BLOCK_2D"
        return cls(
            width=settings.get("Width", 0),
            height=settings.get("Height", 0),
            offset=(settings.get("OffsetX", 0), settings.get("OffsetY", 0)),
            tracks_avatar=settings.get("TrackAvatar", False),
            rotates_with_avatar=settings.get("RotateWithAvatar", False),
            rotates_images=settings.get("RotateAvatarImage", True),
            highlights_players=settings.get("HighlightPlayers", player.get("Count", 1) > 1),
            tile=(tile, tile) if isinstance(tile, int) else (tile[0], tile[1]),
            background=_ground(own, "BackgroundTile", observer),
            padding=_ground(own, "PaddingTile", observer),
            background_color=_color(own.get("BackgroundColor", (0, 0, 0)) if blocks else (0, 0, 0)),
            avatar_mode=shader.get("ObserverAvatarMode", "NONE"),
            avatar_highlight=_color(shader.get("ObserverAvatarHighlightColor", (0, 0, 0))),
            shader_path=(own.get("ResourceConfig") or {}).get("ShaderPath"),
        )


def read_looks(document: Document, observer: str) -> dict[str, tuple[Look, ...]]:
    """Returns the looks of every object, in the order of its ``RenderTileId``.

    Raises:
        ObserverError: An object has no look for this observer, or an image is missing.
    """
    blocks = observer_kinds(document)[observer] == "BLOCK_2D"
    folder = _image_folder(_own_settings(document, observer))
    looks = {}
    for described in document["Objects"]:
        name = described["Name"]
        entries = (described.get("Observers") or {}).get(observer)
        if not entries:
            raise ObserverError(
                f"observer={observer!r}",
                f"the object {name!r} does not say how this observer draws it",
                f"Add {observer} to the Observers of {name!r}, or use a Vector observer",
            )
        entries = entries if isinstance(entries, list) else [entries]
        read = _block if blocks else _sprite
        looks[name] = tuple(read(entry, folder) for entry in entries)
        for look in looks[name]:
            _check_images(look, name, observer)
    return looks


def _own_settings(document: Document, observer: str) -> Mapping[str, Any]:
    return (document["Environment"].get("Observers") or {}).get(observer) or {}


def _image_folder(own: Mapping[str, Any]) -> Path:
    return Path((own.get("ResourceConfig") or {}).get("ImagePath") or resources_dir("images"))


def _sprite(entry: Mapping[str, Any], folder: Path) -> Look:
    images = entry["Image"] if isinstance(entry["Image"], list) else [entry["Image"]]
    tiling = entry.get("TilingMode", "NONE")
    return Look(
        tuple(folder / image for image in images[: TILING_IMAGES.get(tiling, 1)]),
        tiling,
        float(entry.get("Scale", 1.0)),
    )


def _block(entry: Mapping[str, Any], folder: Path) -> Look:
    image = folder / "block_shapes" / f"{entry['Shape']}.png"
    return Look((image,), "NONE", float(entry.get("Scale", 1.0)), _color(entry["Color"]))


def _check_images(look: Look, name: str, observer: str) -> None:
    if len(look.images) < TILING_IMAGES.get(look.tiling, 1):
        raise ObserverError(
            f"observer={observer!r}",
            f"{name!r} has {len(look.images)} image(s), its tiling {look.tiling} needs more",
            f"Give it {TILING_IMAGES[look.tiling]} images",
        )
    for image in look.images:
        _check_file(image, repr(name), observer)


def _ground(own: Mapping[str, Any], key: str, observer: str) -> Path | None:
    if key not in own:
        return None
    image = _image_folder(own) / str(own[key])
    _check_file(image, key, observer)
    return image


def _check_file(image: Path, owner: str, observer: str) -> None:
    if not image.is_file():
        raise ObserverError(
            f"observer={observer!r}",
            f"the image {image} of {owner} does not exist",
            "Name a file in the images folder",
        )


def _color(values: Any) -> Color:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
