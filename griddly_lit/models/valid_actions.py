"""Valid actions on their way from the games to the policy: packed bits, then lists, then masks.

Packed, they are uint8 (B, bytes): a bit for each action of a space with ``nvec`` choices a part, in
row-major order, little end first. At least one action of each item is valid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

# Finite, as 0 · -inf is not a number; its probability is 0 in every float type.
_NEVER = -1e9


class ValidActions(NamedTuple):
    """All valid actions of a batch, V of them, item by item and in ascending order.

    Attributes:
        item: int64 (V,), the item of the batch.
        flat: int64 (V,), the action as a row-major index.
    """

    item: Tensor
    flat: Tensor


def pack(actions: Tensor, nvec: Sequence[int]) -> Tensor:
    """Returns uint8 (1, bytes) of valid actions (V, parts)."""
    valid = np.zeros((1, math.prod(nvec)), dtype=np.bool_)
    valid[0, flat_of(actions.long(), nvec).numpy()] = True
    return torch.from_numpy(np.packbits(valid, axis=1, bitorder="little"))


def unpack(packed: Tensor) -> ValidActions:
    """Lists the valid actions of uint8 (B, bytes).

    The work goes by the actions that are valid, but for one look at each byte.
    """
    item, byte = packed.nonzero(as_tuple=True)
    bits = torch.arange(8, dtype=torch.uint8, device=packed.device)
    which, bit = ((packed[item, byte, None] >> bits) & 1).nonzero(as_tuple=True)
    return ValidActions(item[which], byte[which] * 8 + bit)


def parts_of(flat: Tensor, nvec: Sequence[int]) -> Tensor:
    """Returns actions (V, parts) of row-major indices (V,)."""
    parts = []
    for size in reversed(nvec):
        parts.append(flat % size)
        flat = flat // size
    return torch.stack(parts[::-1], -1)


def flat_of(actions: Tensor, nvec: Sequence[int]) -> Tensor:
    """Returns the row-major indices (B,) of actions (B, parts)."""
    sizes = [math.prod(nvec[part + 1 :]) for part in range(len(nvec))]
    return (actions * torch.tensor(sizes, device=actions.device)).sum(-1)


def mask_parts(logits: Tensor, nvec: Sequence[int], packed: Tensor) -> Tensor:
    """Returns the logits with those choices ruled out that no valid action makes.

    Each part is looked at by itself, so that combinations of its choices may still be invalid.

    Args:
        logits: (B, L) with L the sum of ``nvec``.
        nvec: Number of choices of each part.
        packed: uint8 (B, bytes).
    """
    valid = unpack(packed)
    offsets = torch.tensor([sum(nvec[:part]) for part in range(len(nvec))], device=logits.device)
    allowed = torch.zeros(logits.shape, dtype=torch.bool, device=logits.device)
    allowed[valid.item[:, None], parts_of(valid.flat, nvec) + offsets] = True
    return logits.masked_fill(~allowed, _NEVER)
