"""Distributions of actions. Actions are int64 (B, parts); all else is float32."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from griddly_lit.models.valid_actions import flat_of, parts_of, unpack


class ActionDistribution(ABC):
    """What is asked of any of them."""

    @abstractmethod
    def sample(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Returns actions (B, parts) and their log-probabilities (B,).

        Args:
            generator: The only source of randomness, on the device of the logits.
        """

    @abstractmethod
    def mode(self) -> Tensor:
        """Returns the most probable actions (B, parts); of equals, the first."""

    @abstractmethod
    def log_prob(self, actions: Tensor) -> Tensor:
        """Returns the log-probabilities (B,) of actions (B, parts)."""

    @abstractmethod
    def entropy(self) -> Tensor:
        """Returns the entropies (B,) in nats."""


class Factored(ActionDistribution):
    """Independent categoricals, one for each part of an action.

    Args:
        logits: (B, L), of any float type and finite, with L the sum of ``nvec``.
        nvec: Number of choices of each part.
    """

    def __init__(self, logits: Tensor, nvec: Sequence[int]) -> None:
        self._logits = logits
        self._nvec = list(nvec)
        parts = torch.split(logits.float(), self._nvec, -1)
        self._log_probs = [part.log_softmax(-1) for part in parts]

    def sample(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """See :class:`ActionDistribution`."""
        shape = (len(self._nvec), len(self._logits), 1)
        uniform = torch.rand(shape, generator=generator, device=self._logits.device)
        actions, log_probs = [], []
        for part, threshold in zip(self._log_probs, uniform, strict=True):
            # Inverse CDF: one random number a part, where Gumbel-max needs one a logit. Against
            # the sum, which rounding may keep below 1, so that no choice of probability 0 is taken.
            sums = part.exp().cumsum(-1)
            action = (sums[:, :-1] <= threshold * sums[:, -1:]).sum(-1, keepdim=True)
            actions.append(action)
            log_probs.append(part.gather(-1, action))
        return torch.cat(actions, -1), torch.cat(log_probs, -1).sum(-1)

    def mode(self) -> Tensor:
        """See :class:`ActionDistribution`."""
        parts = torch.split(self._logits, self._nvec, -1)
        return torch.cat([part.argmax(-1, keepdim=True) for part in parts], -1)

    def log_prob(self, actions: Tensor) -> Tensor:
        """See :class:`ActionDistribution`."""
        parts = zip(self._log_probs, torch.split(actions, 1, -1), strict=True)
        return torch.cat([part.gather(-1, action) for part, action in parts], -1).sum(-1)

    def entropy(self) -> Tensor:
        """See :class:`ActionDistribution`."""
        parts = [-(part.exp() * part).sum(-1, keepdim=True) for part in self._log_probs]
        return torch.cat(parts, -1).sum(-1)


class Tree(ActionDistribution):
    """Valid actions only: each part is drawn among those choices that the parts before it leave.

    A part's probabilities are the softmax of its logits over the branches of the tree at hand, so
    an action's probability is the product along its path, and those of all valid actions sum to 1.
    All valid actions are listed with their probabilities; drawing one of them is the same as
    walking down the tree, without a step a part.

    Source of masking along a tree: Bamford and Ovalle, "Generalising Discrete Action Spaces with
    Conditional Action Trees", https://arxiv.org/abs/2104.07294.

    Args:
        logits: (B, turns · L), of any float type and finite, with L the sum of ``nvec``.
        nvec: Number of choices of each part of one action.
        packed: The valid actions, uint8 (B, bytes), see :mod:`griddly_lit.models.valid_actions`.
        turns: Actions drawn for each item, independently; they are one action of as many times
            the parts to the outside.
    """

    def __init__(self, logits: Tensor, nvec: Sequence[int], packed: Tensor, turns: int = 1) -> None:
        self._nvec = tuple(nvec)
        self._turns = turns
        self._batch = len(logits) * turns
        self._valid = unpack(packed.repeat_interleave(turns, 0) if turns > 1 else packed)
        self._log_probs = self._walk(logits.float().reshape(self._batch, -1))

    def sample(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """See :class:`ActionDistribution`."""
        item = self._valid.item
        # One CDF over the whole batch, in double precision, as it ends at B.
        sums = self._log_probs.detach().double().exp().cumsum(0)
        last = item.bincount(minlength=self._batch).cumsum(0) - 1
        until = sums[last]
        since = torch.cat([until.new_zeros(1), until[:-1]])
        uniform = torch.rand(
            self._batch, generator=generator, device=sums.device, dtype=torch.float64
        )
        drawn = torch.searchsorted(sums, since + uniform * (until - since), right=True)
        drawn = drawn.minimum(last)
        return self._parts(drawn), self._per_item(self._log_probs[drawn])

    def mode(self) -> Tensor:
        """See :class:`ActionDistribution`."""
        item = self._valid.item
        best = _reduced("amax", self._log_probs, item, self._batch)
        winners = (self._log_probs == best[item]).nonzero().squeeze(-1)
        first = _reduced("amin", winners, item[winners], self._batch)
        return self._parts(first)

    def log_prob(self, actions: Tensor) -> Tensor:
        """See :class:`ActionDistribution`; that of an invalid action is minus infinity."""
        item = self._valid.item
        single = actions.reshape(self._batch, len(self._nvec))
        taken = self._valid.flat == flat_of(single, self._nvec)[item]
        log_probs = self._log_probs.new_full((self._batch,), -torch.inf)
        return self._per_item(log_probs.scatter(0, item[taken], self._log_probs[taken]))

    def entropy(self) -> Tensor:
        """See :class:`ActionDistribution`."""
        return self._mean(-self._log_probs)

    def kl(self, other: Tree) -> Tensor:
        """Returns the divergence (B,) of another tree with the same valid actions from this one."""
        return self._mean(self._log_probs - other._log_probs)

    def _mean(self, values: Tensor) -> Tensor:
        weighted = self._log_probs.exp() * values
        sums = weighted.new_zeros(self._batch).index_add(0, self._valid.item, weighted)
        return self._per_item(sums)

    def _per_item(self, values: Tensor) -> Tensor:
        return values.view(-1, self._turns).sum(-1)

    def _parts(self, valid: Tensor) -> Tensor:
        parts = parts_of(self._valid.flat[valid], self._nvec)
        return parts.view(-1, self._turns * len(self._nvec))

    def _walk(self, logits: Tensor) -> Tensor:
        """Returns the log-probability of every valid action (V,)."""
        item, flat = self._valid
        log_probs = logits.new_zeros(len(flat))
        above, count = item, self._batch
        offset, rest = 0, math.prod(self._nvec)
        for size in self._nvec:
            rest //= size
            # A node of this depth is a run of actions that agree so far.
            prefix = flat // rest
            changes = torch.ones_like(item, dtype=torch.bool)
            changes[1:] = (item[1:] != item[:-1]) | (prefix[1:] != prefix[:-1])
            first = changes.nonzero().squeeze(-1)
            node = changes.cumsum(0) - 1
            logit = logits[item[first], offset + prefix[first] % size]
            log_probs = log_probs + _log_softmax(logit, above[first], count)[node]
            above, count = node, len(first)
            offset += size
        return log_probs


def _log_softmax(values: Tensor, group: Tensor, groups: int) -> Tensor:
    """Returns the log-softmax of values (V,) within groups (V,), which are numbered from 0."""
    most = _reduced("amax", values.detach(), group, groups)[group]
    sums = values.new_zeros(groups).index_add(0, group, (values - most).exp())
    return values - most - sums.log()[group]


def _reduced(how: str, values: Tensor, group: Tensor, groups: int) -> Tensor:
    return values.new_zeros(groups).scatter_reduce(0, group, values, how, include_self=False)
