"""A game's text: reading it, and what it says of the game where the engine has no word.

Whether a text is a game is for the engine to say. So nothing is refused here that the engine might
take: what is missing, or is no setting, is left at the engine's default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from griddly_lit.engine.binding import resources_dir
from griddly_lit.engine.yaml_text import MOST_BYTES, read_yaml
from griddly_lit.errors import GameFileError

Document = Mapping[str, Any]


def bundled_games() -> tuple[str, ...]:
    """Returns the games in the Griddly wheel, as paths that ``yaml_file`` accepts."""
    games = resources_dir("games")
    return tuple(sorted(str(path.relative_to(games)) for path in games.rglob("*.yaml")))


def read_game(yaml_file: str | Path) -> str:
    """Returns the text of a game.

    Args:
        yaml_file: A path, or a path relative to the wheel's games such as
            ``Single-Player/GVGAI/sokoban.yaml``.

    Raises:
        GameFileError: There is no such file, or it cannot be read as text.
    """
    if "\n" in str(yaml_file):
        raise GameFileError(
            f"yaml_file={str(yaml_file).strip().splitlines()[0]!r}…",
            "it is a text of several lines, not a path",
            "Pass the text of a game as yaml_string",
        )
    try:
        path = Path(yaml_file).expanduser()
        if not path.is_file():
            path = resources_dir("games") / yaml_file
        with path.open(encoding="utf-8") as file:
            # More than any game may have, and no more than that of a file without end.
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (
            "it is not UTF-8 text"
            if isinstance(error, UnicodeDecodeError)
            else "there is no such file, here or among the bundled games"
        )
        raise GameFileError(
            f"yaml_file={str(yaml_file)!r}",
            reason,
            "Give a path to a GDY file, or the name of a bundled game",
            bundled_games(),
        ) from error


def parse_game(text: str, name: str) -> Document:
    """Reads a game's text, leniently.

    Args:
        text: The GDY document.
        name: What to call it in error messages.

    Returns:
        The document as plain dictionaries and lists. ``Environment`` with its ``Observers``,
        ``Player`` (and its ``Count`` and ``Observer``), ``Termination``, ``Variables`` and
        ``Levels``, and ``Objects`` with their ``Name`` and ``Observers`` are always there and of
        their right type; everything else is as it was written.

    Raises:
        GameFileError: The text is empty, or no text that anyone would write, see
            :func:`griddly_lit.engine.yaml_text.read_yaml`.
    """
    if not text.strip():
        raise GameFileError(name, "the game's text is empty", "Give a GDY document")
    document = _mapping(read_yaml(text, name).value)
    environment = _mapping(document.get("Environment"))
    player = _mapping(environment.get("Player"))
    return {
        **document,
        "Environment": {
            **environment,
            "Observers": {
                observer: _mapping(settings)
                for observer, settings in _mapping(environment.get("Observers")).items()
            },
            "Player": {
                **player,
                "Count": _count(player.get("Count")),
                "Observer": _mapping(player.get("Observer")),
            },
            "Termination": _mapping(environment.get("Termination")),
            "Variables": _named(environment.get("Variables")),
            "Levels": [
                level for level in _list(environment.get("Levels")) if isinstance(level, str)
            ],
        },
        "Objects": [
            {**described, "Observers": _mapping(described.get("Observers"))}
            for described in _named(document.get("Objects"))
        ],
    }


def possible_outcomes(document: Document) -> tuple[str, ...]:
    """Returns which of ``win``, ``lose`` and ``end`` the game's termination rules name."""
    termination = document["Environment"]["Termination"]
    return tuple(outcome.lower() for outcome in ("Win", "Lose", "End") if termination.get(outcome))


def game_name(document: Document) -> str:
    """Returns the game's name in lower case with underscores, as file names use it."""
    name = str(document["Environment"].get("Name") or "game")
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:100] or "game"


def player_variables(document: Document) -> list[str]:
    """Returns the names of the variables of which each player has its own."""
    variables = document["Environment"]["Variables"]
    return [variable["Name"] for variable in variables if variable.get("PerPlayer") is True]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _named(value: Any) -> list[dict[str, Any]]:
    return [
        each
        for each in _list(value)
        if isinstance(each, dict) and isinstance(each.get("Name"), str)
    ]


def _count(value: Any) -> int:
    return int(value) if str(value).isdecimal() else 1
