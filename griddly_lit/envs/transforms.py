"""Transforms: what a user makes of played steps before anyone learns from them."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.errors import OptionError
from griddly_lit.plain_state import State, rng_state, set_rng_state


@dataclass
class EpisodePart:
    """The steps of one agent in one episode within a sampled fragment: T of them, in order.

    Attributes:
        observations: uint8 (T + 1, H, W, C); the last one is what followed the last step.
        actions: int64 (T, parts of the action).
        rewards: float32 (T,), of the game.
        agent: The agent's id, 1 … P.
        begins: Whether the first step is the episode's first; otherwise earlier ones were in an
            earlier fragment.
        terminated: Whether the episode ended with the last step, by the rules of the game.
        truncated: Whether it was cut there by the step limit.
    """

    observations: NDArray[np.uint8]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float32]
    agent: int
    begins: bool
    terminated: bool
    truncated: bool


class Transform(ABC):
    """Changes what is learned from: shaped or intrinsic rewards, augmented observations.

    An env runner calls it with each part of an episode, after the steps were played, so the agent
    acts on what the game shows and is scored by the game's own rewards. Each runner works on a copy
    of its own. The state, if it has any, is part of a runner's state in checkpoints.
    """

    @abstractmethod
    def __call__(self, part: EpisodePart, rng: np.random.Generator) -> None:
        """Changes a part's ``rewards`` or ``observations``, in place or for others of that shape.

        Args:
            part: The part.
            rng: What is random draws from it, so that a seeded run repeats itself.
        """

    def state_dict(self) -> State:
        """Returns what goes on as it would have: plain values and NumPy arrays by name."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:  # noqa: B027, most have no state
        """Takes over what :meth:`state_dict` gave."""


class Transforms:
    """The transforms of one env runner, in their order.

    Args:
        transforms: They are copied.
        seed: Of the randomness.
    """

    def __init__(self, transforms: Sequence[Transform], seed: Sequence[int]) -> None:
        self._transforms = copy.deepcopy(list(transforms))
        self._rng = np.random.default_rng(seed)

    def __call__(self, part: EpisodePart) -> None:
        """Runs them over a part.

        Raises:
            OptionError: One changed a shape or a type, or gave a reward that is not finite.
        """
        for transform in self._transforms:
            before = [(column.shape, column.dtype) for column in (part.observations, part.rewards)]
            transform(part, self._rng)
            for name, (shape, dtype) in zip(("observations", "rewards"), before, strict=True):
                column = np.asarray(getattr(part, name))
                if (column.shape, column.dtype) != (shape, dtype):
                    raise _error(
                        transform,
                        f"it made {name} of {shape} {dtype} to {column.shape} {column.dtype}",
                        "Keep shape and type",
                    )
            if not np.isfinite(part.rewards).all():
                raise _error(transform, "it gave a reward that is not finite", "Bound it")

    def state_dict(self) -> State:
        """Returns what goes on as it would have."""
        return {
            "names": self._names(),
            "states": [transform.state_dict() for transform in self._transforms],
            "rng": rng_state(self._rng),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over what :meth:`state_dict` gave.

        Raises:
            ValueError: It is that of other transforms.
        """
        if list(state["names"]) != self._names():
            raise ValueError(f"its transforms are {state['names']}, not {self._names()}")
        for transform, of_transform in zip(self._transforms, state["states"], strict=True):
            transform.load_state_dict(of_transform)
        set_rng_state(self._rng, state["rng"])

    def _names(self) -> list[str]:
        return [type(transform).__name__ for transform in self._transforms]


def _error(transform: Transform, rule: str, mend: str) -> OptionError:
    return OptionError(f"transforms: {type(transform).__name__}", rule, mend)
