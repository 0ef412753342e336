"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def draft_of(path: Path) -> Path:
    """Returns where a file grows until it is whole: a hidden file beside its place."""
    return path.with_name(f".{path.name}.draft")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Lets the caller write a draft, and moves it to its place unless that failed.

    Args:
        path: The file. Its folder is made, and what is there already is replaced.

    Yields:
        The draft to write.

    Raises:
        OSError: The folder or the file cannot be written; an old file is left as it was.
    """
    draft = draft_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield draft
        os.replace(draft, path)
    finally:
        remove_draft(path)


def remove_draft(path: Path) -> None:
    """Removes what is left of a draft, if it can be."""
    with contextlib.suppress(OSError):
        draft_of(path).unlink()
