"""Replays of the first game of a runner, those that are to become videos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from griddly_lit.envs import EpisodeEnd, GriddlyEnvSpec
from griddly_lit.envs.replays import replay_of
from griddly_lit.plain_state import State
from griddly_lit.recording import EpisodeReplay, RecordingSchedule, VideoRecording


class FirstGameReplays:
    """Keeps the episodes of game 0 that are to become videos, until they are taken.

    Args:
        video: Which ones.
        runner: Which of the runners this is, from 0.
        runners: Number of runners.
    """

    def __init__(self, video: VideoRecording, runner: int, runners: int) -> None:
        of_game, of_run = video.every_steps_per_env, video.every_env_steps
        self._counts_game = of_run is None
        if of_run is not None:
            self._schedule = RecordingSchedule(of_run, runner, runners)
        elif of_game is not None:
            self._schedule = RecordingSchedule(of_game)
        self._game_steps = 0
        self._wanted: bool | None = None
        self._replays: list[EpisodeReplay] = []

    def step(self, spec: GriddlyEnvSpec, ends: list[EpisodeEnd], env_steps: int) -> None:
        """Looks at one step of all games.

        Args:
            spec: The environment.
            ends: Episodes that ended with it, in the order of their games.
            env_steps: Environment steps of the run before it.
        """
        if self._wanted is None:
            # The first step of an episode.
            self._wanted = self._schedule.wants(
                self._game_steps if self._counts_game else env_steps
            )
        self._game_steps += 1
        if ends and ends[0].index == 0:
            if self._wanted:
                self._replays.append(replay_of(spec, ends[0]))
            self._wanted = None

    def state_dict(self) -> State:
        """Returns what decides which episodes are kept; those that were not taken are not in it."""
        return {
            "due": self._schedule.due,
            "game_steps": self._game_steps,
            "wanted": self._wanted,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over what :meth:`state_dict` gave."""
        due, wanted = state["due"], state["wanted"]
        self._schedule.due = None if due is None else int(due)
        self._game_steps = int(state["game_steps"])
        self._wanted = None if wanted is None else bool(wanted)

    def take(self) -> list[EpisodeReplay]:
        """Returns the episodes since the last call."""
        replays, self._replays = self._replays, []
        return replays
