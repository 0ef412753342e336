"""Every error that griddly_lit raises on purpose, one name a kind of fault.

Each carries the four things a reader needs: the value that was refused, the rule it breaks, how to
mend it, and, where there is a list to choose from, what is available.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GriddlyLitError(Exception):
    """Base of all errors of this package.

    Args:
        value: What was refused, as the user wrote it (``max_steps=-1``).
        rule: The rule it breaks, as a sentence without its full stop.
        mend: What to do instead, as a sentence without its full stop.
        available: The names or values to choose from, if there is such a list.
    """

    def __init__(
        self, value: str, rule: str, mend: str, available: Iterable[object] | None = None
    ) -> None:
        choices = None if available is None else tuple(str(choice) for choice in available)
        # All four go to Exception so that the error survives pickling between processes.
        super().__init__(value, rule, mend, choices)
        self.value = value
        self.rule = rule
        self.mend = mend
        self.available = choices

    def __str__(self) -> str:
        text = f"{self.value}: {self.rule}. {self.mend}" + ("" if self.mend[-1] in ".?" else ".")
        if self.available is not None:
            text += f" Available: {', '.join(self.available) or 'none'}."
        return text


class GameFileError(GriddlyLitError, ValueError):
    """The game's file is missing, empty, not YAML, or not a GDY document."""


class GameLoadError(GriddlyLitError, ValueError):
    """The engine refused the game, or crashed on it (in a child process)."""


class EngineError(GriddlyLitError, RuntimeError):
    """The engine failed in the middle of an episode."""


class LevelError(GriddlyLitError, ValueError):
    """A level does not exist, is malformed, or is used for training and testing at once."""


class ObserverError(GriddlyLitError, ValueError):
    """An observer is unknown, not configured by the game, or of no use for the purpose."""


class ActionError(GriddlyLitError, ValueError):
    """An action has the wrong shape, type or range."""


class EpisodeError(GriddlyLitError, RuntimeError):
    """A game was stepped before its first reset, after its end, or after it was closed."""


class OptionError(GriddlyLitError, ValueError):
    """An option has an unknown name or a value outside its range."""


class ModelError(GriddlyLitError, ValueError):
    """A model is unknown, or its output does not fit the game."""


class PolicyError(GriddlyLitError, ValueError):
    """Policies do not fit the agents of the game, or there is none of a name."""


class AlgorithmError(GriddlyLitError, ValueError):
    """An algorithm or one of its training settings is unknown or unsupported."""


class CheckpointError(GriddlyLitError, ValueError):
    """A checkpoint is missing, cut short, or belongs to another game or model."""


class MetricError(GriddlyLitError, KeyError):
    """There are no values of a metric of that name."""


class WorkerError(GriddlyLitError, RuntimeError):
    """A process that samples cannot start, dies or hangs again and again, or code in it raises."""


class DivergedError(GriddlyLitError, ArithmeticError):
    """Losses, gradients or weights are not finite any more."""


class TrustError(GriddlyLitError, ValueError):
    """A file names code of someone's that the user has neither handed over nor trusts."""


class ReplayError(GriddlyLitError, ValueError):
    """A replay does not repeat the episode that it records."""


def did_you_mean(name: object, available: Iterable[str]) -> str:
    """Returns the mend for an unknown name: the nearest known one, if any is close."""
    by_lower = {known.lower(): known for known in available}
    matches = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.5)
    if matches:
        return f"Did you mean {by_lower[matches[0]]!r}?"
    return "Choose one of the available names"
