"""Our env runner: one policy call a step for all games, columns, then standard episodes."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import gymnasium
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
from torch import nn

from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.plain_state import State
from griddly_lit.policies import Policy
from griddly_lit.recording import EpisodeReplay
from griddly_lit.rllib.faults import FaultKeeper
from griddly_lit.rllib.runner_notes import notes_of
from griddly_lit.rllib.sampler import Sampler, spaces_of
from griddly_lit.rllib.trainer_results import check_tells_results
from griddly_lit.rllib.user_config import check_runner_reads


class GriddlyEnvRunner(EnvRunner, Checkpointable):  # type: ignore[misc]
    """Samples games of any number of players for any RLlib algorithm that learns from episodes.

    It reads from the algorithm's config: ``env_config`` (``spec``, ``policies``, ``self_play``,
    ``track_actions`` and ``video``), ``num_envs_per_env_runner`` (N), the rollout fragment length
    (T), ``seed``, ``explore`` and the modules. RLlib's connectors and per-step callbacks have no
    part in it.
    """

    def __init__(self, *, config: AlgorithmConfig, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        check_runner_reads(self.config)
        check_tells_results(self.config)
        if self.worker_index:
            # Remote runners share the machine's cores with the learner and each other.
            torch.set_num_threads(1)
        self.spec: GriddlyEnvSpec = self.config.env_config["spec"]
        self.policies: tuple[Policy, ...] = self.config.env_config["policies"]
        self._spaces = spaces_of(self.policies)
        self._weights_seq_no = 0
        self.sampler: Sampler | None = None
        self.module: Any = None
        self.faults = FaultKeeper(self)
        self._notes = notes_of(self.config, int(self.worker_index or 0))
        self.make_module()
        samples_here = bool(self.worker_index) or self.config.num_env_runners == 0
        if samples_here or self.config.create_env_on_local_worker:
            self.make_env()

    def make_env(self) -> None:
        """Makes the N games, with fresh generators."""
        if self.sampler is not None:
            self.sampler.close()
        self.sampler = Sampler(
            self.config,
            self.module,
            int(self.worker_index or 0),
            int(self.num_env_steps_sampled_lifetime),
        )
        self.sampler.games.notes = self._notes
        # By RLlib's name for it.
        self.env = self.sampler.games

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
        assert self.sampler is not None, "this runner has no environment"
        with self.faults, self._notes.sampling():
            explore = self.config.explore if explore is None else explore
            sampler = self.sampler
            if not sampler.has_begun or force_reset or num_episodes is not None:
                sampler.begin()
            count = sampler.games.count
            steps = (
                self.config.get_rollout_fragment_length(self.worker_index)
                if num_timesteps is None
                else math.ceil(num_timesteps / count)
            )
            everywhere = steps * count * max(1, self.config.num_env_runners)
            self.metrics.log_value(WEIGHTS_SEQ_NO, self._weights_seq_no, window=1)
            episodes: list[SingleAgentEpisode] = []
            with self.metrics.log_time(SAMPLE_TIMER):
                while True:
                    episodes += sampler.fragment(
                        self.metrics,
                        steps,
                        int(self.num_env_steps_sampled_lifetime),
                        explore=explore,
                        random_actions=random_actions,
                    )
                    self.num_env_steps_sampled_lifetime += everywhere
                    if num_episodes is None or sum(e.is_done for e in episodes) >= num_episodes:
                        return episodes
        return []

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The network of each policy by its name."""
        return {
            policy.name: (self.module if policy.alone else self.module[policy.name]).network
            for policy in self.policies
        }

    def take_replays(self) -> list[EpisodeReplay]:
        """Returns the recorded episodes of the first game that ended since the last call."""
        return [] if self.sampler is None else self.sampler.take_replays()

    def state_dict(self) -> State | None:
        """Returns what samples on as it would have; RLlib's :meth:`get_state` is of the rest."""
        return None if self.sampler is None else self.sampler.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over what :meth:`state_dict` gave.

        Raises:
            ValueError: It is that of other games than these.
        """
        assert self.sampler is not None, "this runner has no environment"
        self.sampler.load_state_dict(state)

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
            begun = self.sampler is None or self.sampler.has_begun
            if self.num_env_steps_sampled_lifetime and not begun:
                # It was restarted: what games before it have played is not played again.
                self.make_env()

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
        if self.sampler is not None:
            self.sampler.close()
