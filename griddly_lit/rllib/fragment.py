"""Columns of one sampled fragment, and the RLlib episodes cut from them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.env.utils.infinite_lookback_buffer import InfiniteLookbackBuffer

from griddly_lit.envs import EpisodeEnd, EpisodePart, PlayerBlock, Transforms
from griddly_lit.envs.spaces import flat_actions
from griddly_lit.policies import Policy
from griddly_lit.policies.acting import Acted
from griddly_lit.rllib.columns import MEMORY, VALID_ACTIONS
from griddly_lit.rllib.seats import Seats


class _Cut(NamedTuple):
    """A part of an episode within the fragment: rows ``start`` to ``stop`` of a seat."""

    seat: int
    start: int
    stop: int
    policy: int
    episode: str
    steps_before: int
    terminated: bool = False
    truncated: bool = False
    last_observation: NDArray[np.uint8] | None = None


class Fragment:
    """T steps of the seats of a block in arrays, seat by seat, so that an episode is a slice.

    Args:
        steps: T.
        block: The seats' observations and valid actions; it holds the first ones now.
        seats: Who sits there; brought up to date when someone leaves.
        policies: The policies by number. Nothing is kept of those that do not learn.
        spaces: Observation and action space of each policy by its name.
        memory_sizes: Numbers of each policy's state, 0 without a memory, by its name.
    """

    def __init__(
        self,
        steps: int,
        block: PlayerBlock,
        seats: Seats,
        policies: Mapping[int, Policy],
        spaces: Mapping[str, tuple[Any, Any]],
        memory_sizes: Mapping[str, int],
    ) -> None:
        self._block = block
        self._seats = seats
        self._policies = policies
        self._spaces = spaces
        self._memory_sizes = memory_sizes
        head = policies[0].head
        shape = (len(block.observations), steps)
        grid = block.observations.shape[1:]
        self._observations = np.empty((shape[0], steps + 1, *grid), dtype=np.uint8)
        self._observations[:, 0] = block.observations
        self._actions = np.zeros((*shape, len(head.all_parts)), dtype=np.int64)
        self._rewards = np.empty(shape, dtype=np.float32)
        self._log_probs = np.zeros(shape, dtype=np.float32)
        self._logits = np.zeros((*shape, head.num_logits), dtype=np.float32)
        self._values: NDArray[np.float32] | None = None
        self._valid = np.empty((*shape, block.valid_actions.shape[1]), dtype=np.uint8)
        # Before each step, and after the last.
        self._memory = np.empty((shape[0], steps + 1, seats.memory.shape[1]), dtype=np.float32)
        self._memory[:, 0] = seats.memory
        self._cuts: list[_Cut] = []
        self._step = 0

    def act(self, seats: slice | NDArray[np.int64], acted: Acted) -> None:
        """Notes what a policy does in some of the seats."""
        self._actions[seats, self._step] = acted.actions
        self._log_probs[seats, self._step] = acted.log_probs
        self._logits[seats, self._step] = acted.logits
        if acted.values is not None:
            if self._values is None:
                self._values = np.zeros_like(self._log_probs)
            self._values[seats, self._step] = acted.values
        if acted.states is not None:
            self._seats.memory[seats, : acted.states.shape[1]] = acted.states

    @property
    def actions(self) -> NDArray[np.int64]:
        """Actions of the present step, (players of the block, N, parts); zeros where none acts."""
        players, games = len(self._block.players), self._seats.games
        return self._actions[:, self._step].reshape(players, games, -1)

    @property
    def values(self) -> NDArray[np.float32] | None:
        """Values of the present step, float32 (players of the block, N); None where policies give none.

        NaN where none acts, or a policy that does not learn.
        """
        learning = [number for number, policy in self._policies.items() if policy.trained]
        acts = self._seats.playing & np.isin(self._seats.policy, learning)
        values = np.full(len(acts), np.nan, dtype=np.float32)
        if acts.any():
            if self._values is None:
                return None
            values[acts] = self._values[acts, self._step]
        return values.reshape(len(self._block.players), self._seats.games)

    def before_step(self) -> None:
        """Notes the valid actions that the present step's actions were drawn from."""
        self._valid[:, self._step] = self._block.valid_actions

    def after_step(
        self, rewards: NDArray[np.float32], left: NDArray[np.bool_], ends: Sequence[EpisodeEnd]
    ) -> None:
        """Adds what the games answered; the block holds the next observations.

        Args:
            rewards: float32 (N, players of the game).
            left: bool (N, players of the game), who left with this step.
            ends: Episodes that ended with it.
        """
        block, games = self._block, self._seats.games
        step, self._step = self._step, self._step + 1
        self._rewards[:, step] = rewards[:, block.players].T.reshape(-1)
        self._observations[:, step + 1] = block.observations
        self._memory[:, step + 1] = self._seats.memory
        if left.any():
            over = {end.index: end for end in ends}
            for k, game in np.argwhere(left[:, block.players].T).tolist():
                seat = k * games + game
                # A game that is over shows the next episode already.
                end = over.get(game)
                last = None if end is None else end.observations[block.players[k]]
                self._cut(seat, terminated=True, last_observation=last)
                self._seats.leave(seat)
        for end in ends:
            for k, player in enumerate(block.players):
                seat = k * games + end.index
                if self._seats.playing[seat]:
                    self._cut(
                        seat,
                        terminated=end.terminated,
                        truncated=not end.terminated,
                        last_observation=end.observations[player],
                    )

    def episodes(self, transforms: Transforms | None = None) -> list[SingleAgentEpisode]:
        """Returns the episodes: finished ones first, then the beginnings of others.

        Args:
            transforms: Change what is learned from.
        """
        for seat in np.flatnonzero(self._seats.playing).tolist():
            if self._seats.starts[seat] < self._step:
                self._cut(seat)
        self._seats.carry_over(self._step)
        return [self._episode(cut, transforms) for cut in self._cuts]

    def _cut(self, seat: int, **end: Any) -> None:
        seats = self._seats
        policy = int(seats.policy[seat])
        if self._policies[policy].trained:
            self._cuts.append(
                _Cut(
                    seat=seat,
                    start=seats.starts[seat],
                    stop=self._step,
                    policy=policy,
                    episode=seats.episodes[seat],
                    steps_before=seats.steps[seat],
                    **end,
                )
            )

    def _episode(self, cut: _Cut, transforms: Transforms | None) -> SingleAgentEpisode:
        policy = self._policies[cut.policy]
        observation_space, action_space = self._spaces[policy.name]
        span = slice(cut.start, cut.stop)
        observations = self._observations[cut.seat, cut.start : cut.stop + 1]
        if cut.last_observation is not None:
            # The slot after the last step already holds the next episode's first observation.
            observations = np.concatenate(
                [self._observations[cut.seat, span], cut.last_observation[np.newaxis]]
            )
        agent = self._seats.players[cut.seat // self._seats.games] + 1
        part = EpisodePart(
            observations,
            self._actions[cut.seat, span],
            self._rewards[cut.seat, span],
            agent,
            begins=not cut.steps_before,
            terminated=cut.terminated,
            truncated=cut.truncated,
        )
        if transforms is not None:
            transforms(part)
        outputs = {
            Columns.ACTION_LOGP: _column(self._log_probs[cut.seat, span]),
            Columns.ACTION_DIST_INPUTS: _column(self._logits[cut.seat, span]),
        }
        if self._values is not None:
            outputs[Columns.VF_PREDS] = _column(self._values[cut.seat, span])
        if policy.head.valid_actions != "off":
            outputs[VALID_ACTIONS] = _column(self._valid[cut.seat, span])
        size = self._memory_sizes[policy.name]
        if size:
            # RLlib's learner looks back for the state that a later part of an episode begins with.
            lookback = int(cut.steps_before > 0)
            states = self._memory[cut.seat, cut.start + 1 - lookback : cut.stop + 1, :size]
            outputs[Columns.STATE_OUT] = InfiniteLookbackBuffer({MEMORY: states}, lookback=lookback)
        # Each part is a row of its own to the learner, so its id is, too.
        who = (
            {
                "agent_id": agent,
                "module_id": policy.name,
                "multi_agent_episode_id": uuid.uuid4().hex,
            }
            if not policy.alone
            else {}
        )
        return SingleAgentEpisode(
            id_=cut.episode,
            **who,
            observations=_column(part.observations, observation_space),
            actions=_column(flat_actions(part.actions), action_space),
            rewards=_column(part.rewards),
            infos=InfiniteLookbackBuffer([{}] * len(observations)),
            terminated=cut.terminated,
            truncated=cut.truncated,
            extra_model_outputs=outputs,
            t_started=cut.steps_before,
            len_lookback_buffer=0,
        )


def _column(array: NDArray[Any], space: Any = None) -> InfiniteLookbackBuffer:
    return InfiniteLookbackBuffer(array, lookback=0, space=space)
