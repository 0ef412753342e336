"""What the logits of a model mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor

from griddly_lit.arguments import checked_choice
from griddly_lit.models.distributions import ActionDistribution, Factored, Tree
from griddly_lit.models.valid_actions import mask_parts

ValidActionsMode = Literal["off", "mask", "tree"]


@dataclass(frozen=True)
class ActionHead:
    """From logits to a distribution of actions.

    Attributes:
        nvec: Number of choices of each part of one action.
        actions_per_turn: Actions a step, one after the other; they are independent of each other.
        valid_actions: ``off`` leaves all choices in. ``mask`` rules out, part by part, what no
            valid action chooses. ``tree`` draws valid actions only.

    Raises:
        OptionError: There is no such way.
    """

    nvec: tuple[int, ...]
    actions_per_turn: int = 1
    valid_actions: ValidActionsMode = "off"

    def __post_init__(self) -> None:
        checked_choice("valid_actions", self.valid_actions, get_args(ValidActionsMode))

    @property
    def all_parts(self) -> tuple[int, ...]:
        """Number of choices of each part of all actions of a step."""
        return self.nvec * self.actions_per_turn

    @property
    def num_logits(self) -> int:
        """Number of logits L."""
        return sum(self.all_parts)

    def masked(self, logits: Tensor, packed: Tensor) -> Tensor:
        """Returns logits (B, L) as ``mask`` has them; ``packed`` is uint8 (B, bytes)."""
        turns = self.actions_per_turn
        each = logits.reshape(-1, sum(self.nvec))
        return mask_parts(each, self.nvec, packed.repeat_interleave(turns, 0)).view_as(logits)

    def distribution(self, logits: Tensor, packed: Tensor) -> ActionDistribution:
        """Returns the distribution of actions (B, parts).

        Args:
            logits: (B, L).
            packed: Valid actions, uint8 (B, bytes); not looked at when they are ``off``.
        """
        if self.valid_actions == "tree":
            return Tree(logits, self.nvec, packed, self.actions_per_turn)
        if self.valid_actions == "mask":
            logits = self.masked(logits, packed)
        return Factored(logits, self.all_parts)
