"""The actor: networks that act in a game, with the weights they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from griddly_lit.arguments import shown
from griddly_lit.checkpoints import Checkpoint
from griddly_lit.engine import checked_actions
from griddly_lit.envs import EpisodeEnd, GriddlyEnvSpec
from griddly_lit.envs.spaces import flat_actions
from griddly_lit.errors import (
    ActionError,
    CheckpointError,
    GriddlyLitError,
    ObserverError,
    PolicyError,
)
from griddly_lit.models import StateLayout, check_model
from griddly_lit.models.valid_actions import pack
from griddly_lit.playing.episodes import EpisodeBatch, play_episodes
from griddly_lit.policies import Policy
from griddly_lit.policies.acting import act, network_of
from griddly_lit.policies.players import players_of


class Actor:
    """Acts for the agents of a game, by one policy or several.

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

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """Returns the weights by policy and name."""
        return {policy: network.state_dict() for policy, network in self.networks.items()}

    def play_batches(self, batches: Sequence[EpisodeBatch]) -> list[EpisodeEnd]:
        """Plays episodes, see :func:`~griddly_lit.playing.play_episodes`."""
        players = players_of(self.policies, self.networks)
        return [end for batch in batches for end in play_episodes(players, self.env, batch)]

    def act(
        self,
        observation: ArrayLike,
        agent_id: int | None = None,
        valid_actions: ArrayLike | None = None,
        state: ArrayLike | None = None,
    ) -> Any:
        """Returns the most probable action, see :meth:`GriddlyTrainer.act`."""
        policy = self._policy_of(agent_id)
        network = self.networks[policy.name]
        observations = _checked_observations(observation, policy)
        head = policy.head
        packed = np.zeros((len(observations), 0), dtype=np.uint8)
        if valid_actions is None:
            head = replace(head, valid_actions="off")
        elif head.valid_actions != "off":
            row = _packed(valid_actions, head.nvec)
            packed = np.broadcast_to(row, (len(observations), len(row))).copy()
        one = np.ndim(observation) == 3
        states = _checked_states(state, policy, network, len(observations), one)
        acted = act(network_of(network), head, observations, packed, None, states)
        actions: Any = flat_actions(acted.actions)
        if one:
            actions = int(actions[0]) if actions.ndim == 1 else actions[0]
        if acted.states is None:
            return actions
        return actions, acted.states[0] if one else acted.states

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


def _checked_observations(observation: Any, policy: Policy) -> NDArray[np.generic]:
    """Returns observations (B, H, W, C)."""
    array, shape = _array("observation", observation, ObserverError), policy.observation_shape
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
    return array.reshape(-1, *shape)


def _checked_states(
    state: Any, policy: Policy, network: nn.Module, count: int, one: bool
) -> NDArray[np.float32] | None:
    """Returns states (B, S), those of an episode's beginning for None; None without a memory."""
    layout = StateLayout.of(network)
    if layout is None:
        if state is not None:
            raise PolicyError(
                shown("state", state), f"policy {policy.name!r} has no memory", "Leave it out"
            )
        return None
    if state is None:
        return np.tile(layout.initial(network).numpy(), (count, 1))
    array = _array("state", state, PolicyError)
    shape = (layout.size,) if one else (count, layout.size)
    if array.shape != shape or array.dtype.kind not in "uif" or not np.isfinite(array).all():
        raise PolicyError(
            f"state of {array.dtype} {array.shape}",
            f"the state here is {shape}, of finite numbers",
            "Pass the state that act() returned for the step before, and None for an episode's first",
        )
    return array.reshape(count, -1).astype(np.float32)


def _packed(valid_actions: Any, nvec: Sequence[int]) -> NDArray[np.uint8]:
    listed = _array("valid_actions", valid_actions, ActionError)
    if not listed.size or listed.ndim not in (1, 2):
        raise ActionError(
            shown("valid_actions", valid_actions),
            "it lists the actions that are valid now, one at least",
            "Pass integers (V, parts), as the environment gives them",
        )
    checked = checked_actions(listed, tuple(nvec), listed.shape[:1])
    packed: NDArray[np.uint8] = pack(torch.from_numpy(checked), tuple(nvec)).numpy().reshape(-1)
    return packed


def _array(name: str, values: Any, error: type[GriddlyLitError]) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as fault:
        raise error(
            shown(name, values), f"it is no array ({fault})", "Pass a NumPy array"
        ) from fault
