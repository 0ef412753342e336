"""A game of any number of players as a ``pettingzoo.ParallelEnv``, for other people's tools."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.envs.face import checked_seed, of_agent, spec_of
from griddly_lit.envs.multi_agent_game import MultiAgentGame, MultiAgentStep
from griddly_lit.envs.spec import GriddlyEnvSpec

try:
    from pettingzoo import ParallelEnv
except ImportError as error:
    raise ImportError(
        "GriddlyParallelEnv needs PettingZoo. Install it: pip install 'griddly-lit[pettingzoo]'"
    ) from error


class GriddlyParallelEnv(ParallelEnv[int, NDArray[np.uint8], Any]):  # type: ignore[misc]
    """All players of one game, as agents 1 … P.

    An observation is a uint8 array (H, W, C), of a shape that may differ between agents. An action
    is an integer (Discrete), or an integer array (MultiDiscrete) of action type and id, or of x, y,
    type and id in a game without avatars. An agent's info holds ``level`` and ``seed`` after a
    reset, and ``outcome`` (``win``, ``lose`` or ``end``) when the game's rules end an episode.

    With ``player_done_variable``, an agent that leaves the game is terminated in that step and is
    in no dictionary afterwards. When the last one leaves, the episode ends.

    Args:
        env_spec: The environment. Left out, one is made of ``options``.
        options: Arguments of :class:`GriddlyEnvSpec`, such as ``yaml_file``.

    Attributes:
        possible_agents: The integers 1 … P.
        agents: Who acts in the next step; nobody before the first reset and after an episode.
        metadata: ``name``, the game's own name, and ``render_modes``, of which there are none.

    Raises:
        ImportError: PettingZoo is not installed (on import of this module).

    Example:
        >>> from griddly_lit import GriddlyParallelEnv
        >>> env = GriddlyParallelEnv(yaml_file="Multi-Agent/foragers.yaml", max_steps=500)
        >>> observations, infos = env.reset(seed=1)
        >>> observations[4].shape
        (5, 5, 5)
        >>> actions = {agent: env.action_space(agent).sample() for agent in env.agents}
        >>> observations, rewards, terminated, truncated, infos = env.step(actions)
    """

    render_mode = None

    def __init__(self, env_spec: GriddlyEnvSpec | None = None, **options: Any) -> None:
        self.env_spec = spec_of(env_spec, options)
        self.metadata = {"name": self.env_spec.game.name, "render_modes": []}
        self._game = MultiAgentGame(self.env_spec)
        self._rng = np.random.default_rng()
        self.possible_agents = self._game.possible_agents
        self.observation_spaces = self._game.observation_spaces
        self.action_spaces = self._game.action_spaces

    @property
    def agents(self) -> list[int]:
        """Who acts in the next step."""
        return self._game.agents

    def observation_space(self, agent: int) -> Any:
        """Returns an agent's Box of uint8 (H, W, C), always the same object."""
        return of_agent(self.observation_spaces, agent)

    def action_space(self, agent: int) -> Any:
        """Returns an agent's Discrete or MultiDiscrete, always the same object."""
        return of_agent(self.action_spaces, agent)

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
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
        if checked_seed(seed) is not None:
            self._rng = np.random.default_rng(seed)
        return self._game.reset(self._rng, options)

    def step(self, actions: dict[int, Any]) -> MultiAgentStep:
        """Plays one step.

        Args:
            actions: An action for each of :attr:`agents`; those of agents that left are ignored.

        Returns:
            Observations, rewards (floats), terminated, truncated and infos of those who acted.

        Raises:
            ActionError: An action is missing, names no agent, or does not fit the action space.
            EpisodeError: The episode is over or was never started.
        """
        return self._game.step(actions)

    def valid_actions(self, agent: int) -> NDArray[np.int64]:
        """Returns what an agent can do now, integers (V, parts); where that is nothing, the no-op.

        Where a player acts several times a turn, it is what each of these actions can be.
        """
        return self._game.valid_actions(agent)

    def close(self) -> None:
        """Releases the engine's memory."""
        self._game.close()
