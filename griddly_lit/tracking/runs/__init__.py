"""Runs of the loggers: which one a logger writes to, and how it goes on in one that was begun."""

from griddly_lit.tracking.runs.identity import (
    Taken,
    begin,
    describe,
    folder_if_known,
    go_on,
    is_known,
    note_named,
)

__all__ = ["Taken", "begin", "describe", "folder_if_known", "go_on", "is_known", "note_named"]
