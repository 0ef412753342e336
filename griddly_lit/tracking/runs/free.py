"""Loggers whose user has named no run: what they write to is ours to choose."""

from __future__ import annotations

from typing import Any

_FREE = "_griddly_lit_is_free"
_BEGUN = "_griddly_lit_has_begun"


def mark(logger: Any, named: object) -> None:
    """Notes, before a logger is used, whether its user has named a run."""
    if not hasattr(logger, _FREE):
        setattr(logger, _FREE, named is None)


def is_free(logger: Any) -> bool:
    """Whether a logger has no run but those that were chosen for it."""
    return bool(getattr(logger, _FREE, False))


def has_begun(logger: Any) -> bool:
    """Whether a run was chosen for a logger before; from now on one was."""
    before = hasattr(logger, _BEGUN)
    setattr(logger, _BEGUN, True)
    return before
