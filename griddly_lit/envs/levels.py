"""Level sources: which level each episode is played on.

A source is a frozen value. It draws with the generator it is handed and keeps no state, so that a
run can be repeated and resumed from the generator's state alone.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from griddly_lit.arguments import checked_int, checked_list, checked_mapping, shown
from griddly_lit.decoding import decoding
from griddly_lit.errors import LevelError
from griddly_lit.named_class import class_name, import_class, import_trusted, is_named

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


@dataclass(frozen=True, init=False)
class GeneratedLevels:
    """Asks the user's own generator for a new level string at each reset.

    Attributes:
        generator: The generator's class; ``"package.module:ClassName"`` is imported. It is called
            with ``config`` once a process. Its ``generate()`` returns a level string; when it takes
            an argument, it is handed the game's ``numpy.random.Generator``, which makes runs
            repeatable. Saved specs and checkpoints hold the name of the class alone: whoever loads
            them hands the class over again, or trusts its module to be imported.
        config: What the class is made with, of JSON values.

    Raises:
        LevelError: The generator is no class with a ``generate`` method, or cannot be imported.
    """

    generator: type[Any]
    # A dict has no hash; equal sources still have equal hashes without it.
    config: Any = field(default_factory=dict, hash=False)

    def __init__(self, generator: type[Any] | str, config: Any = None) -> None:
        if isinstance(generator, str):
            # The caller's own code names it, not a file.
            generator = import_class(generator, _HAND_OVER, LevelError)
        if not isinstance(generator, type) or not callable(getattr(generator, "generate", None)):
            raise LevelError(
                shown("generator", getattr(generator, "__name__", generator)),
                "a level generator is a class with a method generate()",
                "Pass the class itself",
            )
        mend = "Pass what the class is made with: numbers, texts, lists and dictionaries"
        config = checked_mapping("config", {} if config is None else config, mend, error=LevelError)
        with decoding(LevelError, shown("config", config), "it is saved as JSON", mend):
            saved = json.loads(json.dumps(config))
        object.__setattr__(self, "generator", generator)
        object.__setattr__(self, "config", saved)

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns a new level string.

        Raises:
            LevelError: The generator has raised an exception; it is named.
        """
        made_by: Any = self.generator
        try:
            generate = _generator(made_by, json.dumps(self.config, sort_keys=True)).generate
            takes_rng = len(inspect.signature(generate).parameters) > 0
            return str(generate(rng) if takes_rng else generate())
        except Exception as error:  # a user's generator can raise anything
            raise LevelError(
                f"levels=GeneratedLevels({self.generator.__qualname__})",
                f"the generator raises {type(error).__name__}: {error}",
                "Mend the generator",
            ) from error

    def indices(self) -> tuple[int, ...]:
        """Returns nothing: generated levels are none of the game's own."""
        return ()


_HAND_OVER = "levels=GeneratedLevels(TheClass)"


@functools.lru_cache(maxsize=16)
def _generator(generator: type[Any], config: str) -> Any:
    return generator(json.loads(config))


_LISTED: dict[str, type[Any]] = {
    "UniformLevels": UniformLevels,
    "SequentialLevels": SequentialLevels,
}
_GENERATED = GeneratedLevels.__name__


def source_to_dict(source: LevelSource) -> dict[str, Any]:
    """Returns a source as plain values for JSON."""
    name = type(source).__name__
    if isinstance(source, GeneratedLevels):
        return {"source": name, "generator": class_name(source.generator), "config": source.config}
    if name not in _LISTED:
        raise LevelError(
            f"levels={source!r}",
            "this level source cannot be written as JSON",
            "Use one of griddly_lit's own",
            (*_LISTED, _GENERATED),
        )
    return {"source": name, **dataclasses.asdict(source)}  # type: ignore[call-overload]


def source_from_dict(values: Mapping[str, Any], trust: Sequence[str] = ()) -> LevelSource:
    """Restores what :func:`source_to_dict` gave.

    Args:
        values: As they were saved.
        trust: Modules that may be imported for the class of a generator.

    Raises:
        LevelError: They describe no level source, or the generator cannot be imported.
        TrustError: The generator's module is not trusted.
    """
    with decoding(LevelError, f"levels={values!r}"[:80], "they are no levels", "Save them anew"):
        kwargs = dict(values)
        name = kwargs.pop("source")
        if name != _GENERATED:
            listed: LevelSource = _LISTED[name](**kwargs)
            return listed
        found = import_trusted(kwargs.pop("generator"), trust, _HAND_OVER, LevelError)
        return GeneratedLevels(found, **kwargs)


def handed_over(levels: Any, saved: object) -> Any:
    """Returns levels that the user hands over for saved ones.

    A generator's class that comes alone gets the config that was saved.

    Raises:
        LevelError: Both are generated, by different classes or configs.
    """
    theirs = saved if isinstance(saved, Mapping) else {}
    if not isinstance(levels, GeneratedLevels) or theirs.get("source") != _GENERATED:
        return levels
    name, config = theirs.get("generator"), theirs.get("config")
    complete = levels if levels.config else GeneratedLevels(levels.generator, config)
    if not is_named(levels.generator, name) or complete.config != config:
        raise LevelError(
            f"levels={levels!r}",
            f"the saved levels are those of {name!r} with {config!r}",
            "Hand over that class, or give an env of your own",
        )
    return complete
