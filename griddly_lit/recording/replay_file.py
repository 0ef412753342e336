"""Files of replays: JSON with a checksum, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from griddly_lit.decoding import parse_json
from griddly_lit.errors import ReplayError
from griddly_lit.whole_file import whole_file

_FORMAT = "griddly_lit replay 1"


def write_fields(path: Path, fields: Mapping[str, Any]) -> None:
    """Writes a replay's values.

    Raises:
        OSError: The file cannot be written; what was there before is left alone.
    """
    content = {"format": _FORMAT, "sha256": _checksum(fields), "replay": fields}
    with whole_file(path) as draft:
        draft.write_text(_json(content), "utf-8")


def read_fields(path: Path) -> dict[str, Any]:
    """Returns the values that :func:`write_fields` wrote.

    Raises:
        ReplayError: The file is missing, cut short, altered, or no replay.
    """
    shown = f"replay={str(path)!r}"
    try:
        content = parse_json(path.read_text("utf-8"))
    except OSError as error:
        raise ReplayError(
            shown, f"it cannot be read ({error.strerror})", "Give a file that save() wrote"
        ) from error
    except ValueError as error:
        raise ReplayError(
            shown, "it is cut short, or no replay", "Give a file that save() wrote"
        ) from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ReplayError(shown, f"it is no {_FORMAT!r}", "Give a file that save() wrote")
    fields = content.get("replay")
    if not isinstance(fields, dict) or content.get("sha256") != _checksum(fields):
        raise ReplayError(shown, "it was altered after it was written", "Use another copy of it")
    return fields


def _checksum(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(_json(fields).encode("utf-8")).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
