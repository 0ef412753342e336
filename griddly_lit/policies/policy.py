"""From ``policies=`` to who acts for whom, with which model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from griddly_lit.arguments import checked_int, checked_list, checked_mapping, shown
from griddly_lit.engine import Shape
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.errors import PolicyError, did_you_mean
from griddly_lit.models import ActionHead, ModelSpec, ValidActionsMode, resolve_model
from griddly_lit.policies.self_play import SelfPlay

Policies = Literal["shared", "independent"] | Mapping[str, Sequence[int]] | SelfPlay
Model = ModelSpec | str | Mapping[str, ModelSpec | str]

ONLY = "default_policy"
"""The policy of a game with one agent, by RLlib's name for it."""
LEARNER = "learner"
"""The policy that learns in self-play."""


@dataclass(frozen=True)
class Policy:
    """One policy.

    Attributes:
        name: Its name.
        agents: Ids of the agents it acts for, from 1.
        model: Its model.
        observation_shape: (H, W, C) of what its agents see.
        head: What the model's logits mean.
        trained: Whether it learns; otherwise it acts with the weights it has.
        alone: Whether it is the only one and bears RLlib's name for that; several agents may share
            it.
    """

    name: str
    agents: tuple[int, ...]
    model: ModelSpec
    observation_shape: Shape
    head: ActionHead
    trained: bool = True
    alone: bool = False

    @property
    def has_company(self) -> bool:
        """Whether agents and policies are told apart."""
        return not self.alone or len(self.agents) > 1


def resolve_policies(
    env: GriddlyEnvSpec,
    policies: Policies,
    model: Model,
    valid_actions: ValidActionsMode = "off",
    train_policies: Sequence[str] | None = None,
) -> tuple[Policy, ...]:
    """Returns the policies of a game.

    Args:
        env: The environment.
        policies: ``"shared"``, ``"independent"``, the agents of each policy by its name, or
            :class:`SelfPlay`.
        model: One model for all, or one for each policy by its name.
        valid_actions: How valid actions are taken into account.
        train_policies: Names of those that learn; None for all.

    Raises:
        PolicyError: An agent has no policy or several, a name is unknown, or agents of one policy
            see observations of different shapes.
        ModelError: There is no such model.
    """
    agents_of = _agents_of(env, policies)
    for option, names in (
        ("model", model if isinstance(model, Mapping) else ()),
        ("train_policies", train_policies or ()),
    ):
        for name in names:
            if not isinstance(name, str) or name not in agents_of:
                raise PolicyError(
                    f"{option}: {name!r}",
                    "there is no such policy",
                    did_you_mean(name, agents_of),
                    agents_of,
                )
    if train_policies is not None and not train_policies:
        raise PolicyError(
            "train_policies=[]", "nothing would learn", "Name at least one policy", agents_of
        )
    head = ActionHead(env.single_action_nvec, env.actions_per_turn, valid_actions)
    return tuple(
        Policy(
            name,
            agents,
            _model_of(name, model),
            _shape_of(name, agents, env),
            head,
            train_policies is None or name in train_policies,
            list(agents_of) == [ONLY],
        )
        for name, agents in agents_of.items()
    )


def _agents_of(env: GriddlyEnvSpec, policies: Any) -> dict[str, tuple[int, ...]]:
    every = tuple(range(1, env.game.player_count + 1))
    if isinstance(policies, SelfPlay):
        if len(every) == 1:
            raise PolicyError(
                "policies=SelfPlay(…)",
                f"{env.name_in_errors} has one player",
                "Choose a game with several players",
            )
        return {LEARNER: every}
    if isinstance(policies, Mapping):
        found = _listed_agents(policies)
        _check_cover(found, every)
        return found
    if not isinstance(policies, str) or policies not in ("shared", "independent"):
        raise PolicyError(
            shown("policies", policies),
            "there are no such policies",
            "Use one of them, {'name': [agents], …} or SelfPlay(…)",
            ("shared", "independent"),
        )
    if len(every) == 1:
        return {ONLY: every}
    return (
        {"shared": every}
        if policies == "shared"
        else {f"agent_{agent}": (agent,) for agent in every}
    )


def _listed_agents(policies: Any) -> dict[str, tuple[int, ...]]:
    mend = "Give each policy's name its agents, such as {'chaser': [2, 3]}"
    return {
        name: tuple(
            checked_int(f"policies[{name!r}]", agent, error=PolicyError)
            for agent in checked_list(f"policies[{name!r}]", agents, mend, error=PolicyError)
        )
        for name, agents in checked_mapping("policies", policies, mend, error=PolicyError).items()
    }


def _check_cover(found: Mapping[str, tuple[int, ...]], every: tuple[int, ...]) -> None:
    for name in found:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
            raise PolicyError(
                f"policies: {name!r}",
                "the name is part of metric names and of RLlib's folders",
                "Use letters, digits, '_', '-' and '.'",
            )
    listed = [agent for agents in found.values() for agent in agents]
    for faulty, rule in (
        ([name for name, agents in found.items() if not agents], "a policy without agents"),
        (sorted({str(agent) for agent in listed if agent not in every}), "no agents of this game"),
        (sorted({a for a in listed if listed.count(a) > 1}), "agents with several policies"),
        ([agent for agent in every if agent not in listed], "agents without a policy"),
    ):
        if faulty:
            raise PolicyError(
                f"policies={ {name: list(agents) for name, agents in found.items()} }",
                f"{rule}: {faulty}",
                "Give each agent one policy",
                every,
            )


def _model_of(name: str, model: Any) -> ModelSpec:
    if not isinstance(model, Mapping):
        return resolve_model(model)
    if name not in model:
        raise PolicyError(
            f"model={list(model)}", f"policy {name!r} has no model", "Give each policy a model"
        )
    return resolve_model(model[name])


def _shape_of(name: str, agents: tuple[int, ...], env: GriddlyEnvSpec) -> Shape:
    shapes = {agent: env.observation_shapes[agent - 1] for agent in agents}
    if len(set(shapes.values())) > 1:
        raise PolicyError(
            f"policy {name!r} of agents {list(agents)}",
            f"its agents see observations of different shapes (H, W, C): {shapes}",
            "Give agents of each shape a policy of their own: policies={'name': [agents], …}",
        )
    return shapes[agents[0]]
