"""Level sources at work: copies of their own, and whatever is wrong with a user's source named."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from griddly_lit.arguments import checked_list, shown
from griddly_lit.engine import level_size
from griddly_lit.envs.levels.generated import checked_largest
from griddly_lit.envs.levels.source import Level, LevelOutcome, LevelSource, checked_level
from griddly_lit.errors import GriddlyLitError, LevelError


def private_copy(source: LevelSource) -> LevelSource:
    """Returns a copy that shares nothing with the source.

    Raises:
        LevelError: The source cannot be copied.
    """
    with _faults_of(source, "copy"):
        return copy.deepcopy(source)


def indices_of(source: LevelSource) -> tuple[int, ...]:
    """Returns the level indices that a source may draw.

    Raises:
        LevelError: They are no indices, or the source raises.
    """
    with _faults_of(source, "indices()"):
        given = source.indices()
        listed = checked_list("indices()", given, "Return a tuple of indices", error=LevelError)
        return tuple(checked_level("indices()", level) for level in listed)


def largest_of(source: LevelSource) -> tuple[int, int] | None:
    """Returns the largest (height, width) of a source's level strings, None if it says none.

    Raises:
        LevelError: It is no size.
    """
    with _faults_of(source, "largest"):
        return checked_largest(getattr(source, "largest", None))


def draw(
    source: LevelSource,
    rng: np.random.Generator,
    ordinal: int,
    indices: Collection[int] | None,
) -> Level:
    """Returns the level of one episode.

    Args:
        source: Chooses it.
        rng: See :meth:`LevelSource.draw`.
        ordinal: See :meth:`LevelSource.draw`.
        indices: The indices that it may give; None for any.

    Raises:
        LevelError: The source raises, or gives no level, another index, or a level string that is
            larger than its ``largest``.
    """
    with _faults_of(source, "draw()"):
        level: Any = source.draw(rng, ordinal)
    if isinstance(level, str):
        _check_size(source, level)
        return str(level)
    value = f"{_name(source)}, {shown('level', level)}"
    if not isinstance(level, (int, np.integer)) or isinstance(level, bool):
        raise LevelError(
            value,
            "its draw() gives neither an index nor a level string",
            "Return one of its indices(), or the text of a level",
        )
    if indices is not None and level not in indices:
        raise LevelError(
            value,
            "its draw() gives an index that its indices() does not list",
            "List every level that may be drawn in indices()",
            indices,
        )
    return int(level)


def note(source: LevelSource, outcome: LevelOutcome) -> None:
    """Tells a source what came of an episode, if it listens.

    Raises:
        LevelError: The source raises.
    """
    listener = getattr(source, "note", None)
    if listener is not None:
        with _faults_of(source, "note()"):
            listener(outcome)


def source_state(source: LevelSource) -> dict[str, Any]:
    """Returns what a source remembers, JSON values and arrays; nothing if it has no state.

    Raises:
        LevelError: The source raises, or gives no dictionary.
    """
    method = getattr(source, "state_dict", None)
    if method is None:
        return {}
    with _faults_of(source, "state_dict()"):
        state = method()
    if not isinstance(state, Mapping):
        raise LevelError(
            _name(source), "its state_dict() gives no dictionary", "Return a dictionary"
        )
    return dict(state)


def load_source_state(source: LevelSource, state: Mapping[str, Any]) -> None:
    """Restores what :func:`source_state` returned.

    Raises:
        LevelError: The source cannot take it.
    """
    method = getattr(source, "load_state_dict", None)
    if method is not None:
        with _faults_of(source, "load_state_dict()"):
            method(state)
    elif state:
        raise LevelError(
            _name(source),
            "a state was saved for it, and it has no load_state_dict()",
            "Give it one beside state_dict()",
        )


def _check_size(source: LevelSource, level: str) -> None:
    largest = largest_of(source)
    if largest is None:
        return
    height, width = level_size(level)
    if height > largest[0] or width > largest[1]:
        raise LevelError(
            f"level={level[:60]!r}",
            f"it has {height} × {width} cells, more than largest={largest} of {_name(source)}",
            "Make largest as large as the largest level, or the level smaller",
        )


def _name(source: LevelSource) -> str:
    return f"levels={type(source).__qualname__}(…)"


@contextmanager
def _faults_of(source: LevelSource, where: str) -> Iterator[None]:
    try:
        yield
    except GriddlyLitError:
        raise
    except Exception as error:  # a user's source can raise anything
        raise LevelError(
            _name(source), f"its {where} raises {type(error).__name__}: {error}"[:500], "Mend it"
        ) from error
