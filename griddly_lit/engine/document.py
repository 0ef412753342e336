"""A game's text: reading it, and checking that it is a GDY document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from griddly_lit.engine.binding import package_dir, resources_dir
from griddly_lit.errors import GameFileError

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

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
    path = Path(yaml_file)
    try:
        path = path.expanduser()
        if not path.is_file():
            path = resources_dir("games") / yaml_file
        return path.read_text(encoding="utf-8")
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
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
    """Parses and checks a game's text.

    Args:
        text: The GDY document.
        name: What to call it in error messages.

    Returns:
        The document as plain dictionaries and lists.

    Raises:
        GameFileError: The text is empty, not YAML, or breaks the GDY schema of the wheel; the
            message names the place.
    """
    if not text.strip():
        raise GameFileError(name, "the game's text is empty", "Give a GDY document")
    try:
        document = _string_keys(yaml.load(text, _Loader))
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise GameFileError(
            name, f"it is not valid YAML ({where})", "Mend the YAML there"
        ) from error
    fault = next(_faults(document), None)
    if fault is not None:
        raise GameFileError(
            name, f"it is not a GDY document: at {fault}", "Follow the GDY schema there"
        )
    assert isinstance(document, dict)
    return document


def _faults(document: Any) -> Iterator[str]:
    # Imported here: a worker that trusts the spec's text never needs it.
    import jsonschema

    schema = json.loads((package_dir() / "resources" / "gdy-schema.json").read_text())
    _admit_what_the_engine_takes(schema)
    validator = jsonschema.validators.validator_for(schema)(schema)
    for error in sorted(validator.iter_errors(document), key=lambda fault: fault.json_path):
        deepest = jsonschema.exceptions.best_match([error]) or error
        yield f"{deepest.json_path}: {deepest.message[:300]}"


def _admit_what_the_engine_takes(schema: dict[str, Any]) -> None:
    """Adds the settings that the wheel's schema forgets, and its engine knows."""
    environment = schema["properties"]["Environment"]["properties"]
    player = environment["Player"]["properties"]
    player["Colors"] = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
    (declared,) = environment["Observers"]["patternProperties"].values()
    for observer in (declared["properties"], player["Observer"]["properties"]):
        observer["PaddingTile"] = {"type": "string"}
        shader = observer.get("Shader", {}).get("properties", {})
        if "ObserverAvatarMode" in shader:
            shader["ObserverAvatarMode"]["enum"].append("HIGHLIGHT")


def _string_keys(value: Any) -> Any:
    # GDY's action ids are YAML integers; JSON schemas know string keys only.
    if isinstance(value, dict):
        return {str(key): _string_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_string_keys(item) for item in value]
    return value


def possible_outcomes(document: Document) -> tuple[str, ...]:
    """Returns which of ``win``, ``lose`` and ``end`` the game's termination rules name."""
    termination = document["Environment"].get("Termination", {}) or {}
    return tuple(outcome.lower() for outcome in ("Win", "Lose", "End") if termination.get(outcome))


def game_name(document: Document) -> str:
    """Returns the game's name in lower case with underscores, as file names use it."""
    name = str(document["Environment"].get("Name", "game"))
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
