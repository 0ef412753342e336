"""The old integration's ``env_config`` dictionary, taken as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from griddly_lit.envs.levels import GeneratedLevels
from griddly_lit.errors import OptionError, did_you_mean

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
    for key in env_config:
        if key not in _KEYS:
            raise OptionError(
                f"env_config[{key!r}]",
                "env_config has no such key",
                did_you_mean(key, _KEYS),
                _KEYS,
            )
    options = {key: env_config[key] for key in _SPEC_KEYS if env_config.get(key) is not None}
    for key in ("player_observer_type", "global_observer_type"):
        if key in options:
            options[key] = _observer_names(options[key])
    generator = env_config.get("level_generator")
    if generator is not None:
        options["levels"] = GeneratedLevels(generator["class"], generator.get("config", {}))
    elif env_config.get("random_level_on_reset", False):
        options["levels"] = "random"
    else:
        options["levels"] = env_config.get("level", 0)
    return options


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
        "NONE": "None",
    }
    name = getattr(observers, "name", observers)
    return enum_names.get(str(name), str(name))
