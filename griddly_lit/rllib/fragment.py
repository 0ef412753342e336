"""Columns of one sampled fragment, and the RLlib episodes cut from them."""

from __future__ import annotations

import uuid
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.env.utils.infinite_lookback_buffer import InfiniteLookbackBuffer

from griddly_lit.envs import EpisodeEnd
from griddly_lit.envs.spaces import flat_actions


class EpisodeIds:
    """Who each game's present episode is, across fragments."""

    def __init__(self, count: int) -> None:
        self.ids = [uuid.uuid4().hex for _ in range(count)]
        self.steps = [0] * count


class Fragment:
    """T steps of N games in arrays, game by game, so that an episode is a slice.

    Args:
        steps: T.
        observations: The first observations, uint8 (N, H, W, C).
        parts: Number of parts of an action.
        logits: Number of logits.
    """

    def __init__(
        self, steps: int, observations: NDArray[np.uint8], parts: int, logits: int
    ) -> None:
        count = len(observations)
        self._observations = np.empty((count, steps + 1, *observations.shape[1:]), dtype=np.uint8)
        self._observations[:, 0] = observations
        self._actions = np.empty((count, steps, parts), dtype=np.int64)
        self._rewards = np.empty((count, steps), dtype=np.float32)
        self._log_probs = np.empty((count, steps), dtype=np.float32)
        self._logits = np.empty((count, steps, logits), dtype=np.float32)
        self._ends: list[tuple[int, EpisodeEnd]] = []
        self._steps = 0

    def add(
        self,
        actions: NDArray[np.int64],
        log_probs: NDArray[np.float32],
        logits: NDArray[np.float32],
        rewards: NDArray[np.float32],
        observations: NDArray[np.uint8],
        ends: list[EpisodeEnd],
    ) -> None:
        """Adds one step of all games and the observations that followed it."""
        step = self._steps
        self._actions[:, step] = actions
        self._log_probs[:, step] = log_probs
        self._logits[:, step] = logits
        self._rewards[:, step] = rewards
        self._observations[:, step + 1] = observations
        self._ends.extend((step, end) for end in ends)
        self._steps += 1

    def episodes(
        self, ids: EpisodeIds, observation_space: gymnasium.Space[Any], action_space: Any
    ) -> list[SingleAgentEpisode]:
        """Cuts the columns into episodes: finished ones first, then the beginnings of others.

        Args:
            ids: Identities of the present episodes; brought up to date.
            observation_space: Space of one observation.
            action_space: Space of one action.
        """
        count = len(self._actions)
        starts = [0] * count

        def cut(game: int, stop: int, end: EpisodeEnd | None) -> SingleAgentEpisode:
            start = starts[game]
            span = slice(start, stop)
            observations = self._observations[game, start : stop + 1]
            if end is not None:
                # The slot after the last step already holds the next episode's first observation.
                observations = np.concatenate(
                    [self._observations[game, span], end.observations[0][np.newaxis]]
                )
            episode = SingleAgentEpisode(
                id_=ids.ids[game],
                observations=_column(observations, observation_space),
                actions=_column(flat_actions(self._actions[game, span]), action_space),
                rewards=_column(self._rewards[game, span]),
                infos=InfiniteLookbackBuffer([{}] * len(observations)),
                terminated=end is not None and end.terminated,
                truncated=end is not None and not end.terminated,
                extra_model_outputs={
                    Columns.ACTION_LOGP: _column(self._log_probs[game, span]),
                    Columns.ACTION_DIST_INPUTS: _column(self._logits[game, span]),
                },
                t_started=ids.steps[game],
                len_lookback_buffer=0,
            )
            starts[game] = stop
            if end is None:
                ids.steps[game] += stop - start
            else:
                ids.ids[game] = uuid.uuid4().hex
                ids.steps[game] = 0
            return episode

        finished = [cut(end.index, step + 1, end) for step, end in self._ends]
        rest = [game for game in range(count) if starts[game] < self._steps]
        return finished + [cut(game, self._steps, None) for game in rest]


def _column(array: NDArray[Any], space: Any = None) -> InfiniteLookbackBuffer:
    return InfiniteLookbackBuffer(array, lookback=0, space=space)
