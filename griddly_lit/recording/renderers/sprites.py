"""Our own drawing of Sprite2D and Block2D views: NumPy only, no graphics driver."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.engine import Document, Game, GameInfo
from griddly_lit.errors import ObserverError
from griddly_lit.recording.renderers.avatar_modes import marked, seen_cells
from griddly_lit.recording.renderers.camera import TURNS, Camera, look
from griddly_lit.recording.renderers.images import (
    Folders,
    Images,
    tell_of_plain_tiles,
    tell_once,
)
from griddly_lit.recording.renderers.mosaic import Canvas, Mosaic, Sprite
from griddly_lit.recording.renderers.outlines import outline_colors
from griddly_lit.recording.renderers.patches import patches
from griddly_lit.recording.renderers.settings import Look, ObserverSettings, plain, read_looks
from griddly_lit.recording.renderers.tiles import load_tile
from griddly_lit.recording.renderers.tiling import tiling_index
from griddly_lit.recording.renderers.values import whole

# Nearly a gigabyte.
_MOST_PIXELS = 2**28


class SpriteRenderer:
    """Draws one view of a game from its state and its YAML alone.

    The pictures equal those of the engine on a software Vulkan driver, pixel by pixel. What the game
    says nothing of, or whose image cannot be had, is a plain tile in a colour of its own; a warning
    names it once.

    Args:
        document: The parsed game.
        info: What the probe learned of the game.
        observer: Name of an observer of kind SPRITE_2D or BLOCK_2D.
        player: Whose view to draw, from 0; None for the global view.
        folders: Where the game's pictures may lie.
    """

    def __init__(
        self,
        document: Document,
        info: GameInfo,
        observer: str,
        player: int | None,
        folders: Folders,
    ) -> None:
        self.needed_global_observer: str | None = None
        self.needed_player_observers: dict[int, str] = {}
        self._observer = observer
        self._player = player
        self._avatar_name = info.avatar
        self._settings = ObserverSettings.read(document, observer, for_player=player is not None)
        self._player_settings = [
            ObserverSettings.read(document, name, for_player=True) for name in info.player_observers
        ]
        self._game = info.name
        images = Images(folders, self._settings.image_path)
        self._looks = read_looks(document, observer, images)
        self._background, self._padding = (
            None if named is None else images.find(named, key)
            for key, named in (
                ("BackgroundTile", self._settings.background),
                ("PaddingTile", self._settings.padding),
            )
        )
        tell_of_plain_tiles(info.name, observer, images.faults)
        self._depths = {
            entry["Name"]: whole(entry.get("Z"), 0, -(2**31), 2**31)
            for entry in document["Objects"]
        }
        self._layered = len(set(self._depths.values())) > 1
        self._outlines = outline_colors(document, player)
        self._mosaic = Mosaic(self._settings.tile, self._settings.background_color)
        self._sprites: dict[tuple[Hashable, ...], Sprite] = {}
        shaders = folders.shader_path or self._settings.shader_path
        if shaders is not None:
            tell_once(
                f"{info.name}: the shaders in {shaders!r} run on Vulkan only; its views are drawn "
                "without them"
            )

    def render(self, game: Game) -> NDArray[np.uint8]:
        """Returns the present state as an RGB picture, uint8 of shape (H, W, 3).

        Raises:
            ObserverError: The picture would be too large.
        """
        state = game.state()
        avatar = None if self._player is None else self._avatar_of(self._player, state)
        camera = look(self._settings, state, avatar)
        width, height = camera.width, camera.height
        self._check_size(width, height)
        if avatar is None and self._player is not None and self._avatar_name is not None:
            tile_width, tile_height = self._settings.tile
            return np.zeros((height * tile_height, width * tile_width, 3), dtype=np.uint8)
        # Stable: objects of one depth keep the engine's order.
        objects = sorted(state["Objects"], key=self._depth) if self._layered else state["Objects"]
        tops = {(each["Location"][0], each["Location"][1]): each["Name"] for each in objects}
        canvas = Canvas(self._mosaic, width, height, self._seen(camera, state))
        self._draw_ground(canvas, camera, state)
        left, right, top, bottom = camera.drawn
        for each in objects:
            x, y = each["Location"]
            if left <= x <= right and top <= y <= bottom and each["Name"] in self._looks:
                upright = each is avatar and self._settings.rotates_with_avatar
                canvas.lay(self._sprite(each, upright, camera, tops), *camera.place(x, y))
        return canvas.frame()

    def _check_size(self, width: int, height: int) -> None:
        tile_width, tile_height = self._settings.tile
        if width * tile_width * height * tile_height > _MOST_PIXELS:
            raise ObserverError(
                f"observer={self._observer!r}",
                f"{width} × {height} cells of {tile_width} × {tile_height} pixels are too large a "
                "picture",
                "Give the observer a smaller TileSize, Width or Height",
            )

    def _depth(self, each: Mapping[str, Any]) -> int:
        # The engine's own "_empty" and "_boundary" are not in the document.
        return self._depths.get(each["Name"], 0)

    def _avatar_of(self, player: int, state: Mapping[str, Any]) -> Mapping[str, Any] | None:
        objects: list[Mapping[str, Any]] = state["Objects"]
        for each in objects:
            if each["Name"] == self._avatar_name and each["PlayerId"] == player + 1:
                return each
        return None

    def _seen(self, camera: Camera, state: Mapping[str, Any]) -> list[int]:
        if self._settings.avatar_mode == "NONE":
            return [1] * (camera.width * camera.height)
        avatars = [self._avatar_of(player, state) for player in range(len(self._player_settings))]
        return seen_cells(camera, self._player_settings, avatars, state)

    def _draw_ground(self, canvas: Canvas, camera: Camera, state: Mapping[str, Any]) -> None:
        if self._background is not None:
            canvas.fill(self._drawn(("background",), Look((self._background,))))
        if self._padding is not None:
            key = ("padding", camera.shift)
            padding = self._drawn(key, Look((self._padding,)), shift=camera.shift)
            for x, y in camera.off_level(state["Grid"]["Width"], state["Grid"]["Height"]):
                canvas.lay(padding, *camera.place(x, y))

    def _sprite(
        self,
        each: Mapping[str, Any],
        upright: bool,
        camera: Camera,
        tops: Mapping[tuple[int, int], str],
    ) -> Sprite:
        name, tile, owner = each["Name"], each["RenderTileId"], each["PlayerId"]
        looks = self._looks[name]
        if tile < len(looks):
            look = looks[tile]
        else:
            tell_of_plain_tiles(self._game, self._observer, [f"{name!r} (it has no tile {tile})"])
            look = plain(name)
        image = turns = 0
        if look.tiling != "NONE":
            image = tiling_index(look.tiling, each, tops, camera.image_turns)
        elif self._settings.rotates_images and not upright:
            turns = (TURNS[each["Orientation"]] - camera.image_turns) % 4
        key = (name, tile, image, turns, owner, camera.shift)
        return self._drawn(key, look, image, turns, owner, camera.shift)

    def _drawn(
        self,
        key: tuple[Hashable, ...],
        look: Look,
        image: int = 0,
        turns: int = 0,
        owner: int = 0,
        shift: tuple[float, float] = (0.0, 0.0),
    ) -> Sprite:
        """Returns a sprite, drawn the first time that its key is asked for."""
        sprite = self._sprites.get(key)
        if sprite is None:
            settings = self._settings
            outline = self._outlines[owner] if owner < len(self._outlines) else self._outlines[0]
            drawn = patches(
                load_tile(look.images[image], *settings.tile),
                turns=turns,
                scale=look.scale,
                shift=shift,
                color=look.color,
                outline=outline if settings.highlights_players else None,
            )
            parts = []
            for (dx, dy), patch in drawn.items():
                unseen, seen = marked(patch, settings.avatar_mode, settings.avatar_highlight)
                parts.append((dx, dy, (self._mosaic.add(unseen), self._mosaic.add(seen))))
            sprite = self._sprites[key] = tuple(parts)
        return sprite
