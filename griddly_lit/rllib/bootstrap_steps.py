"""A connector for RLlib's learner pipeline."""

from __future__ import annotations

from typing import Any

from ray.rllib.connectors.connector_v2 import ConnectorV2
from ray.rllib.core.columns import Columns
from torch import Tensor


class DropBootstrapSteps(ConnectorV2):  # type: ignore[misc]
    """Drops the steps that RLlib adds behind every episode's end, once they have served.

    They are there for the value of the last observation, which the advantage estimation before this
    piece has used. A loss masks them out, but every epoch would take them through the network again.
    """

    def __call__(self, *, batch: dict[str, dict[str, Any]], **_: Any) -> dict[str, Any]:
        """Keeps the steps that were played.

        Args:
            batch: The columns of each module, tensors of (B, …), ``loss_mask`` among them. Sequences
                are (B, T, …): theirs are shortened, and keep the mask, as there is other padding.
        """
        for module_id, columns in batch.items():
            if Columns.SEQ_LENS in columns:
                lengths = columns[Columns.LOSS_MASK].sum(1)
                columns[Columns.SEQ_LENS] = lengths
                batch[module_id] = _rows(columns, lengths > 0)
                continue
            played = columns.pop(Columns.LOSS_MASK)
            batch[module_id] = _rows(columns, played)
        return batch


def _rows(columns: dict[str, Any], which: Tensor) -> dict[str, Any]:
    return {
        name: _rows(column, which) if isinstance(column, dict) else column[which]
        for name, column in columns.items()
    }
