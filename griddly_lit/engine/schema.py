"""The wheel's JSON schema of GDY documents, which explains why the engine refused a game.

It knows less than the engine does, so it decides nothing.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from griddly_lit.engine.binding import package_dir
from griddly_lit.engine.yaml_text import read_yaml

# A validator needs many seconds for documents far larger than anyone writes by hand.
_MOST_CHARACTERS = 2**18
_BEHAVIOURS = "#/properties/Actions/items/properties/Behaviours/definitions/"


def first_fault(text: str, name: str) -> str | None:
    """Returns the place and the reason of the first thing in a game's text that is not GDY.

    Args:
        text: The game's text.
        name: What to call it in error messages.

    Returns:
        None where the schema has nothing to say.
    """
    read = read_yaml(text, name)
    if read.fault is not None:
        return f"it is not valid YAML ({read.fault})"
    if len(text) > _MOST_CHARACTERS:
        return None
    # Imported here: who plays a game that the engine takes never needs it.
    import jsonschema

    faults = _validator().iter_errors(read.value)
    first = min(faults, key=lambda fault: fault.json_path, default=None)
    if first is None:
        return None
    deepest = jsonschema.exceptions.best_match([first]) or first
    return f"it is not a GDY document: at {deepest.json_path}: {deepest.message[:300]}"


@functools.cache
def _validator() -> Any:
    import jsonschema

    schema = json.loads((package_dir() / "resources" / "gdy-schema.json").read_text())
    _admit_what_the_engine_takes(schema)
    return jsonschema.validators.validator_for(schema)(schema)


def _admit_what_the_engine_takes(schema: dict[str, Any]) -> None:
    """Adds what the wheel's schema forgets and its engine knows, so that neither hides a fault."""
    schema["properties"]["Version"]["type"] = ["string", "number"]
    environment = schema["properties"]["Environment"]
    environment["required"] = []
    environment = environment["properties"]
    for older in ("TileSize", "BackgroundTile", "IsometricBackgroundTile"):
        environment[older] = {}
    player = environment["Player"]["properties"]
    player["Colors"] = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
    (declared,) = environment["Observers"]["patternProperties"].values()
    for observer in (declared["properties"], player["Observer"]["properties"]):
        observer["PaddingTile"] = {"type": "string"}
        shader = observer.get("Shader", {}).get("properties", {})
        if "ObserverAvatarMode" in shader:
            shader["ObserverAvatarMode"]["enum"].append("HIGHLIGHT")
    _admit_conditions(schema["properties"]["Actions"]["items"]["properties"]["Behaviours"])


def _admit_conditions(behaviours: dict[str, Any]) -> None:
    definitions = behaviours["definitions"]
    condition = definitions["behaviourDefinitionPreconditionCommand"]
    one = {"$ref": _BEHAVIOURS + "behaviourDefinitionPreconditionCommand"}
    several = {"if": {"type": "array"}, "then": {"items": one}, "else": one}
    condition["type"] = "object"
    condition["properties"] |= {"and": several, "or": several}
    behaviours["items"]["properties"]["Src"]["properties"]["Preconditions"] = several
    commands = {"$ref": _BEHAVIOURS + "behaviourDefinitionCommandList"}
    conditional = definitions["behaviourDefinitionConditionalCommand"]["properties"]
    for comparison in conditional.values():
        comparison["properties"]["Arguments"] = {"$ref": _BEHAVIOURS + "commandArgumentList"}
    conditional["if"] = {
        "type": "object",
        "required": ["Conditions"],
        "additionalProperties": False,
        "properties": {"Conditions": several, "OnTrue": commands, "OnFalse": commands},
    }
    definitions["behaviourDefinitionCommand"]["properties"] |= {"print": {}, "nop": {}}
