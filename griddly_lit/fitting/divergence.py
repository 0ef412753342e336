"""Where to go on from when training has come to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from griddly_lit.callbacks import ModelCheckpoint
from griddly_lit.errors import DivergedError


@contextmanager
def telling_where_to_go_on(kept: ModelCheckpoint | None) -> Iterator[None]:
    """Has a DivergedError name the last checkpoint, all of whose weights are finite.

    Args:
        kept: What knows the checkpoints of the run, if it has any.
    """
    try:
        yield
    except DivergedError as error:
        last = None if kept is None else kept.last_path
        if last is None or not last.is_dir():
            where = "No checkpoint was written before"
        else:
            where = f"The last checkpoint with finite weights is {last}"
        raise DivergedError(error.value, error.rule, f"{error.mend}. {where}") from error
