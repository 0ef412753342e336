"""The types of what an environment spec is made with; what they mean for a game comes later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from griddly_lit.arguments import (
    checked_bool,
    checked_instance,
    checked_int,
    checked_list,
    checked_path,
    checked_text,
    optional_int,
    shown,
)
from griddly_lit.envs.levels import LevelSource, checked_level, source_to_dict
from griddly_lit.errors import GameFileError, LevelError, ObserverError

_LEVELS = "levels is an index, a list of indices, 'random' or a level source"
# More would never end, or not fit into memory.
_MOST_STEPS = 2**31 - 1
_MOST_ACTIONS = 1000


def checked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options as the spec's fields declare them, NumPy's numbers as Python's.

    Args:
        options: Arguments of :class:`GriddlyEnvSpec`, all of them.

    Raises:
        GriddlyLitError: One is of a wrong type, or out of any game's range.
    """
    return {
        **options,
        "yaml_file": _if_given(_yaml_file, options["yaml_file"]),
        "yaml_string": _if_given(_yaml_string, options["yaml_string"]),
        "levels": _levels(options["levels"]),
        "test_levels": tuple(_indices("test_levels", options["test_levels"])),
        "player_observer_type": _player_observers(options["player_observer_type"]),
        "global_observer_type": _observer("global_observer_type", options["global_observer_type"]),
        "max_steps": optional_int("max_steps", options["max_steps"], 1, _MOST_STEPS),
        "player_done_variable": _if_given(_variable, options["player_done_variable"]),
        "actions_per_turn": checked_int(
            "actions_per_turn", options["actions_per_turn"], 1, _MOST_ACTIONS
        ),
        "pad_levels": checked_bool("pad_levels", options["pad_levels"]),
    }


def _if_given(check: Any, value: Any) -> Any:
    return None if value is None else check(value)


def _yaml_file(value: Any) -> str:
    return str(checked_path("yaml_file", value, error=GameFileError))


def _yaml_string(value: Any) -> str:
    return checked_instance(
        "yaml_string", value, str, "Pass the text of a game", error=GameFileError
    )


def _variable(value: Any) -> str:
    return checked_text("player_done_variable", value, "Name a variable of the players")


def _levels(levels: Any) -> Any:
    if isinstance(levels, str) and levels == "random":
        return levels
    if isinstance(levels, LevelSource) and not isinstance(levels, type):
        # A checkpoint hours later would be too late to find out that it cannot be saved.
        source_to_dict(levels)
        return levels
    if isinstance(levels, (Sequence, np.ndarray)) and not isinstance(levels, (str, bytes)):
        return tuple(_indices("levels", levels))
    if isinstance(levels, (int, np.integer)):
        return checked_level("levels", levels)
    raise LevelError(shown("levels", levels), _LEVELS, "Pass one of these")


def checked_indices(option: str, levels: Any, level_count: int) -> tuple[int, ...]:
    """Returns indices of a game's levels, given as one or a list of them.

    Args:
        option: The argument's name.
        levels: What was passed.
        level_count: Number of the game's levels.

    Raises:
        LevelError: One is no index, or the game has no such level.
    """
    indices = _indices(option, levels)
    check_there_are(option, indices, level_count)
    return tuple(indices)


def check_there_are(option: str, levels: Iterable[int], level_count: int) -> None:
    """Raises LevelError when one of the levels is none of a game with so many."""
    every = range(level_count)
    for level in levels:
        if level not in every:
            raise LevelError(
                f"{option}={level}", "the game has no such level", "Pick from its levels", every
            )


def _indices(option: str, levels: Any) -> list[int]:
    if isinstance(levels, (int, np.integer)):
        return [checked_level(option, levels)]
    listed = checked_list(option, levels, "Pass indices, such as [3, 4]", error=LevelError)
    return [checked_level(option, level) for level in listed]


def _player_observers(observers: Any) -> str | tuple[str, ...]:
    option = "player_observer_type"
    if isinstance(observers, str):
        return _observer(option, observers)
    listed = checked_list(
        option, observers, "Pass a name, or one name a player", error=ObserverError
    )
    return tuple(_observer(option, observer) for observer in listed)


def _observer(option: str, observer: Any) -> str:
    return checked_text(option, observer, "Name an observer, such as 'Vector'", error=ObserverError)
