"""What is known of a game before anyone plays it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class GameInfo:
    """Facts of one game seen through one choice of player observers, learned by the probe.

    Attributes:
        name: The game's own name.
        player_count: Number of players P.
        player_observers: Observer name of each player, length P.
        level_shapes: Observation shape (H, W, C) of each level and player: ``[level][player]``.
        grid_sizes: Grid size (width, height) of each level, in cells.
        avatar: Name of the object that players steer, or None in a game without avatars (RTS).
        action_names: Names of the action types, in the order of their ids.
        action_sizes: Number of ids of each action type, the no-op 0 included.
        channel_names: Meaning of the object channels of a vector observation, in order.
        variable_names: Names of the object variables, in the engine's channel order.
        outcomes: Which of ``win``, ``lose`` and ``end`` the game's own rules can lead to.
    """

    name: str
    player_count: int
    player_observers: tuple[str, ...]
    level_shapes: tuple[tuple[Shape, ...], ...]
    grid_sizes: tuple[tuple[int, int], ...]
    avatar: str | None
    action_names: tuple[str, ...]
    action_sizes: tuple[int, ...]
    channel_names: tuple[str, ...]
    variable_names: tuple[str, ...]
    outcomes: tuple[str, ...]

    @property
    def level_count(self) -> int:
        """Number of levels that the game brings along."""
        return len(self.level_shapes)

    @property
    def action_nvec(self) -> tuple[int, ...]:
        """Number of choices of each part of one player's action.

        The parts are ``[x, y]`` in a game without avatars, then the action type when there is more
        than one, then the action's id.
        """
        return self.action_nvec_on(
            max(w for w, _ in self.grid_sizes), max(h for _, h in self.grid_sizes)
        )

    def action_nvec_on(self, width: int, height: int) -> tuple[int, ...]:
        """Returns :attr:`action_nvec` for a grid of ``width`` × ``height`` cells."""
        location = () if self.avatar else (width, height)
        types = (len(self.action_names),) if len(self.action_names) > 1 else ()
        return (*location, *types, max(self.action_sizes))

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GameInfo:
        """Restores what :meth:`to_dict` gave, also after a trip through JSON."""
        return cls(**{name: _tuples(value) for name, value in values.items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value
