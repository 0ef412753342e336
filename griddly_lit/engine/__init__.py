"""The engine room: the only one that loads Griddly's compiled extension."""

from griddly_lit.engine.actions import checked_actions
from griddly_lit.engine.binding import load_gdy, resources_dir
from griddly_lit.engine.document import (
    Document,
    bundled_games,
    parse_game,
    player_variables,
    read_game,
)
from griddly_lit.engine.game import Game, StepResult
from griddly_lit.engine.info import GameInfo, Shape
from griddly_lit.engine.level_map import level_size, padded_level
from griddly_lit.engine.observers import checked_observer, observer_kinds
from griddly_lit.engine.probe import probe
from griddly_lit.engine.silence import silenced

__all__ = [
    "Document",
    "Game",
    "GameInfo",
    "Shape",
    "StepResult",
    "bundled_games",
    "checked_actions",
    "checked_observer",
    "level_size",
    "load_gdy",
    "observer_kinds",
    "padded_level",
    "parse_game",
    "player_variables",
    "probe",
    "read_game",
    "resources_dir",
    "silenced",
]
