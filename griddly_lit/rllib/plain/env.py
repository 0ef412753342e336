"""A single-player game for RLlib's own runners, from Griddly's old ``env_config``."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.engine import load_gdy
from griddly_lit.envs.gymnasium_env import GriddlyEnv
from griddly_lit.envs.taped_game import TapedGame
from griddly_lit.recording import EpisodeReplay
from griddly_lit.rllib.plain.env_options import env_options, note_network
from griddly_lit.tracking.events import Counts

HISTORY = "History"
"""Key of the engine's events in ``info``, by Griddly's name."""

VALID_ACTION_TREE = "valid_action_tree"
"""Key of the engine's tree of valid actions in ``info``, by Griddly's name."""


class RLlibEnv(GriddlyEnv):
    """One player's view of one game, for ``register_env`` and ``config.environment``.

    Observations, actions and infos are those of :class:`griddly_lit.GriddlyEnv`: uint8 (H, W, C),
    Discrete or MultiDiscrete. Of the ``env_config``, ``record_actions`` adds ``"History"`` to the
    infos, the list of the engine's events in that step, and ``generate_valid_action_trees`` adds
    ``"valid_action_tree"``, nested mappings; RLlib's networks do not look at it.
    ``record_video_config`` is for :class:`griddly_lit.VideoCallback`.

    Of a game of several players it makes a :class:`griddly_lit.RLlibMultiAgentEnv`, for which the
    config has to name policies.

    RLlib's default network takes no grids of such sizes: name
    :class:`griddly_lit.GAPModule` or :class:`griddly_lit.SimpleConvModule`.

    Args:
        env_config: The dictionary of Griddly's old RLlib integration as it was, also as RLlib's
            ``EnvContext``; or ``{"spec": GriddlyEnvSpec(…)}``.

    Raises:
        OptionError: A key is unknown, or a value does not fit.

    Example:
        >>> from griddly_lit import RLlibEnv
        >>> from ray.tune.registry import register_env
        >>> register_env("ray-griddly-env", RLlibEnv)
        >>> env = RLlibEnv({"yaml_file": "Single-Player/GVGAI/sokoban.yaml", "max_steps": 500})
        >>> env.observation_space.shape
        (9, 13, 4)
    """

    _game: TapedGame

    def __new__(cls, env_config: Mapping[str, Any]) -> Any:
        """Makes the one for several players where the game has so many."""
        if env_options(env_config).spec.game.player_count == 1:
            return super().__new__(cls)
        from griddly_lit.rllib.plain.multi_agent_env import RLlibMultiAgentEnv

        return RLlibMultiAgentEnv(env_config)

    def __init__(self, env_config: Mapping[str, Any]) -> None:
        spec, self._records, self._trees = env_options(env_config)
        super().__init__(spec)
        note_network(*spec.observation_shapes[0][:2])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Starts an episode; see :meth:`GriddlyEnv.reset`."""
        observation, info = super().reset(seed=seed, options=options)
        return observation, info | self._told()

    def step(self, action: Any) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """Plays one step; see :meth:`GriddlyEnv.step`."""
        *result, info = super().step(action)
        return *result, info | self._told()  # type: ignore[return-value]

    def replay(self) -> EpisodeReplay | None:
        """Returns the episode that has just ended; None while one goes on."""
        return self._game.replay(self.env_spec)

    def take_counts(self) -> Counts:
        """Returns how often the agent did what and met which outcome since the last call."""
        return self._game.take_counts()

    def _make_game(self, **observers: Any) -> TapedGame:
        spec = self.env_spec
        return TapedGame(
            load_gdy(spec.text),
            spec.game,
            max_steps=spec.max_steps,
            record_events=self._records,
            **observers,
        )

    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = {HISTORY: self._game.events} if self._records else {}
        if self._trees:
            # gymnasium's vector environments take apart what is a dict.
            told[VALID_ACTION_TREE] = UserDict(self._game.valid_action_trees()[0])
        return told
