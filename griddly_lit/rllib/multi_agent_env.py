"""A game of any number of players as RLlib's ``MultiAgentEnv``, for RLlib without our trainer."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from ray.rllib.env.multi_agent_env import MultiAgentEnv

from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.envs.face import checked_seed, spec_of
from griddly_lit.envs.multi_agent_game import MultiAgentGame

_ALL = "__all__"


class GriddlyMultiAgentEnv(MultiAgentEnv):  # type: ignore[misc]
    """All players of one game, as agents 1 … P.

    Observations, actions, infos and agents that leave are those of
    :class:`griddly_lit.GriddlyParallelEnv`; the same seed gives the same episode.

    Args:
        env_spec: The environment. Left out, one is made of ``options``.
        options: Arguments of :class:`GriddlyEnvSpec`, such as ``yaml_file``.

    Attributes:
        possible_agents: The integers 1 … P.
        agents: Whom the last dictionaries were about. RLlib's check of environments wants those
            who left in the last step to be among them.
        observation_spaces: Box of uint8 (H, W, C) of each agent.
        action_spaces: Discrete or MultiDiscrete of each agent.

    Example:
        >>> from griddly_lit import GriddlyMultiAgentEnv
        >>> env = GriddlyMultiAgentEnv(yaml_file="Multi-Agent/foragers.yaml", max_steps=500)
        >>> observations, infos = env.reset(seed=1)
        >>> actions = {agent: env.get_action_space(agent).sample() for agent in observations}
        >>> observations, rewards, terminated, truncated, infos = env.step(actions)
        >>> terminated["__all__"]
        False
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": []}

    def __init__(self, env_spec: GriddlyEnvSpec | None = None, **options: Any) -> None:
        super().__init__()
        self.env_spec = spec_of(env_spec, options)
        self._game = self._make_game()
        self.agents: list[int] = []
        self.possible_agents = self._game.possible_agents
        self.observation_spaces = self._game.observation_spaces
        self.action_spaces = self._game.action_spaces

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[int, NDArray[np.uint8]], dict[int, dict[str, Any]]]:
        """Starts an episode.

        Args:
            seed: Reseeds the generator that draws levels and the engine's seeds.
            options: ``{"level": …}`` plays that level, an index or a level string.

        Returns:
            Each agent's first observation, and ``{"level": …, "seed": …}`` for each.

        Raises:
            LevelError: The level does not exist, is malformed, or is larger than the spaces.
        """
        super().reset(seed=checked_seed(seed))
        observations, infos = self._game.reset(self.np_random, options)
        self.agents = list(observations)
        return observations, infos

    def step(
        self, action_dict: dict[int, Any]
    ) -> tuple[
        dict[int, NDArray[np.uint8]],
        dict[int, float],
        dict[int | str, bool],
        dict[str, bool],
        dict[int, dict[str, Any]],
    ]:
        """Plays one step.

        Args:
            action_dict: An action for each agent that still plays.

        Returns:
            Observations, rewards (floats), terminated, truncated and infos of those who acted.
            ``"__all__"`` is true in one of terminated and truncated when the episode is over. It is
            all that truncated holds, as the step limit is the same for all.

        Raises:
            ActionError: An action is missing, names no agent, or does not fit the action space.
            EpisodeError: The episode is over or was never started.
        """
        step = self._game.step(action_dict)
        self.agents = list(step.observations)
        truncated = any(step.truncated.values())
        terminated = not self._game.agents and not truncated
        return (
            step.observations,
            step.rewards,
            step.terminated | {_ALL: terminated},
            # Were each agent named here too, RLlib's episodes would take a time-out for the end of
            # the game, and learners would not bootstrap from it.
            {_ALL: truncated},
            step.infos,
        )

    def valid_actions(self, agent: int) -> NDArray[np.int64]:
        """Returns what an agent can do now, integers (V, parts); where that is nothing, the no-op.

        Where a player acts several times a turn, it is what each of these actions can be.
        """
        return self._game.valid_actions(agent)

    def close(self) -> None:
        """Releases the engine's memory."""
        self._game.close()

    def _make_game(self) -> MultiAgentGame:
        return MultiAgentGame(self.env_spec)
