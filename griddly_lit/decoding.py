"""What files hold, to Python values: whatever is wrong with them is one named error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from griddly_lit.errors import GriddlyLitError

# Of values that are not what they should be: wrong types, missing keys, numbers out of range.
_FAULTS = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    OSError,
)


@contextmanager
def decoding(refused: type[GriddlyLitError], value: str, rule: str, mend: str) -> Iterator[None]:
    """Turns what goes wrong with a file's values into a named error.

    Args:
        refused: The error to raise.
        value: What was read.
        rule: What is wrong with it; the fault is added.
        mend: What to do instead.
    """
    try:
        yield
    except GriddlyLitError:
        raise
    except _FAULTS as error:
        fault = f"{type(error).__name__}: {error}"[:300]
        raise refused(value, f"{rule} ({fault})", mend) from error


def parse_json(text: str) -> Any:
    """Returns the value of a JSON text.

    Raises:
        ValueError: It is no JSON, nested too deep, or holds strings that are no Unicode text.
    """
    try:
        value = json.loads(text)
        if "\\ud" in text.lower():
            # JSON can write halves of characters, which break whatever they are handed to.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    return value
