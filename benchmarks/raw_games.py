"""Sampling by hand: raw engine calls, a network, a categorical for each part of an action, arrays.

It is what a script without any library would do, and the measure of what a library adds.
"""

from __future__ import annotations

from collections import deque
from functools import reduce

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from griddly_lit import GriddlyEnvSpec
from griddly_lit.engine import binding
from side_by_side import Part


class NoNetwork(nn.Module):
    """Gives what an untrained policy gives, at no cost."""

    def __init__(self, logits: int) -> None:
        super().__init__()
        self._logits = torch.zeros(1, logits)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        logits = self._logits.expand(len(observations), -1).contiguous()
        return logits, logits[:, 0]


class RawGames:
    """Games as a script would drive the engine, each reset when it ends.

    Attributes:
        observations: uint8 (N, P, H, W, C); what players saw last who have left.
        present: bool (N, P), who takes part in the step to come.
        rewards: float32 (N, P), of the last step.
        dones: bool (N,), whether it ended an episode.
    """

    def __init__(self, spec: GriddlyEnvSpec, count: int, seed: int) -> None:
        gdy = binding.load_gdy(spec.text)
        self._max_steps = spec.max_steps
        self._done_variable = spec.player_done_variable
        self._levels = spec.level_source.indices()
        self._rng = np.random.default_rng(seed)
        self._games = [binding.create_game(gdy) for _ in range(count)]
        self._players = [
            [
                game.register_player(f"player {number}", observer)
                for number, observer in enumerate(spec.game.player_observers)
            ]
            for game in self._games
        ]
        self._numbers = range(1, spec.game.player_count + 1)
        self._everyone = [True] * spec.game.player_count
        self._steps = [0] * count
        shape = (count, spec.game.player_count)
        self.observations = np.zeros((*shape, *spec.observation_shapes[0]), dtype=np.uint8)
        self.present = np.ones(shape, dtype=np.bool_)
        self.rewards = np.zeros(shape, dtype=np.float32)
        self.dones = np.zeros(count, dtype=np.bool_)
        for index, game in enumerate(self._games):
            game.init(False)
            self._reset(index)

    def step(self, actions: NDArray[np.int32]) -> None:
        """Plays actions (N, P, parts)."""
        all_rewards, dones, all_present = [], [], []
        for index, game in enumerate(self._games):
            rewards, done, _ = game.step_parallel(actions[index])
            self._steps[index] += 1
            present = self._everyone
            if self._done_variable is not None:
                left = game.get_global_variable([self._done_variable])[self._done_variable]
                present = [left[number] != 1 for number in self._numbers]
                done = done or not any(present)
            done = done or self._steps[index] == self._max_steps
            if done:
                self._reset(index)
                present = self._everyone
            else:
                self._observe(index, present)
            all_rewards.append(rewards)
            dones.append(done)
            all_present.append(present)
        self.rewards[:], self.dones[:] = all_rewards, dones
        if self._done_variable is not None:
            self.present[:] = all_present

    def _reset(self, index: int) -> None:
        game = self._games[index]
        game.load_level(self._levels[int(self._rng.integers(len(self._levels)))])
        game.seed(int(self._rng.integers(2**32)))
        game.reset()
        self._steps[index] = 0
        self._observe(index, self._everyone)

    def _observe(self, index: int, present: list[bool]) -> None:
        for player, engine_player in enumerate(self._players[index]):
            if present[player]:
                self.observations[index, player] = np.asarray(engine_player.observe()).T


class BareLoop:
    """Sampling by hand, and its two parts.

    Args:
        spec: The environment; all players see observations of one shape.
        network: Acts for all players. It is called once a step, for those who have left, too.
        count: Number of games N.
        batch: Environment steps a batch.
        seed: Seed of the games.
    """

    def __init__(
        self, spec: GriddlyEnvSpec, network: nn.Module, count: int, batch: int, seed: int
    ) -> None:
        self._nvec = list(spec.action_nvec)
        self._network = network
        self._games = RawGames(spec, count, seed)
        # Plays what the loop played: same seeds, same actions, so the same episodes.
        self._twin = RawGames(spec, count, seed)
        self._played: deque[NDArray[np.int32]] = deque()
        players = (batch // count, *self._games.present.shape)
        observation = self._games.observations.shape[2:]
        self._observations = np.zeros((*players, *observation), dtype=np.uint8)
        self._present = np.zeros(players, dtype=np.bool_)
        self._actions = np.zeros((*players, len(self._nvec)), dtype=np.int32)
        self._log_probs = np.zeros(players, dtype=np.float32)
        self._logits = np.zeros((*players, sum(self._nvec)), dtype=np.float32)
        self._values = np.zeros(players, dtype=np.float32)
        self._rewards = np.zeros(players, dtype=np.float32)
        self._dones = np.zeros(players[:2], dtype=np.bool_)

    def parts(self, suffix: str) -> dict[str, Part]:
        """Returns the loop and its two parts, their names with a suffix."""
        return {
            f"{name} {suffix}": Part(run, lambda _: int(self._present.sum()))
            for name, run in (
                ("bare", self._run),
                ("engine", self._run_engine),
                ("network", self._run_network),
            )
        }

    def _run(self) -> None:
        """Samples one batch."""
        games = self._games
        for step in range(len(self._actions)):
            self._observations[step] = games.observations
            self._present[step] = games.present
            actions, log_probs, logits, values = self._act(games.observations)
            # Who has left does nothing.
            self._actions[step] = actions * games.present[..., np.newaxis]
            self._log_probs[step] = log_probs
            self._logits[step] = logits
            self._values[step] = values
            games.step(self._actions[step])
            self._rewards[step] = games.rewards
            self._dones[step] = games.dones
        self._played.append(self._actions.copy())

    def _run_engine(self) -> None:
        """Plays a batch again without a network, each in its turn."""
        for actions in self._played.popleft():
            self._twin.step(actions)

    def _run_network(self) -> None:
        """Acts on the batch's observations again without games."""
        for observations in self._observations:
            self._act(observations)

    @torch.no_grad()
    def _act(self, observations: NDArray[np.uint8]) -> list[NDArray[np.generic]]:
        """Returns actions, their log-probabilities, logits and values, (N, P, …) each."""
        seats = observations.reshape(-1, *observations.shape[2:])
        logits, values = self._network(torch.from_numpy(seats))
        parts = [
            torch.distributions.Categorical(logits=part, validate_args=False)
            for part in logits.split(self._nvec, -1)
        ]
        chosen = [part.sample() for part in parts]
        log_probs = [part.log_prob(own) for part, own in zip(parts, chosen, strict=True)]
        columns = torch.stack(chosen, -1), reduce(torch.add, log_probs), logits, values
        shape = observations.shape[:2]
        return [column.numpy().reshape(*shape, *column.shape[1:]) for column in columns]
