"""One game told as dictionaries of its agents, which is what other people's tools take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from griddly_lit.arguments import shown
from griddly_lit.engine import Game, checked_actions, load_gdy
from griddly_lit.envs.face import asked_level, of_agent
from griddly_lit.envs.levels.in_play import draw, indices_of
from griddly_lit.envs.spaces import action_space, observation_space
from griddly_lit.envs.spec import GriddlyEnvSpec
from griddly_lit.errors import ActionError, LevelError


class MultiAgentStep(NamedTuple):
    """What one step gave to each agent that acted in it.

    Attributes:
        observations: uint8 arrays (H, W, C).
        rewards: Floats.
        terminated: The agent has left, or the game's own rules ended the episode.
        truncated: The step limit ended it; never true together with ``terminated``.
        infos: ``{"outcome": "win" | "lose" | "end"}`` when the rules ended it, else empty.
    """

    observations: dict[int, NDArray[np.uint8]]
    rewards: dict[int, float]
    terminated: dict[int, bool]
    truncated: dict[int, bool]
    infos: dict[int, dict[str, Any]]


class MultiAgentGame:
    """One game whose players come and go as agents 1 … P.

    An agent that leaves (see ``GriddlyEnvSpec.player_done_variable``) is terminated in the step in
    which it leaves; no later step mentions it. When the last one leaves, the episode ends.

    Args:
        spec: The environment.
        make_game: Makes the game, with the arguments of :class:`~griddly_lit.engine.Game`.

    Attributes:
        possible_agents: The integers 1 … P.
        agents: Who acts in the next step; nobody before the first reset and after an episode.
        observation_spaces: Box of uint8 (H, W, C) of each agent.
        action_spaces: Discrete or MultiDiscrete of each agent.
    """

    def __init__(self, spec: GriddlyEnvSpec, make_game: Callable[..., Game] = Game) -> None:
        self.possible_agents = list(range(1, spec.game.player_count + 1))
        self.agents: list[int] = []
        self.observation_spaces = {
            agent: observation_space(shape)
            for agent, shape in zip(self.possible_agents, spec.observation_shapes, strict=True)
        }
        self.action_spaces = {
            agent: action_space(spec.action_nvec) for agent in self.possible_agents
        }
        self._shapes = spec.observation_shapes
        self._nvec = spec.action_nvec
        self._single_nvec = spec.single_action_nvec
        self._level_count = spec.game.level_count
        self._source = spec.level_source
        self._indices = frozenset(indices_of(self._source))
        self._episodes = 0
        self._game = make_game(
            load_gdy(spec.text),
            spec.game,
            max_steps=spec.max_steps,
            player_done_variable=spec.player_done_variable,
        )

    def reset(
        self, rng: np.random.Generator, options: Mapping[str, Any] | None
    ) -> tuple[dict[int, NDArray[np.uint8]], dict[int, dict[str, Any]]]:
        """Starts an episode.

        Args:
            rng: Draws the level and the engine's seed.
            options: ``{"level": …}`` plays that level, an index or a level string.

        Returns:
            Each agent's first observation, uint8 (H, W, C), and ``{"level": …, "seed": …}``.

        Raises:
            LevelError: The level does not exist, is malformed, or is larger than the spaces.
        """
        level = asked_level(options, self._level_count)
        if level is None:
            level = draw(self._source, rng, self._episodes, self._indices)
        seed = int(rng.integers(2**32))
        self._game.reset(level, seed)
        self._episodes += 1
        self.agents = list(self.possible_agents)
        return self._observations(), {
            agent: {"level": level, "seed": seed} for agent in self.agents
        }

    def step(self, actions: Mapping[int, Any]) -> MultiAgentStep:
        """Plays one step.

        Args:
            actions: An action for each of :attr:`agents`; those of agents that left are ignored.

        Raises:
            ActionError: An action is missing, names no agent, or does not fit the action space.
            EpisodeError: The episode is over or was never started.
        """
        result = self._game.step_unchecked(self._checked(actions))
        left = self._game.departed()
        terminated = {agent: result.terminated or bool(left[agent - 1]) for agent in self.agents}
        truncated = {agent: result.truncated and not terminated[agent] for agent in self.agents}
        step = MultiAgentStep(
            self._observations(),
            {agent: float(result.rewards[agent - 1]) for agent in self.agents},
            terminated,
            truncated,
            {
                agent: {"outcome": result.outcomes[agent - 1]} if result.outcomes else {}
                for agent in self.agents
            },
        )
        self.agents = [
            agent for agent in self.agents if not (terminated[agent] or truncated[agent])
        ]
        return step

    def valid_actions(self, agent: int) -> NDArray[np.int64]:
        """Returns what an agent can do now, integers (V, parts) of single actions."""
        index = of_agent({agent: agent - 1 for agent in self.possible_agents}, agent)
        flat = self._game.valid_actions(self._single_nvec)[index]
        return np.stack(np.unravel_index(sorted(flat), self._single_nvec), axis=-1)

    def close(self) -> None:
        """Releases the engine's memory."""
        self._game.close()

    def _checked(self, actions: Mapping[int, Any]) -> NDArray[np.int32]:
        if not isinstance(actions, Mapping):
            raise ActionError(
                shown("actions", actions),
                "they are a dictionary by agent",
                "Give one action for each agent that still plays",
                self.agents,
            )
        missing = [agent for agent in self.agents if agent not in actions]
        unknown = [agent for agent in actions if agent not in self.possible_agents]
        if missing or unknown:
            raise ActionError(
                f"actions of agents {list(actions)}",
                f"agents {missing} have no action"
                if missing
                else f"the game has no agents {unknown}",
                "Give one action for each agent that still plays",
                self.agents,
            )
        checked = np.zeros((len(self.possible_agents), len(self._nvec)), dtype=np.int32)
        for agent in self.agents:
            checked[agent - 1] = checked_actions(actions[agent], self._nvec, ())
        return checked

    def _observations(self) -> dict[int, NDArray[np.uint8]]:
        observations = [np.zeros(shape, dtype=np.uint8) for shape in self._shapes]
        try:
            self._game.observe_into(self._game.corners(observations))
        except ValueError as error:
            raise LevelError(
                "level",
                f"its observations are larger than {self._shapes}",
                "Name the level in levels or test_levels",
            ) from error
        return {agent: observations[agent - 1] for agent in self.agents}
