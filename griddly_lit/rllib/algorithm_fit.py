"""Whether an algorithm fits a game and its models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig

from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.errors import AlgorithmError
from griddly_lit.policies import Policy
from griddly_lit.rllib.module import no_memory_for_dqn


def check_fits_dqn(name: str, spec: GriddlyEnvSpec, policies: tuple[Policy, ...]) -> None:
    """Checks that an algorithm like DQN can learn a game.

    Raises:
        AlgorithmError: It cannot.
    """
    head = policies[0].head
    for fault in (
        f"this game's action has parts {head.all_parts}" if len(head.all_parts) > 1 else "",
        f"this game has {spec.game.player_count} players" if spec.game.player_count > 1 else "",
        f"valid_actions={head.valid_actions!r}" if head.valid_actions != "off" else "",
    ):
        if fault:
            raise AlgorithmError(
                f"algorithm={name!r}",
                f"{name} learns one player's one discrete action from all of its values, but {fault}",
                "Use PPO, APPO or IMPALA",
            )
    for policy in policies:
        if policy.model.has_memory:
            raise no_memory_for_dqn(policy.model)


def check_dqn(config: Any) -> None:
    """Checks that models here serve DQN as it is set.

    Raises:
        AlgorithmError: They do not.
    """
    if config.dueling or config.num_atoms > 1:
        raise AlgorithmError(
            f"training: dueling={config.dueling}, num_atoms={config.num_atoms}",
            "models here have one output an action",
            "Set dueling=False and num_atoms=1",
        )


def check_sequences(config: AlgorithmConfig, policies: Sequence[Policy]) -> None:
    """Checks that a minibatch holds a sequence of each policy with a memory.

    RLlib takes as many sequences as come to no more than the minibatch's steps: never none.

    Args:
        config: The config, with the number of games.
        policies: The policies.

    Raises:
        AlgorithmError: A sequence may be longer than a minibatch.
    """
    minibatch = config.minibatch_size
    remembering = [policy for policy in policies if policy.model.has_memory]
    if minibatch is None or not remembering:
        return
    # Parts of episodes are no longer than a fragment, and RLlib adds a step.
    most = config.get_rollout_fragment_length() + 1
    for policy in remembering:
        length = min(policy.model.max_seq_len, most)
        if length > minibatch:
            raise AlgorithmError(
                f"training: minibatch_size={minibatch}, max_seq_len={policy.model.max_seq_len}",
                f"a minibatch holds whole sequences, which are up to {length} steps long here",
                "Give a larger minibatch_size, or the memory a smaller max_seq_len",
            )
