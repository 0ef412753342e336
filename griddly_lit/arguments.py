"""Checks of arguments: what a user passed is taken as what is meant, or refused by name.

Each check returns the argument, NumPy's numbers as Python's, or raises an error that shows it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from griddly_lit.errors import GriddlyLitError, OptionError, did_you_mean

MAX_INT = 2**63 - 1
MAX_SEED = 2**32 - 1
"""The largest seed of NumPy's global generator and of the engine."""

_SHOWN_LENGTH = 80

Error = type[GriddlyLitError]
Kind = TypeVar("Kind")


def shown(option: str, value: object) -> str:
    """Returns ``option=value`` for an error, shortened, whatever the value is."""
    try:
        text = repr(value)
    except Exception:  # a user's object can raise anything, and so can an integer of 5,000 digits
        text = f"<{type(value).__name__}>"
    if len(text) > _SHOWN_LENGTH:
        text = f"{text[: _SHOWN_LENGTH - 1]}…"
    return f"{option}={text}"


def checked_int(
    option: str,
    value: Any,
    least: int = 0,
    most: int = MAX_INT,
    *,
    none: str | None = None,
    error: Error = OptionError,
) -> int:
    """Returns an integer in ``least … most``; NumPy's are taken, booleans are not.

    Args:
        option: The argument's name.
        value: What was passed.
        least: The smallest that is allowed.
        most: The largest.
        none: What None would mean, for the error's mend.
        error: The class of the error.
    """
    if _is_int(value) and least <= value <= most:
        return int(value)
    span = f"of at least {least}" if most == MAX_INT else f"from {least} to {most}"
    mend = "Pass such a number"
    if isinstance(value, float) and value.is_integer() and least <= value <= most:
        mend = f"Write {int(value)}"
    elif isinstance(value, str) and value.strip().isdecimal():
        mend = "Pass a number, not text"
    if none is not None:
        mend += f", or None for {none}"
    raise error(shown(option, value), f"it is an integer {span}", mend)


def optional_int(
    option: str, value: Any, least: int = 0, most: int = MAX_INT, *, none: str = "no limit"
) -> int | None:
    """Returns None, or an integer as :func:`checked_int` does; ``none`` says what None means."""
    return None if value is None else checked_int(option, value, least, most, none=none)


def checked_float(
    option: str,
    value: Any,
    least: float = -math.inf,
    most: float = math.inf,
    *,
    error: Error = OptionError,
) -> float:
    """Returns a finite number in ``least … most``; integers are taken, booleans are not."""
    if is_real(value) and least <= value <= most:
        return float(value)
    span = "" if math.isinf(least) else f" of at least {least:g}"
    if not math.isinf(most):
        span = f" from {least:g} to {most:g}"
    raise error(shown(option, value), f"it is a finite number{span}", "Pass such a number")


def is_real(value: Any) -> bool:
    """Returns whether something is a finite number, Python's or NumPy's, and no boolean."""
    if isinstance(value, (float, np.floating)):
        return math.isfinite(value)
    # What does not fit a float is as good as infinite.
    return _is_int(value) and abs(int(value)) < 2**1023


def checked_bool(option: str, value: Any, *, error: Error = OptionError) -> bool:
    """Returns a boolean; NumPy's are taken, 0 and 1 are not."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise error(shown(option, value), "it is a switch", "Pass True or False")


def checked_choice(
    option: str, value: Any, choices: Collection[str], *, error: Error = OptionError
) -> str:
    """Returns one of the choices."""
    if isinstance(value, str) and value in choices:
        return value
    mend = did_you_mean(value, choices) if isinstance(value, str) else "Choose one of them"
    raise error(shown(option, value), "there is no such choice", mend, choices)


def checked_text(option: str, value: Any, mend: str, *, error: Error = OptionError) -> str:
    """Returns a text that is not empty."""
    if isinstance(value, str) and value:
        return value
    raise error(shown(option, value), "it is a text", mend)


def optional_text(option: str, value: Any, what: str) -> str | None:
    """Returns None, or a text that is not empty; ``what`` says which."""
    return None if value is None else checked_text(option, value, f"Pass {what}, or None")


def checked_path(option: str, value: Any, *, error: Error = OptionError) -> Path:
    """Returns a path; it need not exist."""
    if isinstance(value, (str, os.PathLike)):
        text = os.fspath(value)
        if isinstance(text, str) and "://" in text:
            raise error(
                shown(option, value),
                "files are read and written by this process, which reaches no remote storage",
                "Pass a folder of this machine, which may be a mounted one",
            )
        if isinstance(text, str) and text and "\0" not in text:
            return Path(text)
    raise error(shown(option, value), "it is a path", "Pass a text or a pathlib.Path")


def checked_mapping(option: str, value: Any, mend: str, *, error: Error = OptionError) -> Any:
    """Returns a mapping whose keys are texts."""
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return value
    raise error(shown(option, value), "it is a dictionary whose keys are texts", mend)


def checked_list(option: str, value: Any, mend: str, *, error: Error = OptionError) -> list[Any]:
    """Returns the items of a list, tuple, range or one-dimensional array; a text is none."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        items: list[Any] = value.tolist()
        return items
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return list(value)
    raise error(shown(option, value), "it is a list", mend)


def checked_instance(
    option: str, value: Any, kind: type[Kind], mend: str, *, error: Error = OptionError
) -> Kind:
    """Returns an object of a class."""
    if isinstance(value, kind):
        return value
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    raise error(shown(option, value), f"it is {article} {kind.__name__}", mend)


def _is_int(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
