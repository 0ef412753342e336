"""An agent: networks that play a game."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from griddly_lit.arguments import shown
from griddly_lit.checkpoint import Checkpoint
from griddly_lit.engine import checked_actions
from griddly_lit.envs import EpisodeEnd, GriddlyEnvSpec, Level
from griddly_lit.envs.spaces import flat_actions
from griddly_lit.errors import (
    ActionError,
    CheckpointError,
    GriddlyLitError,
    ObserverError,
    PolicyError,
)
from griddly_lit.evaluation import play, play_levels
from griddly_lit.evaluation_levels import InTurn
from griddly_lit.models import ActionDistribution, Factored, check_model
from griddly_lit.models.valid_actions import pack
from griddly_lit.policies import Policy
from griddly_lit.policies.players import PolicyPlayers


class Agent:
    """Acts and plays with the weights it has, by one policy or several.

    Args:
        env: The environment.
        policies: Who acts for whom; their networks are made here, with fresh weights.

    Attributes:
        networks: The built model of each policy by its name, in evaluation mode.

    Raises:
        ModelError: A model does not fit the environment.
    """

    def __init__(self, env: GriddlyEnvSpec, policies: Sequence[Policy]) -> None:
        self.env = env
        self.policies = policies
        self.networks = {
            # Acting leaves no trace: nothing is dropped out, and normalisations keep their statistics.
            policy.name: check_model(
                policy.model, policy.observation_shape, policy.head.num_logits
            ).eval()
            for policy in policies
        }
        self._players = PolicyPlayers(policies, self.networks)

    def load(self, checkpoint: Checkpoint) -> None:
        """Takes over the weights of a checkpoint.

        Raises:
            CheckpointError: It was written for another game or model.
        """
        checkpoint.check_fits(self.env, self.policies)
        weights = checkpoint.weights()
        try:
            self.load_weights(weights)
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(
                f"checkpoint={str(checkpoint.path)!r}",
                f"its weights are those of another network ({str(error)[:300]})",
                "Use it with the model it was written with",
            ) from error

    def load_weights(self, weights: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Takes over weights, by policy and name."""
        for policy, network in self.networks.items():
            network.load_state_dict(dict(weights[policy]))

    def act(
        self,
        observation: ArrayLike,
        agent_id: int | None = None,
        valid_actions: ArrayLike | None = None,
    ) -> Any:
        """Returns the most probable action, see :meth:`GriddlyTrainer.act`."""
        policy = self._policy_of(agent_id)
        array = _array("observation", observation, ObserverError)
        shape = policy.observation_shape
        if array.dtype.kind not in "uif" or not np.isfinite(array).all():
            raise ObserverError(
                f"observation of {array.dtype}",
                "an observation is made of numbers, and finite ones",
                "Pass uint8 (H, W, C), as the environment gives it",
            )
        if array.shape[-3:] != shape or array.ndim not in (3, 4) or not array.size:
            raise ObserverError(
                f"observation of shape {array.shape}",
                f"this agent sees {shape}",
                "Pass one observation (H, W, C) or a batch (B, H, W, C)",
            )
        with torch.no_grad():
            logits, _ = self.networks[policy.name](torch.from_numpy(array.reshape(-1, *shape)))
        distribution: ActionDistribution = Factored(logits, policy.head.all_parts)
        if valid_actions is not None and policy.head.valid_actions != "off":
            listed = _array("valid_actions", valid_actions, ActionError)
            if not listed.size or listed.ndim not in (1, 2):
                raise ActionError(
                    shown("valid_actions", valid_actions),
                    "it lists the actions that are valid now, one at least",
                    "Pass integers (V, parts), as the environment gives them",
                )
            checked = checked_actions(listed, policy.head.nvec, listed.shape[:1])
            packed = pack(torch.from_numpy(checked), policy.head.nvec)
            distribution = policy.head.distribution(logits, packed.expand(len(logits), -1))
        actions = flat_actions(distribution.mode().numpy())
        if array.ndim == 4:
            return actions
        return int(actions[0]) if actions.ndim == 1 else actions[0]

    def play_levels(
        self, levels: Sequence[Level], episodes_per_level: int, seed: int, record_events: bool
    ) -> list[EpisodeEnd]:
        """Plays episodes on each level, see :func:`griddly_lit.evaluation.play_levels`."""
        return play_levels(self._players, self.env, levels, episodes_per_level, seed, record_events)

    def play_level(self, level: int | str, seed: int, deterministic: bool = False) -> EpisodeEnd:
        """Plays one episode.

        Args:
            level: A level's index, or a level string.
            seed: The same seed gives the same episode.
            deterministic: Take the most probable actions instead of drawing them.

        Raises:
            LevelError: There is no such level.
            OptionError: The environment has no step limit.
        """
        players = PolicyPlayers(self.policies, self.networks, deterministic)
        (end,) = play(players, self.env, InTurn((level,)), 1, 1, seed)
        return end

    def _policy_of(self, agent_id: int | None) -> Policy:
        agents = range(1, self.env.game.player_count + 1)
        if agent_id is None and len(self.policies) == 1:
            return self.policies[0]
        if isinstance(agent_id, (int, np.integer)) and not isinstance(agent_id, bool):
            for policy in self.policies:
                if agent_id in policy.agents:
                    return policy
        raise PolicyError(
            shown("agent_id", agent_id), "there is no such agent", "Name one of them", agents
        )


def _array(name: str, values: Any, error: type[GriddlyLitError]) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as fault:
        raise error(
            shown(name, values), f"it is no array ({fault})", "Pass a NumPy array"
        ) from fault
