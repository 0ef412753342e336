"""What chooses the level of each episode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from griddly_lit.arguments import checked_int
from griddly_lit.errors import LevelError

Level = int | str


def checked_level(option: str, level: Any) -> int:
    """Returns a level's index; whether a game has it is another question.

    Raises:
        LevelError: It is no index.
    """
    return checked_int(option, level, 0, 2**31 - 1, error=LevelError)


@dataclass(frozen=True)
class LevelOutcome:
    """What came of an episode: what a source may learn from.

    Attributes:
        level: The level as :meth:`LevelSource.draw` gave it.
        ordinal: The number that :meth:`LevelSource.draw` was handed for it.
        returns: Sum of rewards of each player, floats (players,).
        length: Number of steps.
        won: Whether each player won by the game's rules (players,); nobody at the step limit.
        score: What the source's ``scorer`` measured; None without one, or where the policy gives no
            values.
    """

    level: Level
    ordinal: int
    returns: tuple[float, ...]
    length: int
    won: tuple[bool, ...]
    score: float | None


@runtime_checkable
class LevelSource(Protocol):
    """Chooses the level of each episode.

    Any object with these two methods is one; nothing has to be inherited. It is deep-copied for
    everything that plays it, so that environments do not share what it remembers, and pickled to
    the processes that sample.

    A spec or checkpoint names its class and what it was made with: the fields that a dataclass is
    made with, else what an optional method ``to_dict()`` returns, else nothing. The class is called
    with these keywords, JSON values, when the file is read; see ``docs/trust.md`` for who says
    which class that is.

    A source may have more. One without these remembers nothing:

    - ``note(outcome: LevelOutcome) -> None`` is told of every finished episode of training, in the
      step that ends it and before the game's next level is drawn.
    - ``scorer = "gae"`` asks for the mean absolute generalised advantage of each such episode, in
      :attr:`LevelOutcome.score`.
    - ``state_dict() -> dict`` and ``load_state_dict(state)`` save and restore what it remembers, as
      JSON values and numpy arrays.
    - ``largest``, (height, width) in cells, of level strings: see
      :attr:`GeneratedLevels.largest`.

    Each process that samples plays and tells a source of its own.
    """

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns the level of one episode.

        Args:
            rng: The generator of the game that is about to be reset. Draws from nothing else make a
                run repeatable.
            ordinal: Number of the episode: the n-th of game i of N has ``n · N + i``, all from 0.

        Returns:
            One of :meth:`indices`, or a level string.
        """

    def indices(self) -> tuple[int, ...]:
        """Returns every level index that :meth:`draw` may give, the same ones at all times."""
