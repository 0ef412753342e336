"""One call of a module on zeros, which leaves no trace in it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from griddly_lit.models.recurrent import StateLayout

BATCH = 2


def dry_run(module: nn.Module, observation_shape: tuple[int, ...]) -> Any:
    """Returns what the module gives for two uint8 observations of zeros, at an episode's beginning.

    It is in evaluation mode meanwhile, so that no statistics of normalisations change.

    Args:
        module: A built model; it is used on the device of its parameters.
        observation_shape: (H, W, C) of one observation.
    """
    parameter = next(module.parameters(), torch.empty(0))
    zeros = torch.zeros((BATCH, *observation_shape), dtype=torch.uint8, device=parameter.device)
    modes = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        with torch.no_grad():
            layout = StateLayout.of(module)
            if layout is None:
                return module(zeros)
            rows = layout.initial(module).to(zeros.device).expand(BATCH, -1)
            return module(zeros, layout.state(rows))
    finally:
        for part, training in modes:
            part.training = training
