"""The types of a replay's values, which may come from a file; whether they fit together comes later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.arguments import (
    MAX_SEED,
    checked_bool,
    checked_int,
    checked_list,
    checked_text,
    shown,
)
from griddly_lit.errors import ReplayError

ANOTHER = "Use the replay as it was recorded"


def checked_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a replay's values as its fields declare them.

    Args:
        values: The fields of :class:`griddly_lit.recording.EpisodeReplay`, all of them.

    Raises:
        ReplayError: One is of a wrong type.
    """
    level, limit, done = values["level"], values["max_steps"], values["player_done_variable"]
    env_steps = values["env_steps"]
    return {
        "text": _text("text", values["text"]),
        "level": level if isinstance(level, str) else _int("level", level),
        "seed": _int("seed", values["seed"], 0, MAX_SEED),
        "actions": _array("actions", values["actions"]),
        "rewards": _array("rewards", values["rewards"], np.float32),
        "terminated": checked_bool("terminated", values["terminated"], error=ReplayError),
        "truncated": checked_bool("truncated", values["truncated"], error=ReplayError),
        "outcomes": _texts("outcomes", values["outcomes"]),
        "max_steps": None if limit is None else _int("max_steps", limit, 1),
        "player_observers": _texts("player_observers", values["player_observers"]),
        "global_observer": _text("global_observer", values["global_observer"]),
        "player_done_variable": None if done is None else _text("player_done_variable", done),
        "env_steps": None if env_steps is None else _int("env_steps", env_steps, 0, 2**63 - 1),
    }


def _int(name: str, value: Any, least: int = 0, most: int = 2**31 - 1) -> int:
    return checked_int(name, value, least, most, error=ReplayError)


def _text(name: str, value: Any) -> str:
    return checked_text(name, value, ANOTHER, error=ReplayError)


def _texts(name: str, values: Any) -> tuple[str, ...]:
    listed = checked_list(name, values, ANOTHER, error=ReplayError)
    return tuple(_text(name, each) for each in listed)


def _array(name: str, values: Any, dtype: Any = None) -> NDArray[Any]:
    try:
        return np.asarray(values, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise ReplayError(
            shown(name, values), f"they do not fit an array of numbers ({error})", ANOTHER
        ) from error
