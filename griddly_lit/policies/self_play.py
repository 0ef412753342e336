"""What a user asks of self-play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from griddly_lit.arguments import checked_choice, checked_float, checked_int, optional_int
from griddly_lit.errors import OptionError

Opponent = Literal["latest", "uniform", "prioritised"]

LEAST_DECIDED = 30


@dataclass(frozen=True, kw_only=True)
class SelfPlay:
    """One policy learns against frozen snapshots of itself.

    In each episode the learner plays as one agent, drawn at random, and one snapshot as all others.
    The first snapshot is the policy as it was before training. The pool keeps it and the newest
    ones; it is part of the checkpoints.

    With more than two agents, the learner's score in a game is its mean score against each of the
    others, 1 for one it beat and 0.5 for a draw. So equals have an Elo of 0 and win rates of 0.5,
    however many play.

    Attributes:
        snapshot_every: Environment steps between snapshots.
        win_rate: Take a snapshot when the learner wins this share of the decided ones of the last
            100 games against the newest one. At least 30 of them have to be decided; a score of
            exactly 0.5 decides nothing. With ``snapshot_every``, whichever comes first.
        pool_size: Number of snapshots to keep, at least 2.
        opponent: ``latest`` plays the newest snapshot, ``uniform`` any of the pool, ``prioritised``
            the harder ones more often: with weights ``(1 - win rate)²``, as in prioritised
            fictitious self-play (Vinyals et al., "Grandmaster level in StarCraft II using
            multi-agent reinforcement learning", 2019).

    Raises:
        OptionError: A value is out of range, or there is no rule for snapshots.
    """

    snapshot_every: int | None = None
    win_rate: float | None = None
    pool_size: int = 10
    opponent: Opponent = "uniform"

    def __post_init__(self) -> None:
        if self.snapshot_every is None and self.win_rate is None:
            raise OptionError(
                "SelfPlay()", "nothing says when to take a snapshot", "Set snapshot_every"
            )
        values = {
            "snapshot_every": optional_int("snapshot_every", self.snapshot_every, 1),
            "win_rate": None if self.win_rate is None else _checked_win_rate(self.win_rate),
            # The first snapshot and the newest one.
            "pool_size": checked_int("pool_size", self.pool_size, 2),
            "opponent": checked_choice("opponent", self.opponent, get_args(Opponent)),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)


def _checked_win_rate(share: Any) -> float:
    value = checked_float("win_rate", share, 0.0, 1.0)
    if value in (0.0, 1.0):
        raise OptionError(
            f"win_rate={value}", "it lies between 0 and 1", "Pass a share such as 0.7"
        )
    return value
