"""A game that remembers its present episode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.engine import Game, StepResult
from griddly_lit.envs.episodes import EpisodeStart
from griddly_lit.envs.replays import replay_from
from griddly_lit.envs.spec import GriddlyEnvSpec
from griddly_lit.recording import EpisodeReplay
from griddly_lit.tracking.events import Counts, count_events, count_outcomes, no_counts


class TapedGame(Game):
    """A game whose last episode can be drawn, and whose agents' actions are counted.

    Its arguments are those of :class:`~griddly_lit.engine.Game`.

    Attributes:
        events: The engine's events of the last step; empty unless ``record_events``.
    """

    def __init__(self, *args: Any, record_events: bool = False, **options: Any) -> None:
        super().__init__(*args, record_events=record_events, **options)
        self.events: list[Mapping[str, Any]] = []
        self._result: StepResult | None = None
        self._counts = self._no_counts()
        self._begin(EpisodeStart(0, 0))

    def reset(self, level: int | str, seed: int) -> None:
        """Starts an episode; see :meth:`Game.reset`."""
        super().reset(level, seed)
        self._begin(EpisodeStart(level, seed))

    def step_unchecked(self, actions: NDArray[np.int32]) -> StepResult:
        """Plays one step; see :meth:`Game.step_unchecked`."""
        result = super().step_unchecked(actions)
        self._actions.append(actions.reshape(self.info.player_count, -1).copy())
        self._rewards.append(np.asarray(result.rewards, dtype=np.float32))
        self._result = result
        if self._records_events:
            self.events = self.take_events()
            self._counts.update(count_events(self.events))
        self._counts.update(count_outcomes(result.outcomes))
        return result

    def replay(self, spec: GriddlyEnvSpec) -> EpisodeReplay | None:
        """Returns the episode that has just ended; None while one goes on.

        Args:
            spec: The environment.
        """
        result = self._result
        if result is None or not (result.terminated or result.truncated):
            return None
        return replay_from(
            spec,
            self._start,
            np.stack(self._actions),
            np.stack(self._rewards),
            outcomes=result.outcomes,
            terminated=result.terminated,
        )

    def take_counts(self) -> Counts:
        """Returns how often each agent did what and met which outcome since the last call."""
        counts, self._counts = self._counts, self._no_counts()
        return counts

    def _begin(self, start: EpisodeStart) -> None:
        self._start = start
        self._actions: list[NDArray[np.int32]] = []
        self._rewards: list[NDArray[np.float32]] = []
        self._result = None
        self.events = []

    def _no_counts(self) -> Counts:
        return no_counts(self.info.player_count, self.info.action_names)
