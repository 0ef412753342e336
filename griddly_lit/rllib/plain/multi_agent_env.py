"""A game of several players for RLlib's own runners, from Griddly's old ``env_config``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.envs.multi_agent_game import MultiAgentGame
from griddly_lit.envs.taped_game import TapedGame
from griddly_lit.errors import PolicyError
from griddly_lit.recording import EpisodeReplay
from griddly_lit.rllib.multi_agent_env import GriddlyMultiAgentEnv
from griddly_lit.rllib.plain.env import HISTORY, VALID_ACTION_TREE
from griddly_lit.rllib.plain.env_options import env_options, note_network
from griddly_lit.tracking.events import Counts

# What RLlib's runner of one agent calls the environments that it makes.
_OF_ONE_AGENT = "rllib-single-agent-env-v0"


class RLlibMultiAgentEnv(GriddlyMultiAgentEnv):
    """All players of one game, as agents 1 … P, for ``register_env`` and ``config.environment``.

    It is a :class:`griddly_lit.GriddlyMultiAgentEnv` made from an ``env_config``. With
    ``record_actions`` each agent's info holds ``"History"``, the engine's events of that agent in
    that step, and with ``generate_valid_action_trees`` ``"valid_action_tree"``.

    Args:
        env_config: As for :class:`griddly_lit.RLlibEnv`; of a game of any number of players.

    Raises:
        OptionError: A key is unknown, or a value does not fit.

    Example:
        >>> from griddly_lit import RLlibMultiAgentEnv
        >>> env = RLlibMultiAgentEnv({"yaml_file": "Multi-Agent/foragers.yaml", "max_steps": 500})
        >>> env.possible_agents
        [1, 2, 3, 4]
    """

    def __init__(self, env_config: Mapping[str, Any]) -> None:
        spec, self._records, self._trees = env_options(env_config)
        super().__init__(spec)
        note_network(*spec.observation_shapes[0][:2])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[int, NDArray[np.uint8]], dict[int, dict[str, Any]]]:
        """Starts an episode; see :meth:`GriddlyMultiAgentEnv.reset`."""
        observations, infos = super().reset(seed=seed, options=options)
        return observations, self._with_told(infos)

    def step(
        self, action_dict: dict[int, Any]
    ) -> tuple[
        dict[int, NDArray[np.uint8]],
        dict[int, float],
        dict[int | str, bool],
        dict[str, bool],
        dict[int, dict[str, Any]],
    ]:
        """Plays one step; see :meth:`GriddlyMultiAgentEnv.step`."""
        *result, infos = super().step(action_dict)
        return *result, self._with_told(infos)  # type: ignore[return-value]

    def replay(self) -> EpisodeReplay | None:
        """Returns the episode that has just ended; None while one goes on."""
        return self._taped.replay(self.env_spec)

    def take_counts(self) -> Counts:
        """Returns how often each agent did what and met which outcome since the last call."""
        return self._taped.take_counts()

    @property
    def observation_space(self) -> None:
        """None: each agent has its own.

        Raises:
            PolicyError: RLlib's runner of one agent asks.
        """
        self._check_runner()

    @property
    def action_space(self) -> None:
        """None: each agent has its own.

        Raises:
            PolicyError: RLlib's runner of one agent asks.
        """
        self._check_runner()

    def _make_game(self) -> MultiAgentGame:
        def make(*args: Any, **options: Any) -> TapedGame:
            self._taped = TapedGame(*args, **options)
            return self._taped

        return MultiAgentGame(self.env_spec, partial(make, record_events=self._records))

    def _with_told(self, infos: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
        if self._records:
            for agent, info in infos.items():
                events = self._taped.events
                info[HISTORY] = [event for event in events if event["PlayerId"] == agent]
        if self._trees:
            trees = self._taped.valid_action_trees()
            for agent, info in infos.items():
                info[VALID_ACTION_TREE] = trees[agent - 1]
        return infos

    def _check_runner(self) -> None:
        if self.spec is not None and self.spec.id == _OF_ONE_AGENT:
            raise PolicyError(
                "RLlibMultiAgentEnv",
                "RLlib takes it for an environment of one agent, as the config names no policies",
                "Add config.multi_agent(policies={'shared'}, "
                "policy_mapping_fn=lambda agent, episode, **_: 'shared')",
            )
