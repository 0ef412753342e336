"""The old integration's ``env_config`` dictionary, taken as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from griddly_lit.arguments import checked_bool, checked_mapping
from griddly_lit.envs.levels import GeneratedLevels
from griddly_lit.errors import OptionError, did_you_mean
from griddly_lit.recording import VideoRecording

_SPEC_KEYS = (
    "yaml_file",
    "yaml_string",
    "player_observer_type",
    "global_observer_type",
    "max_steps",
    "player_done_variable",
    "gdy_path",
    "image_path",
    "shader_path",
)
# What the trainer does now; the dictionary may still hold them.
TRAINER_KEYS = ("record_video_config", "record_actions", "generate_valid_action_trees")
_KEYS = (*_SPEC_KEYS, "level", "random_level_on_reset", "level_generator", *TRAINER_KEYS)


def spec_options(env_config: Mapping[str, Any]) -> dict[str, Any]:
    """Translates an ``env_config`` into the arguments of :class:`GriddlyEnvSpec`.

    Args:
        env_config: ``yaml_file`` or ``yaml_string``, ``level`` (0), ``random_level_on_reset``
            (False), ``level_generator`` ({"class": …, "config": …}), ``player_observer_type``,
            ``global_observer_type``, ``max_steps``, ``player_done_variable``, ``gdy_path``,
            ``image_path``, ``shader_path``. Observers may be Griddly's enum members or their names.

    Raises:
        OptionError: A key is unknown; the nearest known one is suggested.
    """
    check_env_config(env_config)
    options = {key: env_config[key] for key in _SPEC_KEYS if env_config.get(key) is not None}
    for key in ("player_observer_type", "global_observer_type"):
        if key in options:
            options[key] = _observer_names(options[key])
    generator = env_config.get("level_generator")
    if generator is not None:
        options["levels"] = _generated_levels(generator)
    elif _switch(env_config, "random_level_on_reset"):
        options["levels"] = "random"
    else:
        options["levels"] = env_config.get("level", 0)
    return options


def trainer_options(env_config: Mapping[str, Any]) -> dict[str, Any]:
    """Translates what an ``env_config`` says of the trainer into the trainer's arguments.

    Args:
        env_config: ``record_actions`` (False) becomes ``track_actions``.
            ``generate_valid_action_trees`` (False) becomes ``valid_actions="tree"``: the old models
            walked these trees to draw the parts of an action one after the other, valid ones only.
            ``record_video_config`` becomes ``video``.

    Raises:
        OptionError: A key is unknown, or a value does not fit.
    """
    check_env_config(env_config)
    recorded = env_config.get("record_video_config")
    trees = _switch(env_config, "generate_valid_action_trees")
    return {
        "track_actions": _switch(env_config, "record_actions"),
        "valid_actions": "tree" if trees else "off",
        "video": None if recorded is None else VideoRecording.from_record_video_config(recorded),
    }


def check_env_config(env_config: Mapping[str, Any]) -> None:
    """Raises OptionError for an unknown key, with the nearest known one."""
    checked_mapping("env_config", env_config, "Pass the dictionary as it was")
    _check_keys("env_config", env_config, _KEYS)


def _check_keys(name: str, values: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in values:
        if key not in known:
            raise OptionError(
                f"{name}[{key!r}]", f"{name} has no such key", did_you_mean(key, known), known
            )


def _switch(env_config: Mapping[str, Any], key: str) -> bool:
    value = env_config.get(key)
    return value is not None and checked_bool(f"env_config[{key!r}]", value)


def _generated_levels(generator: Any) -> GeneratedLevels:
    mend = "Pass {'class': MyGenerator, 'config': {…}}"
    checked_mapping("level_generator", generator, mend)
    _check_keys("level_generator", generator, ("class", "config"))
    if "class" not in generator:
        raise OptionError("level_generator", "it has no class", mend, ("class", "config"))
    return GeneratedLevels(generator["class"], generator.get("config") or {})


def _observer_names(observers: Any) -> Any:
    if isinstance(observers, (list, tuple)):
        return tuple(_observer_names(observer) for observer in observers)
    # gd.ObserverType.SPRITE_2D is called Sprite2D in GDY.
    enum_names = {
        "VECTOR": "Vector",
        "SPRITE_2D": "Sprite2D",
        "BLOCK_2D": "Block2D",
        "ISOMETRIC": "Isometric",
        "ENTITY": "Entity",
        "ASCII": "ASCII",
        "NONE": "None",
    }
    name = getattr(observers, "name", observers)
    return enum_names.get(name, name) if isinstance(name, str) else observers
