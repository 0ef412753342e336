"""Replays of the first game of a runner, those that are to become videos."""

from __future__ import annotations

from griddly_lit.envs import EpisodeEnd, GriddlyEnvSpec
from griddly_lit.recording import EpisodeReplay, RecordingSchedule


def replay_of(spec: GriddlyEnvSpec, end: EpisodeEnd) -> EpisodeReplay:
    """Returns a finished episode as a replay that stands by itself."""
    return EpisodeReplay(
        text=spec.text,
        level=end.start.level,
        seed=end.start.seed,
        actions=end.actions,
        rewards=end.rewards,
        terminated=end.terminated,
        truncated=not end.terminated,
        outcomes=end.outcomes,
        max_steps=spec.max_steps,
        player_observers=spec.game.player_observers,
        global_observer=spec.global_observer_type,
        player_done_variable=spec.player_done_variable,
    )


class FirstGameReplays:
    """Keeps the episodes of game 0 that the schedule wants, until they are taken.

    Args:
        every_env_steps: Interval of the schedule, in steps of that game.
    """

    def __init__(self, every_env_steps: int) -> None:
        self._schedule = RecordingSchedule(every_env_steps)
        self._steps = 0
        self._wanted = self._schedule.wants(0)
        self._replays: list[EpisodeReplay] = []

    def step(self, spec: GriddlyEnvSpec, ends: list[EpisodeEnd]) -> None:
        """Looks at one step of all games.

        Args:
            spec: The environment.
            ends: Episodes that ended with it, in the order of their games.
        """
        self._steps += 1
        if ends and ends[0].index == 0:
            if self._wanted:
                self._replays.append(replay_of(spec, ends[0]))
            self._wanted = self._schedule.wants(self._steps)

    def take(self) -> list[EpisodeReplay]:
        """Returns the episodes since the last call."""
        replays, self._replays = self._replays, []
        return replays
