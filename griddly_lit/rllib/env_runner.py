"""Our env runner: one policy call a step for all games, columns, then standard episodes."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Any

import gymnasium
import numpy as np
import ray
import torch
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core import COMPONENT_RL_MODULE, DEFAULT_MODULE_ID
from ray.rllib.env import INPUT_ENV_SINGLE_SPACES, INPUT_ENV_SPACES
from ray.rllib.env.env_runner import EnvRunner
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.utils.checkpoints import Checkpointable
from ray.rllib.utils.metrics import (
    NUM_ENV_STEPS_SAMPLED_LIFETIME,
    SAMPLE_TIMER,
    WEIGHTS_SEQ_NO,
)

from griddly_lit.envs import EpisodeEnd, GriddlyEnvSpec, VectorGame
from griddly_lit.envs.spaces import action_space, observation_space
from griddly_lit.models import Answers
from griddly_lit.policies import Policy
from griddly_lit.recording import EpisodeReplay
from griddly_lit.rllib.acting import act
from griddly_lit.rllib.faults import FaultKeeper
from griddly_lit.rllib.fragment import Fragment
from griddly_lit.rllib.level_scores import level_scores
from griddly_lit.rllib.replays import FirstGameReplays
from griddly_lit.rllib.runner_metrics import log_episodes, log_events, log_steps
from griddly_lit.rllib.seating import FixedSeating, Seating, SelfPlaySeating
from griddly_lit.rllib.seats import Seats


class GriddlyEnvRunner(EnvRunner, Checkpointable):  # type: ignore[misc]
    """Samples games of any number of players for any RLlib algorithm that learns from episodes.

    It reads from the algorithm's config: ``env_config`` (``spec``, ``policies``, ``self_play``,
    ``track_actions`` and ``video``), ``num_envs_per_env_runner`` (N), the rollout fragment length
    (T), ``seed``, ``explore`` and the modules. RLlib's connectors and per-step callbacks have no
    part in it.
    """

    def __init__(self, *, config: AlgorithmConfig, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        if self.worker_index:
            # Remote runners share the machine's cores with the learner and each other.
            torch.set_num_threads(1)
        self.spec: GriddlyEnvSpec = self.config.env_config["spec"]
        self.policies: tuple[Policy, ...] = self.config.env_config["policies"]
        self.track_actions: bool = self.config.env_config.get("track_actions", False)
        self._head = self.policies[0].head
        self._spaces = {
            policy.name: (
                observation_space(policy.observation_shape),
                action_space(policy.head.all_parts),
            )
            for policy in self.policies
        }
        self._weights_seq_no = 0
        self._generator = torch.Generator()
        self.env: VectorGame | None = None
        self.seating: Seating | None = None
        self.module: Any = None
        self.faults = FaultKeeper(self)
        self.make_module()
        samples_here = bool(self.worker_index) or self.config.num_env_runners == 0
        if samples_here or self.config.create_env_on_local_worker:
            self.make_env()

    def make_env(self) -> None:
        """Makes the N games, with fresh generators.

        Games that are made after others have been played, as the runner was restarted or the run
        resumed, draw other levels and seeds than those.
        """
        if self.env is not None:
            self.env.close()
        # None asks the operating system for entropy.
        entropy = np.random.SeedSequence(self.config.seed).generate_state(1)[0]
        seed: tuple[int, ...] = (
            int(entropy),
            int(self.worker_index or 0),
            int(self.config.in_evaluation),
        )
        if self.num_env_steps_sampled_lifetime:
            seed = (*seed, int(self.num_env_steps_sampled_lifetime))
        self.env = VectorGame(
            self.spec,
            self.config.num_envs_per_env_runner,
            seed,
            record_events=self.track_actions,
            valid_actions=self._head.valid_actions != "off",
            spread_starts=not self.config.in_evaluation,
        )
        self.level_scores = level_scores(
            self.env.level_source, self.env.count, self.spec.game.player_count, self.config
        )
        if self.level_scores is not None:
            self.env.scorer = self.level_scores.score
        video = self.config.env_config.get("video")
        runner, runners = int(self.worker_index or 1) - 1, max(1, self.config.num_env_runners)
        self._recording = None if video is None else FirstGameReplays(video, runner, runners)
        self._generator.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        if self.seating is None:
            self.seating = (
                SelfPlaySeating(self.policies[0], self.module, self.env.count, seed)
                if self.config.env_config.get("self_play")
                else FixedSeating(self.policies, self.module)
            )
        else:
            self.seating.reseed(seed)
        self._seats: list[Seats] | None = None

    def make_module(self) -> None:
        """Builds the modules that act; their weights come from the learner."""
        spaces = self.get_spaces()
        module_spec = (
            self.config.get_multi_rl_module_spec(spaces=spaces, inference_only=True)
            if self.config.is_multi_agent
            else self.config.get_rl_module_spec(spaces=spaces, inference_only=True)
        )
        self.module = module_spec.build()

    def sample(
        self,
        *,
        num_timesteps: int | None = None,
        num_episodes: int | None = None,
        explore: bool | None = None,
        random_actions: bool = False,
        force_reset: bool = False,
    ) -> list[SingleAgentEpisode]:
        """Samples one fragment from every game.

        Args:
            num_timesteps: Least number of environment steps, over all games; by default N times
                the rollout fragment length.
            num_episodes: Sample until this many episodes have ended, from fresh games. Each agent
                that learns has its own.
            explore: Draw actions from the policy; otherwise take its best. Default: the config's.
            random_actions: Draw actions uniformly.
            force_reset: Begin with fresh games.

        Returns:
            Finished episodes first, then the parts of those that go on. With several agents in
            the game, each episode is one agent's, and names the agent and its policy.
        """
        assert self.env is not None, "this runner has no environment"
        with self.faults:
            explore = self.config.explore if explore is None else explore
            if self._seats is None and self.num_env_steps_sampled_lifetime:
                self.make_env()
            if self._seats is None or force_reset or num_episodes is not None:
                self.env.reset()
                self._seats = [Seats(block.players, self.env.count) for block in self.env.blocks]
                for game in range(self.env.count):
                    self._seat(game, 0)
            if num_timesteps is None:
                steps = self.config.get_rollout_fragment_length(self.worker_index)
            else:
                steps = math.ceil(num_timesteps / self.env.count)
            self.metrics.log_value(WEIGHTS_SEQ_NO, self._weights_seq_no, window=1)
            episodes: list[SingleAgentEpisode] = []
            with self.metrics.log_time(SAMPLE_TIMER):
                while True:
                    episodes += self._fragment(steps, explore, random_actions)
                    if num_episodes is None or sum(e.is_done for e in episodes) >= num_episodes:
                        return episodes
        return []

    def _fragment(
        self, steps: int, explore: bool, random_actions: bool
    ) -> list[SingleAgentEpisode]:
        assert self.env is not None
        assert self._seats is not None
        assert self.seating is not None
        env, seating = self.env, self.seating
        blocks = [
            (block, seats, Fragment(steps, block, seats, seating.policies, self._spaces))
            for block, seats in zip(env.blocks, self._seats, strict=True)
        ]
        actions = np.zeros(
            (env.count, self.spec.game.player_count, len(self._head.all_parts)), dtype=np.int64
        )
        answers = defaultdict[int, Answers](Answers)
        ended: list[EpisodeEnd] = []
        # Exploration schedules count the steps of all runners; RLlib sets the exact number between
        # iterations.
        everywhere = env.count * max(1, self.config.num_env_runners)
        agent_steps = np.zeros(self.spec.game.player_count, dtype=np.int64)
        policy_steps: Counter[int] = Counter()
        for step in range(steps):
            timestep = self.num_env_steps_sampled_lifetime + step * everywhere
            agent_steps += env.active.sum(axis=0)
            for block, seats, fragment in blocks:
                fragment.before_step()
                for policy, of_policy in seats.groups:
                    acted = act(
                        seating.modules[policy],
                        self._head,
                        block.observations[of_policy],
                        block.valid_actions[of_policy],
                        self._generator,
                        answers[policy],
                        explore=explore,
                        random_actions=random_actions,
                        timestep=timestep,
                    )
                    fragment.act(of_policy, acted)
                    policy_steps[policy] += len(acted.actions)
                actions[:, block.players] = fragment.actions.swapaxes(0, 1)
                if self.level_scores is not None and not random_actions:
                    self.level_scores.add(block.players, fragment.values)
            if self.level_scores is not None:
                self.level_scores.end_step()
            ends = env.step(actions)
            for _, _, fragment in blocks:
                fragment.after_step(env.rewards, env.left, ends)
            for end in ends:
                if end.whole:
                    seating.note(end)
                self._seat(end.index, step + 1)
            ended += ends
            if self._recording is not None:
                self._recording.step(self.spec, ends, timestep)
        self.num_env_steps_sampled_lifetime += steps * everywhere
        log_steps(
            self.metrics, self.policies, steps * env.count, agent_steps.tolist(), policy_steps
        )
        smoothing = self.config.metrics_num_episodes_for_smoothing
        window = math.ceil(smoothing / max(1, self.config.num_env_runners))
        runner = int(self.worker_index or 0)
        # One that was cut short says nothing of how well the game is played.
        whole = [end for end in ended if end.whole]
        log_episodes(self.metrics, runner, whole, seating.take_matches(), window)
        if self.track_actions:
            log_events(self.metrics, self.spec.game, env.take_events(), ended)
        return [episode for _, _, fragment in blocks for episode in fragment.episodes()]

    def _seat(self, game: int, step: int) -> None:
        assert self._seats is not None
        assert self.seating is not None
        policies = self.seating.draw(game)
        for seats in self._seats:
            seats.begin(game, policies, step)

    def take_replays(self) -> list[EpisodeReplay]:
        """Returns the recorded episodes of the first game that ended since the last call."""
        return [] if self._recording is None else self._recording.take()

    def episodes_in_flight(self) -> list[dict[str, Any]]:
        """Returns what repeats each unfinished episode, as JSON values."""
        if self.env is None or self._seats is None:
            return []
        return [
            {
                "runner": int(self.worker_index or 0),
                "game": game,
                "level": start.level,
                "seed": start.seed,
                "actions": actions.tolist(),
            }
            for game, (start, actions) in enumerate(self.env.in_flight())
        ]

    def get_metrics(self) -> Any:
        """Returns what was logged since the last call, reduced."""
        return self.metrics.reduce()

    def get_spaces(self) -> dict[str, tuple[Any, Any]]:
        """Returns the spaces of the environment and of the module."""
        by_agent = {
            agent: self._spaces[policy.name] for policy in self.policies for agent in policy.agents
        }
        single: tuple[Any, Any] = self._spaces[self.policies[0].name]
        if self.config.is_multi_agent:
            observations, actions = (
                gymnasium.spaces.Dict({str(agent): pair[kind] for agent, pair in by_agent.items()})
                for kind in (0, 1)
            )
            single = (observations, actions)
        return {INPUT_ENV_SPACES: single, INPUT_ENV_SINGLE_SPACES: single, **self._spaces}

    def get_state(
        self,
        components: str | Collection[str] | None = None,
        *,
        not_components: str | Collection[str] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Returns the counters and the module's weights."""
        state: dict[str, Any] = {
            NUM_ENV_STEPS_SAMPLED_LIFETIME: self.num_env_steps_sampled_lifetime
        }
        if self._check_component(COMPONENT_RL_MODULE, components, not_components):
            state[COMPONENT_RL_MODULE] = self.module.get_state(**kwargs)
            state[WEIGHTS_SEQ_NO] = self._weights_seq_no
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes over counters and newer weights."""
        if COMPONENT_RL_MODULE in state:
            number = state.get(WEIGHTS_SEQ_NO, 0)
            if number == 0 or number > self._weights_seq_no:
                weights = state[COMPONENT_RL_MODULE]
                if isinstance(weights, ray.ObjectRef):
                    weights = ray.get(weights)
                if not self.config.is_multi_agent:
                    weights = weights.get(DEFAULT_MODULE_ID, weights)
                self.module.set_state(weights)
            self._weights_seq_no = max(number, self._weights_seq_no)
        if NUM_ENV_STEPS_SAMPLED_LIFETIME in state:
            self.num_env_steps_sampled_lifetime = state[NUM_ENV_STEPS_SAMPLED_LIFETIME]

    def get_ctor_args_and_kwargs(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Returns what the runner was made with; RLlib's checkpoints ask."""
        return (), {"config": self.config}

    def get_checkpointable_components(self) -> list[tuple[str, Any]]:
        """Returns the parts that RLlib's checkpoints save."""
        return [(COMPONENT_RL_MODULE, self.module)]

    def assert_healthy(self) -> None:
        """Raises AssertionError when the constructor did not finish."""
        assert self.module is not None

    def stop(self) -> None:
        """Releases the engine's memory."""
        if self.env is not None:
            self.env.close()
