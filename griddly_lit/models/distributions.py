"""The distribution of actions: independent categoricals, one for each part of an action.

In all functions ``logits`` is (B, L), of any float type and finite, and ``nvec`` holds the number
of choices of each part, with L as their sum. Actions are int64 (B, parts); all else is float32.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def sample(
    logits: Tensor, nvec: Sequence[int], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Returns actions (B, parts), drawn with the generator, and their log-probabilities (B,).

    Args:
        logits: (B, L).
        nvec: Number of choices of each part.
        generator: The only source of randomness, on the device of the logits.
    """
    uniform = torch.rand(len(nvec), len(logits), 1, generator=generator, device=logits.device)
    actions, log_probs = [], []
    for part, threshold in zip(_log_probs(logits, nvec), uniform, strict=True):
        # Inverse CDF: one random number a part, where Gumbel-max needs one a logit. The last sum
        # is left out, as rounding may keep it below the threshold.
        action = (part.exp().cumsum(-1)[:, :-1] <= threshold).sum(-1, keepdim=True)
        actions.append(action)
        log_probs.append(part.gather(-1, action))
    return torch.cat(actions, -1), torch.cat(log_probs, -1).sum(-1)


def log_prob(logits: Tensor, nvec: Sequence[int], actions: Tensor) -> Tensor:
    """Returns the log-probabilities (B,) of actions (B, parts)."""
    parts = zip(_log_probs(logits, nvec), torch.split(actions, 1, -1), strict=True)
    return torch.cat([part.gather(-1, action) for part, action in parts], -1).sum(-1)


def entropy(logits: Tensor, nvec: Sequence[int]) -> Tensor:
    """Returns the entropies (B,) in nats, summed over the parts."""
    parts = [-(part.exp() * part).sum(-1, keepdim=True) for part in _log_probs(logits, nvec)]
    return torch.cat(parts, -1).sum(-1)


def mode(logits: Tensor, nvec: Sequence[int]) -> Tensor:
    """Returns the most probable actions (B, parts); of equals, the first."""
    parts = torch.split(logits, list(nvec), -1)
    return torch.cat([part.argmax(-1, keepdim=True) for part in parts], -1)


def _log_probs(logits: Tensor, nvec: Sequence[int]) -> list[Tensor]:
    return [part.log_softmax(-1) for part in torch.split(logits.float(), list(nvec), -1)]
