"""Configuration files: YAML whose keys are the options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from jsonargparse import get_loader

from griddly_lit.errors import OptionError


def loaded(text: str) -> Any:
    """Returns the value that a YAML text means; ``1e-3`` is a number."""
    # str(): the C parser takes no subclass.
    return get_loader("yaml")(str(text))


def meaning(word: str) -> Any:
    """Returns the value that a word from the shell means, which may be no YAML: itself then."""
    try:
        return loaded(word)
    except yaml.YAMLError:
        return word


def read_config(path: str) -> dict[str, Any]:
    """Returns the options of a file.

    Raises:
        OptionError: There is no such file, or it is no YAML with options as keys.
    """
    shown = f"--config {path}"
    try:
        values = loaded(Path(path).read_text("utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OptionError(
            shown, f"it cannot be read ({reason})", "Give the path of a YAML file"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        place = getattr(error, "problem_mark", None)
        line = "" if place is None else f" (line {place.line + 1}: {getattr(error, 'problem', '')})"
        raise OptionError(shown, f"it is no YAML{line}", "Mend the file") from error
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise OptionError(shown, "it has no options as keys", "Write it as in --print_config")
    return values


def config_text(values: dict[str, Any]) -> str:
    """Returns options as YAML, texts of several lines as such."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    pass


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)
