"""Validations and tests: which episodes are played, and what came of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from griddly_lit.envs import EpisodeEnd, GriddlyEnvSpec, Level
from griddly_lit.playing.episodes import EpisodeBatch, batches_of
from griddly_lit.playing.levels import EvaluationLevels
from griddly_lit.playing.results import EvaluationResult, summarise
from griddly_lit.policies import Policy

Play = Callable[[Sequence[EpisodeBatch]], list[EpisodeEnd]]
"""Plays batches, wherever that is."""
Played = tuple[EvaluationResult, list[EpisodeEnd]]


class Evaluator:
    """Evaluates the policies of one trainer.

    Args:
        env: The environment.
        policies: Who acts for whom.
        seed: The same seed gives the same episodes.
        record_events: Keep the engine's events of each episode.
    """

    def __init__(
        self, env: GriddlyEnvSpec, policies: Sequence[Policy], seed: int, record_events: bool
    ) -> None:
        self._env = env
        self._agents = {policy.name: policy.agents for policy in policies}
        self._seed = seed
        self._record_events = record_events
        self._levels = EvaluationLevels(env, seed)

    def validation(self, play: Play, levels: Any, episodes: int, deterministic: bool) -> Played:
        """Plays the training levels and those that are held out, see ``GriddlyTrainer.validate``."""
        if levels is not None:
            return self.test(play, levels, episodes, deterministic)
        chosen, each = self._levels.training("val", episodes)
        played = self._play(play, chosen, each, deterministic)
        held_out = (
            self._play(play, self._levels.held_out(), episodes, deterministic)
            if self._env.test_levels
            else []
        )
        return summarise(played, self._agents, held_out), [*played, *held_out]

    def test(self, play: Play, levels: Any, episodes: int, deterministic: bool) -> Played:
        """Plays levels that are named, held out or trained on, see ``GriddlyTrainer.test``."""
        if levels is not None:
            chosen, episodes = self._levels.named(levels, "test", episodes)
        elif self._env.test_levels:
            chosen = self._levels.held_out()
        else:
            chosen, episodes = self._levels.training("test", episodes)
        played = self._play(play, chosen, episodes, deterministic)
        return summarise(played, self._agents), played

    def _play(
        self, play: Play, levels: Sequence[Level], episodes: int, deterministic: bool
    ) -> list[EpisodeEnd]:
        return play(
            batches_of(
                levels,
                episodes,
                self._seed,
                deterministic=deterministic,
                record_events=self._record_events,
            )
        )
