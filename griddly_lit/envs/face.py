"""What the environments for other people's tools are asked for, checked alike in all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from griddly_lit.arguments import checked_instance, checked_int, checked_mapping, shown
from griddly_lit.envs.checked_options import checked_indices
from griddly_lit.envs.levels import Level
from griddly_lit.envs.spec import GriddlyEnvSpec
from griddly_lit.errors import OptionError, PolicyError, did_you_mean

Value = TypeVar("Value")


def spec_of(env_spec: Any, options: Mapping[str, Any]) -> GriddlyEnvSpec:
    """Returns the spec that an environment is made with.

    Args:
        env_spec: The spec, or None.
        options: Arguments of a spec to be made, where there is none.

    Raises:
        OptionError: It is no spec, there are both, or an option is unknown.
    """
    if env_spec is not None:
        mend = "Pass a spec, or its arguments by name: yaml_file='…', max_steps=…"
        if options:
            raise OptionError(f"env_spec=…, {next(iter(options))}=…", "they are two specs", mend)
        if isinstance(env_spec, Mapping):
            raise OptionError(
                shown("env_spec", dict(env_spec)),
                "it is a dictionary, such as RLlib's env_config",
                "Take griddly_lit.RLlibEnv or RLlibMultiAgentEnv, which are made from one; or pass "
                "its entries by name",
            )
        return checked_instance("env_spec", env_spec, GriddlyEnvSpec, mend)
    known = [field.name for field in dataclasses.fields(GriddlyEnvSpec) if field.init]
    for option in options:
        if option not in known:
            raise OptionError(
                shown(option, options[option]),
                "a GriddlyEnvSpec has no such argument",
                did_you_mean(option, known),
                known,
            )
    return GriddlyEnvSpec(**options)


def checked_seed(seed: Any) -> int | None:
    """Returns what seeds a generator: an integer of any size, or None."""
    return None if seed is None else checked_int("seed", seed)


def asked_level(options: Any, level_count: int) -> Level | None:
    """Returns the level that the options of a reset name, if they do.

    Args:
        options: What was passed to the reset; what else it holds is for others.
        level_count: Number of the game's levels.

    Raises:
        OptionError: The options are no dictionary.
        LevelError: There is no such level.
    """
    if options is None:
        return None
    level = checked_mapping("options", options, "Pass {'level': …}, or None").get("level")
    if level is None or isinstance(level, str):
        return level
    return checked_indices("level", [level], level_count)[0]


def of_agent(values: Mapping[int, Value], agent: Any) -> Value:
    """Returns the value of one agent.

    Raises:
        PolicyError: There is no such agent.
    """
    if isinstance(agent, int) and not isinstance(agent, bool) and agent in values:
        return values[agent]
    raise PolicyError(shown("agent", agent), "there is no such agent", "Name one of them", values)
