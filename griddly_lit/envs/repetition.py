"""Playing the beginning of an episode again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from griddly_lit.engine import Game


class Repeated(NamedTuple):
    """What came of it.

    Attributes:
        rewards: float32 (steps, players).
        lengths: Integers (players,), the steps that each player took part in.
        active: bool (players,), who takes part in the step to come.
    """

    rewards: NDArray[np.float32]
    lengths: NDArray[np.int64]
    active: NDArray[np.bool_]


def repeat(game: Game, actions: NDArray[np.integer[Any]]) -> Repeated:
    """Plays actions of an episode that did not end with them.

    Args:
        game: It has just been reset as it was then.
        actions: Checked ones, (steps, players, parts).

    Raises:
        ValueError: The episode ends.
    """
    players = game.info.player_count
    rewards = np.zeros((len(actions), players), dtype=np.float32)
    lengths = np.zeros(players, dtype=np.int64)
    active = np.ones(players, dtype=np.bool_)
    for step, of_step in enumerate(actions):
        result = game.step_unchecked(of_step)
        if result.terminated or result.truncated:
            raise ValueError(f"the episode ends at step {step + 1} of {len(actions)}")
        rewards[step] = result.rewards
        lengths += active
        active = ~game.departed()
    return Repeated(rewards, lengths, active)
