"""What runners log as a series of items."""

from __future__ import annotations

from typing import Any


def series(values: Any, kind: type[Any]) -> list[Any]:
    """Returns what was logged as an item series: RLlib gives one item as it is, and none as NaN.

    Args:
        values: From RLlib's result.
        kind: The class of an item.
    """
    if isinstance(values, kind):
        return [values]
    return values if isinstance(values, list) else []
