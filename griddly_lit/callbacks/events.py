"""What callbacks are told of an event, as values that never change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rollout:
    """What was sampled in one iteration.

    Attributes:
        env_steps: Environment steps.
        episodes: Episodes that ended.
        seconds: How long that took; None where the algorithm samples all the while, as APPO and
            IMPALA do.
    """

    env_steps: int
    episodes: int
    seconds: float | None


@dataclass(frozen=True)
class Episode:
    """One episode that ended in training.

    Attributes:
        returns: Return of each agent, 1 … P.
        length: Steps.
        won: Whether each agent won.
    """

    returns: tuple[float, ...]
    length: int
    won: tuple[bool, ...]

    @property
    def total(self) -> float:
        """Return, summed over the agents."""
        return sum(self.returns)
