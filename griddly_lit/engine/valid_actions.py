"""The engine's trees of valid actions, as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NO_OP = 0


def flat_actions_of(tree: Mapping[int, Any], nvec: Sequence[int]) -> list[int]:
    """Returns the valid actions of a player's tree, each as one number.

    Args:
        tree: Nested mappings, a level a part of the action: the keys are the valid choices.
        nvec: Number of choices of each part.

    Returns:
        Row-major indices into an array of shape ``nvec``. Where nothing is valid, as for a player
        without units, the no-op 0 alone.
    """
    nodes: list[tuple[int, Mapping[int, Any]]] = [(0, tree)]
    for size in nvec:
        nodes = [
            (prefix * size + choice, branch)
            for prefix, node in nodes
            for choice, branch in node.items()
        ]
    return [flat for flat, _ in nodes] or [NO_OP]
