"""A spec's options from a file, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from griddly_lit.envs.levels import handed_over, source_from_dict
from griddly_lit.errors import OptionError, did_you_mean

FOLDERS = ("gdy_path", "image_path", "shader_path")
SAVE_ANEW = "Give what to_json() or to_dict() of a spec returned"


def saved_options(
    values: Mapping[str, Any], known: Sequence[str], levels: Any, trust: Sequence[str]
) -> dict[str, Any]:
    """Returns what a saved spec is made with, its levels as such.

    Args:
        values: As they were saved.
        known: Names of the options of a spec.
        levels: Handed over by the user, or None.
        trust: Modules that may be imported for the class of the levels.

    Raises:
        TrustError: A class is neither handed over nor trusted.
        LevelError: The levels are none, or others than those handed over.
        OptionError: A spec has no such option.
    """
    options = dict(values)
    for name in options:
        if name not in known:
            raise OptionError(
                f"a saved spec: {name!r}"[:80],
                "a spec has no such option",
                did_you_mean(str(name), known),
                known,
            )
    saved = options.get("levels")
    if levels is not None:
        options["levels"] = handed_over(levels, saved)
    elif isinstance(saved, Mapping):
        options["levels"] = source_from_dict(saved, trust)
    return options


def saved_folders(options: Mapping[str, Any]) -> dict[str, str | None]:
    """Returns the folders among the options.

    Raises:
        OptionError: One is no text.
    """
    folders = {name: options.get(name) for name in FOLDERS}
    for name, path in folders.items():
        if not (path is None or isinstance(path, str)):
            raise OptionError(f"{name}={path!r}", "it is no folder", "Name one, or None")
    return folders
