"""Levels that a generator of the user's makes."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from griddly_lit.arguments import checked_int, checked_list, checked_mapping, shown
from griddly_lit.decoding import decoding
from griddly_lit.envs.levels.source import Level
from griddly_lit.errors import LevelError
from griddly_lit.named_class import import_class

HAND_OVER = "levels=GeneratedLevels(TheClass)"
"""How the user hands over a generator's class."""

# What the engine has room for, see engine/level_map.py.
_MOST_CELLS = 2**16


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
        largest: Height and width, in cells, that no level exceeds. Observations, and actions of
            games without avatars, have room for it, and smaller levels are padded with zeros at
            the bottom and right. None (the default) takes the size of a first level that is
            generated when the spec is made; a larger one later on is an error.

    Raises:
        LevelError: The generator is no class with a ``generate`` method, or cannot be imported;
            the config is no JSON; ``largest`` is no size.
    """

    generator: type[Any]
    # A dict has no hash; equal sources still have equal hashes without it.
    config: Any = field(default_factory=dict, hash=False)
    largest: tuple[int, int] | None = None

    def __init__(
        self,
        generator: type[Any] | str,
        config: Any = None,
        *,
        largest: tuple[int, int] | None = None,
    ) -> None:
        if isinstance(generator, str):
            # The caller's own code names it, not a file.
            generator = import_class(generator, HAND_OVER, LevelError)
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
        object.__setattr__(self, "largest", checked_largest(largest))

    @property
    def takes_rng(self) -> bool:
        """Whether the generator draws from the numpy generator that it is handed.

        Raises:
            LevelError: The generator cannot be made.
        """
        return bool(self._ask(_takes_argument))

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns a new level string.

        Raises:
            LevelError: The generator has raised an exception, which is named, or gave no text.
        """
        level = self._ask(
            lambda generate: generate(rng) if _takes_argument(generate) else generate()
        )
        if not isinstance(level, str):
            raise LevelError(
                f"levels=GeneratedLevels({self.generator.__qualname__})",
                f"the generator gives {shown('level', level)}, which is no text",
                "Return a level string from generate()",
            )
        return str(level)

    def _ask(self, question: Any) -> Any:
        made_by: Any = self.generator
        try:
            generator = _generator(made_by, json.dumps(self.config, sort_keys=True))
            return question(generator.generate)
        except Exception as error:  # a user's generator can raise anything
            raise LevelError(
                f"levels=GeneratedLevels({self.generator.__qualname__})",
                f"the generator raises {type(error).__name__}: {error}",
                "Mend the generator",
            ) from error

    def indices(self) -> tuple[int, ...]:
        """Returns nothing: generated levels are none of the game's own."""
        return ()


def _takes_argument(generate: Callable[..., Any]) -> bool:
    return len(inspect.signature(generate).parameters) > 0


@functools.lru_cache(maxsize=16)
def _generator(generator: type[Any], config: str) -> Any:
    return generator(json.loads(config))


def checked_largest(largest: Any) -> tuple[int, int] | None:
    """Returns a largest size as (height, width), or None.

    Raises:
        LevelError: It is no size, or one that the engine has no room for.
    """
    if largest is None:
        return None
    mend = "Pass (height, width) in cells"
    sides = checked_list("largest", largest, mend, error=LevelError)
    if len(sides) != 2:
        raise LevelError(shown("largest", largest), "it is a height and a width", mend)
    height, width = (
        checked_int("largest", side, 1, _MOST_CELLS, error=LevelError) for side in sides
    )
    if height * width > _MOST_CELLS:
        raise LevelError(shown("largest", largest), f"it has more than {_MOST_CELLS} cells", mend)
    return height, width
