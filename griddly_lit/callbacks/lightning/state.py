"""The state of a Lightning callback without tensors, as checkpoints hold it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_TENSOR = "__tensor__"


def without_tensors(value: Any) -> Any:
    """Returns nested values with each tensor as its numbers and shape."""
    if isinstance(value, Tensor):
        return {_TENSOR: value.detach().cpu().reshape(-1).numpy(), "shape": list(value.shape)}
    if isinstance(value, dict):
        return {name: without_tensors(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_tensors(each) for each in value]
    return value


def with_tensors(value: Any) -> Any:
    """Returns what :func:`without_tensors` was given, tuples as lists."""
    if isinstance(value, dict):
        if set(value) == {_TENSOR, "shape"}:
            return torch.as_tensor(value[_TENSOR]).reshape(value["shape"])
        return {name: with_tensors(each) for name, each in value.items()}
    return [with_tensors(each) for each in value] if isinstance(value, list) else value
