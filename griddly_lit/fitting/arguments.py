"""What a trainer is made with: taken as it is, or refused with what to write instead."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from griddly_lit.arguments import checked_mapping, shown
from griddly_lit.callbacks import Callback
from griddly_lit.engine import bundled_games
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.errors import OptionError, did_you_mean
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
_CALLBACK_MODULES = ("lightning", "pytorch_lightning")
_HOOKS = {
    name: len(inspect.signature(hook).parameters) - 1
    for name, hook in vars(Callback).items()
    if name.startswith("on_")
}


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


def checked_callbacks(callbacks: Any) -> list[Callback]:
    """Returns the callbacks.

    Raises:
        OptionError: One is of another kind, or has a hook that nothing would call.
    """
    if callbacks is None:
        return []
    listed = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
    for callback in listed:
        if not isinstance(callback, Callback):
            raise OptionError(
                shown("callbacks", callback),
                "callbacks are subclasses of griddly_lit.Callback",
                _callback_meant(callback),
            )
        _check_hooks(callback)
    return listed


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


def _callback_meant(callback: Any) -> str:
    kind = callback if isinstance(callback, type) else type(callback)
    if isinstance(callback, type) and issubclass(callback, Callback):
        return f"Make one of the class: {kind.__name__}(…)"
    if any(base.__module__.split(".")[0] in _CALLBACK_MODULES for base in kind.__mro__):
        if kind.__name__ == "ModelCheckpoint":
            return "Take griddly_lit.ModelCheckpoint, which counts environment steps"
        if kind.__name__ == "Timer":
            return "Set max_time of the trainer"
        return (
            f"{kind.__name__} is Lightning's: subclass griddly_lit.Callback, whose hooks see "
            "trainer.metrics and may set trainer.should_stop"
        )
    if any(base.__module__.startswith("ray.") for base in kind.__mro__):
        return "Give RLlib's callbacks to RLlib: algorithm=PPOConfig().callbacks(…)"
    return f"Subclass it, with the hooks {', '.join(_HOOKS)}"


def _check_hooks(callback: Callback) -> None:
    name = type(callback).__name__
    for attribute in dir(callback):
        if attribute.startswith("on_") and attribute not in _HOOKS:
            raise OptionError(
                f"{name}.{attribute}",
                "there is no such hook, so nothing would call it (begin names of your own with '_')",
                did_you_mean(attribute, _HOOKS),
                _HOOKS,
            )
    for hook in _HOOKS:
        _check_signature(callback, hook)


def _check_signature(callback: Callback, hook: str) -> None:
    try:
        inspect.signature(getattr(callback, hook)).bind(*(None,) * _HOOKS[hook])
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"{type(callback).__name__}.{hook}",
            f"it cannot be called as this hook is ({error})",
            f"Define it as {hook}({', '.join(inspect.signature(getattr(Callback, hook)).parameters)})",
        ) from error
