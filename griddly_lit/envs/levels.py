"""Level sources: which level each episode is played on.

A source is a frozen value. It draws with the generator it is handed and keeps no state, so that a
run can be repeated and resumed from the generator's state alone.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from griddly_lit.arguments import checked_int, checked_list, checked_mapping, shown
from griddly_lit.errors import LevelError

Level = int | str


def checked_level(option: str, level: Any) -> int:
    """Returns a level's index; whether a game has it is another question.

    Raises:
        LevelError: It is no index.
    """
    return checked_int(option, level, 0, 2**31 - 1, error=LevelError)


@runtime_checkable
class LevelSource(Protocol):
    """Chooses the level of each episode."""

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns the level of one episode.

        Args:
            rng: The generator of the game that is about to be reset.
            ordinal: Number of the episode, counted over all games of a runner from 0.

        Returns:
            The index of one of the game's levels, or a level string.
        """

    def indices(self) -> tuple[int, ...]:
        """Returns every level index that :meth:`draw` may give."""


@dataclass(frozen=True)
class _ListedLevels:
    """Some of the game's own levels, at least one."""

    levels: tuple[int, ...]

    def __post_init__(self) -> None:
        listed = checked_list(
            "levels", self.levels, "Pass indices, such as [0, 1]", error=LevelError
        )
        object.__setattr__(self, "levels", tuple(checked_level("levels", n) for n in listed))
        if not self.levels:
            raise LevelError("levels=[]", "there is no level to play", "Name at least one level")

    def indices(self) -> tuple[int, ...]:
        """Returns the levels."""
        return self.levels


@dataclass(frozen=True)
class UniformLevels(_ListedLevels):
    """Draws uniformly from some of the game's levels, with replacement.

    Attributes:
        levels: Level indices, at least one.
    """

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns one of the levels."""
        return self.levels[int(rng.integers(len(self.levels)))]


@dataclass(frozen=True)
class SequentialLevels(_ListedLevels):
    """Takes some of the game's levels in turn, so that each is played equally often.

    Attributes:
        levels: Level indices, at least one.
    """

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns the next level."""
        return self.levels[ordinal % len(self.levels)]


@dataclass(frozen=True)
class GeneratedLevels:
    """Asks the user's own generator for a new level string at each reset.

    Attributes:
        generator: ``"package.module:ClassName"``, or the class itself. It is called with ``config``
            once a process. Its ``generate()`` returns a level string; when it takes an argument, it
            is handed the game's ``numpy.random.Generator``, which makes runs repeatable.
        config: What the class is made with.
    """

    generator: str
    config: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.generator, type):
            path = f"{self.generator.__module__}:{self.generator.__qualname__}"
            object.__setattr__(self, "generator", path)
        if not isinstance(self.generator, str) or ":" not in self.generator:
            raise LevelError(
                shown("generator", self.generator),
                "a level generator is a class, or its name as 'package.module:ClassName'",
                "Pass the class itself",
            )
        mend = "Pass what the class is made with: numbers, texts, lists and dictionaries"
        checked_mapping("config", self.config, mend, error=LevelError)
        try:
            json.dumps(self.config)
        except (TypeError, ValueError, RecursionError) as error:
            raise LevelError(
                shown("config", self.config), f"it is saved as JSON ({error})", mend
            ) from error

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns a new level string."""
        generate = _generator(self.generator, json.dumps(self.config, sort_keys=True)).generate
        takes_rng = len(inspect.signature(generate).parameters) > 0
        return str(generate(rng) if takes_rng else generate())

    def indices(self) -> tuple[int, ...]:
        """Returns nothing: generated levels are none of the game's own."""
        return ()


@functools.lru_cache(maxsize=16)
def _generator(path: str, config: str) -> Any:
    module, _, name = path.partition(":")
    try:
        made: Any = importlib.import_module(module)
        for attribute in name.split("."):
            made = getattr(made, attribute)
    except (ImportError, AttributeError) as error:
        raise LevelError(
            f"generator={path!r}",
            f"it cannot be imported: {error}",
            "Put the class at the top level of an importable module",
        ) from error
    return made(json.loads(config))


_SOURCES: dict[str, type[Any]] = {
    "UniformLevels": UniformLevels,
    "SequentialLevels": SequentialLevels,
    "GeneratedLevels": GeneratedLevels,
}


def source_to_dict(source: LevelSource) -> dict[str, Any]:
    """Returns a source as plain values for JSON."""
    name = type(source).__name__
    if name not in _SOURCES:
        raise LevelError(
            f"levels={source!r}",
            "this level source cannot be written as JSON",
            "Use one of griddly_lit's own",
            _SOURCES,
        )
    return {"source": name, **dataclasses.asdict(source)}  # type: ignore[call-overload]


def source_from_dict(values: Mapping[str, Any]) -> LevelSource:
    """Restores what :func:`source_to_dict` gave."""
    kwargs = dict(values)
    source: LevelSource = _SOURCES[kwargs.pop("source")](**kwargs)
    return source
