"""An agent: a network that plays a game."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from griddly_lit.checkpoint import Checkpoint
from griddly_lit.envs import EpisodeEnd, GriddlyEnvSpec
from griddly_lit.envs.spaces import flat_actions
from griddly_lit.errors import ObserverError
from griddly_lit.evaluation import play, play_levels
from griddly_lit.models import ModelSpec, check_model, mode


class Agent:
    """Acts and plays with the weights it has.

    Args:
        env: The environment.
        model: The model; its network is made here, with fresh weights.

    Attributes:
        network: The built model.

    Raises:
        ModelError: The model does not fit the environment.
    """

    def __init__(self, env: GriddlyEnvSpec, model: ModelSpec) -> None:
        self.env = env
        self.model = model
        self.network = check_model(model, env.observation_shapes[0], sum(env.action_nvec))

    def load(self, checkpoint: Checkpoint) -> None:
        """Takes over the weights of a checkpoint.

        Raises:
            CheckpointError: It was written for another game or model.
        """
        checkpoint.check_fits(self.env, self.model)
        self.network.load_state_dict(checkpoint.weights())

    def act(self, observation: ArrayLike) -> Any:
        """Returns the most probable action, see :meth:`GriddlyTrainer.act`."""
        array = np.asarray(observation)
        shape = self.env.observation_shapes[0]
        if array.shape[-3:] != shape or array.ndim not in (3, 4):
            raise ObserverError(
                f"observation of shape {array.shape}",
                f"this agent sees {shape}",
                "Pass one observation (H, W, C) or a batch (B, H, W, C)",
            )
        with torch.no_grad():
            logits, _ = self.network(torch.from_numpy(array.reshape(-1, *shape)))
        actions = flat_actions(mode(logits, self.env.action_nvec).numpy())
        if array.ndim == 4:
            return actions
        return int(actions[0]) if actions.ndim == 1 else actions[0]

    def play_levels(
        self, levels: Sequence[int], episodes_per_level: int, seed: int, record_events: bool
    ) -> list[EpisodeEnd]:
        """Plays episodes on each level, see :func:`griddly_lit.evaluation.play_levels`."""
        return play_levels(self.network, self.env, levels, episodes_per_level, seed, record_events)

    def play_level(self, level: int | str, seed: int) -> EpisodeEnd:
        """Plays one episode.

        Raises:
            LevelError: There is no such level.
            OptionError: The environment has no step limit.
        """
        (end,) = play(self.network, self.env, _OneLevel(level), 1, 1, seed)
        return end


@dataclass(frozen=True)
class _OneLevel:
    """A level source that knows one level, which may be a level string."""

    level: int | str

    def draw(self, rng: np.random.Generator, ordinal: int) -> int | str:
        return self.level

    def indices(self) -> tuple[int, ...]:
        return ()
