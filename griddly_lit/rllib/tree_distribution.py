"""The distribution over valid actions behind RLlib's interface."""

from __future__ import annotations

from typing import Any

import torch
from ray.rllib.core.distribution.distribution import Distribution
from torch import Tensor

from griddly_lit.models import ActionHead, Tree


class TreeDistribution(Distribution):  # type: ignore[misc]
    """:class:`griddly_lit.models.Tree` for RLlib's losses.

    Its inputs (B, L + bytes) are the logits and, as floats, the packed valid actions; of sequences,
    all is (B, T, …).
    """

    def __init__(self, tree: Tree, axes: torch.Size) -> None:
        super().__init__()
        self._tree = tree
        self._axes = axes

    @classmethod
    def from_logits(cls, logits: Tensor, head: ActionHead, **_: Any) -> TreeDistribution:
        """Makes the distribution; RLlib's losses call this."""
        rows = logits.reshape(-1, logits.shape[-1])
        plain, packed = rows[:, : head.num_logits], rows[:, head.num_logits :]
        tree = Tree(plain, head.nvec, packed.to(torch.uint8), head.actions_per_turn)
        return cls(tree, logits.shape[:-1])

    def logp(self, value: Tensor, **_: Any) -> Tensor:
        """Returns log-probabilities (B,) of actions (B, parts)."""
        actions = value.long().reshape(self._axes.numel(), -1)
        return self._tree.log_prob(actions).view(self._axes)

    def entropy(self, **_: Any) -> Tensor:
        """Returns entropies (B,)."""
        return self._tree.entropy().view(self._axes)

    def kl(self, other: TreeDistribution, **_: Any) -> Tensor:
        """Returns divergences (B,)."""
        return self._tree.kl(other._tree).view(self._axes)

    def sample(self, **_: Any) -> Tensor:
        """Returns actions, drawn from torch's global random state."""
        seed = int(torch.randint(2**62, ()))
        actions = self._tree.sample(torch.Generator().manual_seed(seed))[0]
        return actions.view(*self._axes, -1)

    def rsample(self, **_: Any) -> Tensor:
        """Raises NotImplementedError: actions are discrete."""
        raise NotImplementedError("actions are discrete")

    @staticmethod
    def required_input_dim(space: Any, **kwargs: Any) -> int:
        """Returns the number of inputs without the valid actions."""
        head: ActionHead = kwargs["head"]
        return head.num_logits
