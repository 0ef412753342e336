"""Sampling: games, who sits where, and one policy call a step for all of them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from ray.rllib.env.single_agent_episode import SingleAgentEpisode

from griddly_lit.envs import EpisodeEnd, GriddlyEnvSpec, Transform, Transforms, VectorGame
from griddly_lit.envs.spaces import action_space, observation_space
from griddly_lit.models import Answers
from griddly_lit.plain_state import State
from griddly_lit.policies import Policy
from griddly_lit.policies.acting import act
from griddly_lit.rllib.columns import MEMORY
from griddly_lit.rllib.fragment import Fragment
from griddly_lit.rllib.level_scores import level_scores
from griddly_lit.rllib.matchmaking import FixedMatchmaking, Matchmaking, SelfPlayMatchmaking
from griddly_lit.rllib.module_network import module_network, uniform_network
from griddly_lit.rllib.random_state import set_torch_state
from griddly_lit.rllib.replays import FirstGameReplays
from griddly_lit.rllib.runner_metrics import log_episodes, log_events, log_steps
from griddly_lit.rllib.seats import Seats


class Sampler:
    """Samples fragments from the N games of one env runner.

    Args:
        config: The algorithm's, see :class:`~griddly_lit.rllib.env_runner.GriddlyEnvRunner`.
        module: The module that acts, or all of them by name.
        runner: Number of the runner, from 0; 0 is the one in the driver's process.
        env_steps: Environment steps of the run so far. Games that are made after others have been
            played, as the runner was restarted, draw other levels and seeds than those.

    Attributes:
        games: The games.
        matchmaking: Who plays against whom.
    """

    def __init__(self, config: Any, module: Any, runner: int, env_steps: int) -> None:
        spec: GriddlyEnvSpec = config.env_config["spec"]
        policies: tuple[Policy, ...] = config.env_config["policies"]
        video = config.env_config.get("video")
        # None asks the operating system for entropy.
        entropy = int(np.random.SeedSequence(config.seed).generate_state(1)[0])
        seed: tuple[int, ...] = (entropy, runner, int(config.in_evaluation))
        if env_steps:
            seed = (*seed, env_steps)
        self._config = config
        self._spec = spec
        self._policies = policies
        self._runner = runner
        self._runners = max(1, config.num_env_runners)
        self._head = policies[0].head
        self._track_actions: bool = config.env_config.get("track_actions", False)
        self._spaces = spaces_of(policies)
        self.games = VectorGame(
            spec,
            config.num_envs_per_env_runner,
            seed,
            record_events=self._track_actions,
            valid_actions=self._head.valid_actions != "off",
        )
        self._level_scores = level_scores(
            self.games.level_source, self.games.count, spec.game.player_count, config
        )
        if self._level_scores is not None:
            self.games.scorer = self._level_scores.score
        self.matchmaking: Matchmaking = (
            SelfPlayMatchmaking(policies[0], module, self.games.count, seed)
            if config.env_config.get("self_play")
            else FixedMatchmaking(policies, module)
        )
        self._memory_sizes = {
            policy.name: int(self.matchmaking.modules[number].memory_size)
            for number, policy in self.matchmaking.policies.items()
        }
        self._recording = (
            None if video is None else FirstGameReplays(video, max(0, runner - 1), self._runners)
        )
        transforms: tuple[Transform, ...] = config.env_config.get("transforms", ())
        self._transforms = Transforms(transforms, (*seed, 1)) if transforms else None
        self._generator = torch.Generator()
        self._generator.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        self._seats: list[Seats] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there are episodes in progress."""
        return self._seats is not None

    def begin(self) -> None:
        """Begins a new episode in every game."""
        self.games.reset()
        self._seats = self._empty_seats()
        for game in range(self.games.count):
            self._seat(game, 0)

    def fragment(
        self, metrics: Any, steps: int, env_steps: int, *, explore: bool, random_actions: bool
    ) -> list[SingleAgentEpisode]:
        """Samples steps of every game.

        Args:
            metrics: RLlib's MetricsLogger.
            steps: Steps of each game.
            env_steps: Environment steps of the run so far, over all runners.
            explore: Draw actions from the policy; otherwise take its best.
            random_actions: Draw actions uniformly.

        Returns:
            Finished episodes first, then the parts of those that go on.
        """
        assert self._seats is not None
        games, matchmaking = self.games, self.matchmaking
        columns = (matchmaking.policies, self._spaces, self._memory_sizes)
        blocks = [
            (block, seats, Fragment(steps, block, seats, *columns))
            for block, seats in zip(games.blocks, self._seats, strict=True)
        ]
        players = self._spec.game.player_count
        actions = np.zeros((games.count, players, len(self._head.all_parts)), dtype=np.int64)
        answers = defaultdict[int, Answers](Answers)
        ended: list[EpisodeEnd] = []
        agent_steps = np.zeros(players, dtype=np.int64)
        policy_steps: Counter[int] = Counter()
        for step in range(steps):
            # Exploration schedules count the steps of all runners; RLlib sets the exact number
            # between iterations.
            timestep = env_steps + step * games.count * self._runners
            agent_steps += games.active.sum(axis=0)
            for block, seats, fragment in blocks:
                fragment.before_step()
                for policy, of_policy in seats.groups:
                    size = self._memory_sizes[matchmaking.policies[policy].name]
                    acted = act(
                        uniform_network(self._head)
                        if random_actions
                        else module_network(
                            matchmaking.modules[policy],
                            answers[policy],
                            explore=explore,
                            timestep=timestep,
                        ),
                        self._head,
                        block.observations[of_policy],
                        block.valid_actions[of_policy],
                        self._generator if explore or random_actions else None,
                        seats.memory[of_policy, :size] if size else None,
                    )
                    fragment.act(of_policy, acted)
                    policy_steps[policy] += len(acted.actions)
                actions[:, block.players] = fragment.actions.swapaxes(0, 1)
                if self._level_scores is not None and not random_actions:
                    self._level_scores.add(block.players, fragment.values)
            if self._level_scores is not None:
                self._level_scores.end_step()
            ends = games.step(actions)
            games.notes.rests()
            for _, _, fragment in blocks:
                fragment.after_step(games.rewards, games.left, ends)
            for end in ends:
                matchmaking.note(end)
                self._seat(end.index, step + 1)
            ended += ends
            if self._recording is not None:
                self._recording.step(self._spec, ends, timestep)
        log_steps(metrics, self._policies, steps * games.count, agent_steps.tolist(), policy_steps)
        self._log(metrics, ended)
        return [
            episode for _, _, fragment in blocks for episode in fragment.episodes(self._transforms)
        ]

    def take_replays(self) -> list[Any]:
        """Returns the recorded episodes of the first game that ended since the last call."""
        return [] if self._recording is None else self._recording.take()

    def state_dict(self) -> State | None:
        """Returns what goes on as it would have, between two fragments; None before the first."""
        if self._seats is None:
            return None
        return {
            "games": self.games.state_dict(),
            "generator": self._generator.get_state().numpy(),
            "seats": [seats.state_dict() for seats in self._seats],
            "matchmaking": self.matchmaking.state_dict(),
            "scores": None if self._level_scores is None else self._level_scores.state_dict(),
            "recording": None if self._recording is None else self._recording.state_dict(),
            "transforms": None if self._transforms is None else self._transforms.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over what :meth:`state_dict` gave.

        Raises:
            ValueError: It is that of other games than these.
        """
        self.games.load_state_dict(state["games"])
        set_torch_state(self._generator, state["generator"])
        self._seats = self._empty_seats()
        for seats, of_seats in zip(self._seats, state["seats"], strict=True):
            seats.load_state_dict(of_seats)
        self.matchmaking.load_state_dict(state["matchmaking"])
        if self._level_scores is not None and state["scores"] is not None:
            self._level_scores.load_state_dict(state["scores"])
        if self._recording is not None and state["recording"] is not None:
            self._recording.load_state_dict(state["recording"])
        if self._transforms is not None and state.get("transforms") is not None:
            self._transforms.load_state_dict(state["transforms"])

    def close(self) -> None:
        """Releases the engine's memory."""
        self.games.close()

    def _empty_seats(self) -> list[Seats]:
        size = max(self._memory_sizes.values())
        return [Seats(block.players, self.games.count, size) for block in self.games.blocks]

    def _seat(self, game: int, step: int) -> None:
        assert self._seats is not None
        policies = self.matchmaking.draw(game)
        memories = {
            number: state[MEMORY].numpy()
            for number in policies
            if (state := self.matchmaking.modules[number].get_initial_state())
        }
        for seats in self._seats:
            seats.begin(game, policies, step, memories)

    def _log(self, metrics: Any, ended: list[EpisodeEnd]) -> None:
        window = math.ceil(self._config.metrics_num_episodes_for_smoothing / self._runners)
        log_episodes(metrics, self._runner, ended, self.matchmaking.take_matches(), window)
        if self._track_actions:
            log_events(metrics, self._spec.game, self.games.take_events(), ended)


def spaces_of(policies: tuple[Policy, ...]) -> dict[str, tuple[Any, Any]]:
    """Returns observation and action space of each policy by its name."""
    return {
        policy.name: (
            observation_space(policy.observation_shape),
            action_space(policy.head.all_parts),
        )
        for policy in policies
    }
