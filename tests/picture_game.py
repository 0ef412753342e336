"""A small game for tests of renderers, drawn with the wheel's plain block shapes only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

SHAPES = "block_shapes/"
LEVEL = """
W W W W W W W
W A . B . . W
W . W W . . W
W . . . . B W
W W W W W W W
"""
DUEL = """
W W W W W
W A1 A2 . W
W B . . W
W W W W W
"""
LEFT, UP, RIGHT, DOWN = 1, 2, 3, 4

_SPRITES = {
    "avatar": {"Image": SHAPES + "triangle.png"},
    "wall": {"Image": SHAPES + "square.png"},
    "box": {"Image": SHAPES + "pentagon.png"},
}
_BLOCKS = {
    "avatar": {"Shape": "triangle", "Color": [0.2, 0.6, 0.3]},
    "wall": {"Shape": "square", "Color": [0.5, 0.3, 0.1]},
    "box": {"Shape": "hexagon", "Color": [0.9, 0.1, 0.3], "Scale": 0.7},
}


def picture_game(
    observer: Mapping[str, Any] | None = None,
    *,
    name: str = "View",
    kind: str = "SPRITE_2D",
    player_observer: Mapping[str, Any] | None = None,
    player: Mapping[str, Any] | None = None,
    level: str = LEVEL,
    **looks: Any,
) -> str:
    """Returns a GDY text with one observer, declared under a name of its own.

    Moving into a wall turns the avatar, moving into a box takes it, and moving into another avatar
    takes that one out of the game.
    """
    tiles = {**(_BLOCKS if kind == "BLOCK_2D" else _SPRITES), **looks}
    step = [{"rot": "_dir"}, {"mov": "_dest"}]
    gone = {"Commands": [{"remove": True}]}
    behaviours = [
        ({"Commands": step}, {"Object": "_empty"}),
        ({"Commands": [{"rot": "_dir"}]}, {"Object": "wall"}),
        ({"Commands": [{"mov": "_dest"}]}, {"Object": "box", **gone}),
        ({"Commands": [{"mov": "_dest"}]}, {"Object": "avatar", **gone}),
    ]
    document = {
        "Version": "0.1",
        "Environment": {
            "Name": "Pictures",
            "Observers": {name: {"Type": kind, **(observer or {})}},
            "Player": {
                "AvatarObject": "avatar",
                "Observer": dict(player_observer or {}),
                **(player or {}),
            },
            "Termination": {"Win": [{"eq": ["box:count", 0]}]},
            "Levels": [level.lstrip()],
        },
        "Actions": [
            {
                "Name": "move",
                "Behaviours": [
                    {"Src": {"Object": "avatar", **source}, "Dst": target}
                    for source, target in behaviours
                ],
            }
        ],
        "Objects": [
            {"Name": "avatar", "MapCharacter": "A", "Z": 1, "Observers": {name: [tiles["avatar"]]}},
            {"Name": "wall", "MapCharacter": "W", "Observers": {name: [tiles["wall"]]}},
            {"Name": "box", "MapCharacter": "B", "Observers": {name: [tiles["box"]]}},
        ],
    }
    return yaml.safe_dump(document)
