"""What an ``env_config`` asks of an environment under plain RLlib."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from griddly_lit.arguments import checked_bool, checked_instance, checked_mapping
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.envs.env_config import TRAINER_KEYS, spec_options
from griddly_lit.errors import OptionError, did_you_mean
from griddly_lit.recording import VideoRecording

SPEC = "spec"
RECORD_ACTIONS = "record_actions"
RECORD_VIDEO_CONFIG = "record_video_config"
_TREES = "generate_valid_action_trees"

_MODULES = "griddly_lit.rllib.plain.modules"
# RLlib's default network takes no other sizes of grids.
_SIZES_OF_RLLIB = ((10, 10), (42, 42), (64, 64), (84, 84))
_log = logging.getLogger("griddly_lit")


class EnvOptions(NamedTuple):
    """What an environment is to do.

    Attributes:
        spec: The game.
        record_actions: Put the engine's events into ``info``.
        valid_action_trees: Put the engine's trees of valid actions into ``info``.
    """

    spec: GriddlyEnvSpec
    record_actions: bool
    valid_action_trees: bool


def env_options(env_config: Mapping[str, Any]) -> EnvOptions:
    """Reads an ``env_config``.

    Args:
        env_config: The dictionary of Griddly's old integration as it was, also as RLlib's
            ``EnvContext``; or ``{"spec": GriddlyEnvSpec(…)}``, with ``record_actions``,
            ``record_video_config`` and ``generate_valid_action_trees`` beside it.

    Raises:
        GriddlyLitError: A key is unknown, and the nearest known one is suggested; or a value does
            not fit.
    """
    mend = "Pass env_config={'yaml_file': '…'}, or {'spec': GriddlyEnvSpec(…)}"
    options = dict(checked_mapping("env_config", env_config, mend))
    video_of(options)
    spec = options.get(SPEC)
    if spec is None:
        options.pop(SPEC, None)
        spec = GriddlyEnvSpec(**spec_options(options))
    else:
        checked_instance("env_config['spec']", spec, GriddlyEnvSpec, mend)
        _check_beside_spec(options)
    return EnvOptions(spec, _is_on(options, RECORD_ACTIONS), _is_on(options, _TREES))


def video_of(env_config: Mapping[str, Any]) -> VideoRecording | None:
    """Returns what ``record_video_config`` asks for, if it is there.

    A folder that it does not name is ``videos``.

    Raises:
        OptionError: It does not fit.
    """
    config = env_config.get(RECORD_VIDEO_CONFIG)
    if config is None:
        return None
    checked_mapping(RECORD_VIDEO_CONFIG, config, "Pass its settings by name")
    return VideoRecording.from_record_video_config({"directory": "videos", **config})


@cache
def note_network(height: int, width: int) -> None:
    """Says once which network takes such a grid, where it may be left to RLlib's own.

    That one fails on other sizes than its own, and remote runners lose its message. A process that
    is to act with a module of ours has loaded it by now, as it is in the config.
    """
    if (height, width) not in _SIZES_OF_RLLIB and _MODULES not in sys.modules:
        _log.warning(
            "RLlib's default network takes no grid of %d x %d. Unless the config has a module of "
            "yours, set config.rl_module(rl_module_spec=RLModuleSpec(module_class=GAPModule)), "
            "with GAPModule or SimpleConvModule from griddly_lit.",
            height,
            width,
        )


def _check_beside_spec(options: Mapping[str, Any]) -> None:
    known = (SPEC, *TRAINER_KEYS)
    for key in options:
        if key not in known:
            raise OptionError(
                f"env_config[{key!r}]",
                "beside 'spec' there is no such key",
                f"{did_you_mean(key, known)} What is of the game belongs to the GriddlyEnvSpec",
                known,
            )


def _is_on(options: Mapping[str, Any], key: str) -> bool:
    value = options.get(key)
    return value is not None and checked_bool(f"env_config[{key!r}]", value)
