"""A single-player game as a ``gymnasium.Env``, for other people's tools."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from griddly_lit.engine import Game, load_gdy, parse_game
from griddly_lit.envs.face import asked_level, checked_seed, spec_of
from griddly_lit.envs.levels.in_play import draw, indices_of
from griddly_lit.envs.spaces import action_space, observation_space
from griddly_lit.envs.spec import GriddlyEnvSpec
from griddly_lit.errors import EpisodeError, LevelError, OptionError
from griddly_lit.recording.renderers import Folders, Renderer, make_renderer, needed_observers
from griddly_lit.recording.views import prettiest_observer


class GriddlyEnv(gymnasium.Env[NDArray[np.uint8], Any]):
    """One player's view of one game.

    The observation is a uint8 array (H, W, C); the action is an integer (Discrete), or an integer
    array (MultiDiscrete) of action type and id, or of x, y, type and id in a game without avatars.
    ``info`` holds ``level`` and ``seed`` after a reset, and ``outcome`` (``win``, ``lose`` or
    ``end``) when the game's rules end an episode.

    Args:
        env_spec: The environment. Left out, one is made of ``options``.
        render_mode: ``"rgb_array"`` lets :meth:`render` draw; None draws nothing.
        options: Arguments of :class:`GriddlyEnvSpec`, such as ``yaml_file``.

    Raises:
        OptionError: The game has several players, or there is no such render mode.
        ObserverError: The global observer cannot be drawn.

    Example:
        >>> import gymnasium
        >>> env = gymnasium.make(
        ...     "griddly_lit/Griddly-v0", yaml_file="Single-Player/GVGAI/sokoban.yaml", max_steps=500
        ... )
        >>> observation, info = env.reset(seed=1)
        >>> observation.shape
        (9, 13, 4)
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012

    def __init__(
        self,
        env_spec: GriddlyEnvSpec | None = None,
        *,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise OptionError(
                f"render_mode={render_mode!r}",
                "there is no such render mode",
                "Choose one, or None",
                self.metadata["render_modes"],
            )
        self.render_mode = render_mode
        self.env_spec = spec_of(env_spec, options)
        players = self.env_spec.game.player_count
        if players != 1:
            raise OptionError(
                self.env_spec.name_in_errors,
                f"the game has {players} players, and GriddlyEnv holds one",
                "Train it with GriddlyTrainer, which takes games of any number of players",
            )
        shape = self.env_spec.observation_shapes[0]
        self.observation_space = observation_space(shape)
        self.action_space = action_space(self.env_spec.action_nvec)
        self._renderer = None if render_mode is None else _global_renderer(self.env_spec)
        renderers = () if self._renderer is None else (self._renderer,)
        self._game = self._make_game(**needed_observers(self.env_spec.game, renderers))
        self._source = self.env_spec.level_source
        self._indices = frozenset(indices_of(self._source))
        self._episodes = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Starts an episode.

        Args:
            seed: Reseeds the generator that draws levels and the engine's seeds.
            options: ``{"level": …}`` plays that level, an index or a level string.

        Returns:
            The first observation, and ``{"level": …, "seed": …}``.
        """
        super().reset(seed=checked_seed(seed))
        level = asked_level(options, self.env_spec.game.level_count)
        if level is None:
            level = draw(self._source, self.np_random, self._episodes, self._indices)
        engine_seed = int(self.np_random.integers(2**32))
        self._game.reset(level, engine_seed)
        self._episodes += 1
        return self._observation(), {"level": level, "seed": engine_seed}

    def step(self, action: Any) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """Plays one step.

        Returns:
            Observation, reward (float), terminated, truncated, info.

        Raises:
            ActionError: The action does not fit the action space.
            EpisodeError: The episode is over or was never started.
        """
        result = self._game.step(np.asarray(action)[np.newaxis])
        info = {"outcome": result.outcomes[0]} if result.outcomes else {}
        return self._observation(), result.rewards[0], result.terminated, result.truncated, info

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """Draws the whole grid by the spec's ``global_observer_type``.

        Returns:
            RGB, uint8 (H, W, 3), of a size that depends on the level; None without a render mode.

        Raises:
            EpisodeError: No episode was started, or the environment was closed.
        """
        if self._renderer is None:
            return None
        if not self._episodes:
            raise EpisodeError("render()", "no episode was started", "Call reset() first")
        return self._renderer.render(self._game)

    def close(self) -> None:
        """Releases the engine's memory."""
        self._game.close()

    def _make_game(self, **observers: Any) -> Game:
        spec = self.env_spec
        return Game(load_gdy(spec.text), spec.game, max_steps=spec.max_steps, **observers)

    def _observation(self) -> NDArray[np.uint8]:
        observation = self._game.observation()
        shape = self.observation_space.shape
        assert shape is not None
        if observation.shape == shape:
            return observation
        padded = np.zeros(shape, dtype=np.uint8)
        try:
            padded[: observation.shape[0], : observation.shape[1]] = observation
        except ValueError as error:
            raise LevelError(
                "level",
                f"its observation {observation.shape} is larger than {shape}",
                "Name the level in levels or test_levels",
            ) from error
        return padded


def _global_renderer(spec: GriddlyEnvSpec) -> Renderer:
    document = parse_game(spec.text, spec.name_in_errors)
    return make_renderer(
        document,
        spec.game,
        observer=prettiest_observer(document, spec.global_observer_type, for_player=False),
        player=None,
        folders=Folders(spec.game_dir, spec.image_path, spec.shader_path),
    )
