"""What a trainer is made with: taken as it is, or refused with what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from griddly_lit.arguments import checked_mapping, shown
from griddly_lit.engine import bundled_games
from griddly_lit.envs import GriddlyEnvSpec, Transform
from griddly_lit.errors import OptionError
from griddly_lit.recording import VideoRecording

_LOGGERS = {
    "wandb": "WandbLogger(project='griddly')",
    "tensorboard": "TensorBoardLogger('logs')",
    "csv": "CSVLogger('logs')",
    "mlflow": "MLFlowLogger()",
    "comet": "CometLogger()",
}
# Without the import of Lightning, which takes seconds: whoever has a logger has imported it.
_LOGGER_MODULES = ("lightning.pytorch.loggers.logger", "pytorch_lightning.loggers.logger")


def checked_env(env: Any) -> GriddlyEnvSpec:
    """Returns the environment spec.

    Raises:
        OptionError: It is something else that people take for an environment.
    """
    if isinstance(env, GriddlyEnvSpec):
        return env
    rule, mend = "an environment is a GriddlyEnvSpec", "Write env=GriddlyEnvSpec(yaml_file=…)"
    if isinstance(env, (str, PurePath)):
        game = str(env) if str(env).endswith((".yaml", ".yml")) else _nearest_game(str(env))
        mend = f"Write env=GriddlyEnvSpec(yaml_file={game!r})"
    elif isinstance(env, Mapping):
        mend = "Use GriddlyTrainer.from_env_config(dictionary, model), or GriddlyEnvSpec(**options)"
    elif isinstance(env, type) and issubclass(env, GriddlyEnvSpec):
        mend = "Make one of the class: GriddlyEnvSpec(yaml_file=…)"
    elif callable(getattr(env, "reset", None)) and callable(getattr(env, "step", None)):
        rule += "; the trainer steps games of its own, without wrappers"
        unwrapped = getattr(env, "unwrapped", env)
        if isinstance(getattr(unwrapped, "env_spec", None), GriddlyEnvSpec):
            mend = "Pass the spec that it was made with: env=env.unwrapped.env_spec"
    raise OptionError(shown("env", env), rule, mend)


def checked_training(training: Any) -> dict[str, Any]:
    """Returns training settings, NumPy's numbers as Python's; their values are checked later.

    Raises:
        OptionError: It is no dictionary by name.
    """
    if training is None:
        return {}
    mend = "Pass a dictionary of settings, such as {'lr': 3e-4}"
    return {
        name: checked_training(value)
        if isinstance(value, Mapping)
        else value.item()
        if isinstance(value, np.generic)
        else value
        for name, value in checked_mapping("training", training, mend).items()
    }


def checked_transforms(transforms: Any) -> tuple[Transform, ...]:
    """Returns the transforms of what is learned from.

    Raises:
        OptionError: One is no transform.
    """
    listed = tuple(transforms) if isinstance(transforms, (list, tuple)) else (transforms,)
    for each in listed:
        if not isinstance(each, Transform):
            name = each.__name__ if isinstance(each, type) else type(each).__name__
            raise OptionError(
                shown("transforms", each),
                "it is a griddly_lit.Transform, or a list of them",
                f"Make one: {name}(…)"
                if isinstance(each, type) and issubclass(each, Transform)
                else f"Derive {name} from Transform",
            )
    return listed


def checked_video(video: Any) -> VideoRecording | None:
    """Returns how videos are recorded, or None.

    Raises:
        OptionError: It is something else.
    """
    if video is None or isinstance(video, VideoRecording):
        return video
    mend = "Write video=VideoRecording(), or None for no videos"
    if isinstance(video, Mapping):
        mend = "Write video=VideoRecording(every_env_steps=…, include_agents=…)"
        if "frequency" in video:
            mend += ", or give the whole dictionary to GriddlyTrainer.from_env_config"
    raise OptionError(shown("video", video), "it is a VideoRecording", mend)


def checked_loggers(logger: Any) -> bool | list[Any]:
    """Returns True for the default loggers, False for none, or Lightning's loggers.

    Raises:
        OptionError: One is no logger of ``lightning.pytorch``.
    """
    if isinstance(logger, (bool, np.bool_)):
        return bool(logger)
    loggers = list(logger) if isinstance(logger, (list, tuple)) else [logger]
    for each in loggers:
        if not any(
            base.__name__ == "Logger" and base.__module__ in _LOGGER_MODULES
            for base in type(each).__mro__
        ):
            raise OptionError(
                shown("logger", each),
                "it is True, False, a logger of lightning.pytorch.loggers, or a list of them",
                _logger_meant(each),
            )
    return loggers


def _nearest_game(name: str) -> str:
    # The old environment ids are made of the game's name: GDY-Spider-Nest-v0.
    wanted = re.sub(r"^GDY-|-v\d+$", "", name).lower().replace("_", "-")
    by_name = {PurePath(game).stem.lower().replace("_", "-"): game for game in bundled_games()}
    nearest = difflib.get_close_matches(wanted, by_name, n=1)
    return by_name[nearest[0]] if nearest else "Single-Player/GVGAI/sokoban.yaml"


def _logger_meant(logger: Any) -> str:
    if isinstance(logger, str):
        meant = _LOGGERS.get(logger.lower().removesuffix("logger"))
        if meant is not None:
            return f"Write logger={meant}, from lightning.pytorch.loggers"
    if type(logger).__module__.startswith("wandb"):
        return "Write logger=WandbLogger(experiment=run), from lightning.pytorch.loggers"
    if type(logger).__module__.startswith("lightning.fabric"):
        return f"Take {type(logger).__name__} from lightning.pytorch.loggers"
    if isinstance(logger, type):
        return f"Make one of the class: {logger.__name__}(…)"
    return "Write logger=True for CSV and TensorBoard, or logger=WandbLogger(project='griddly')"
