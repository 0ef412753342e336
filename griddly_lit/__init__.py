"""griddly_lit: train agents on Griddly's grid worlds with RLlib, the Lightning way.

Names are loaded when they are first used, so that importing the package is cheap. Importing it
tells gymnasium of ``griddly_lit/Griddly-v0``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import gymnasium

if TYPE_CHECKING:
    from griddly_lit.callbacks import Callback as Callback
    from griddly_lit.callbacks import ModelCheckpoint as ModelCheckpoint
    from griddly_lit.comparison import compare as compare
    from griddly_lit.engine import bundled_games as bundled_games
    from griddly_lit.envs import EpisodePart as EpisodePart
    from griddly_lit.envs import GeneratedLevels as GeneratedLevels
    from griddly_lit.envs import GriddlyEnvSpec as GriddlyEnvSpec
    from griddly_lit.envs import LevelOutcome as LevelOutcome
    from griddly_lit.envs import LevelSource as LevelSource
    from griddly_lit.envs import PrioritizedLevels as PrioritizedLevels
    from griddly_lit.envs import SequentialLevels as SequentialLevels
    from griddly_lit.envs import Transform as Transform
    from griddly_lit.envs.gymnasium_env import GriddlyEnv as GriddlyEnv
    from griddly_lit.envs.parallel_env import GriddlyParallelEnv as GriddlyParallelEnv
    from griddly_lit.models import GAP as GAP
    from griddly_lit.models import GRU as GRU
    from griddly_lit.models import LSTM as LSTM
    from griddly_lit.models import ImpalaCNN as ImpalaCNN
    from griddly_lit.models import ModelSpec as ModelSpec
    from griddly_lit.models import SimpleConv as SimpleConv
    from griddly_lit.models import TorchModel as TorchModel
    from griddly_lit.models import register_model as register_model
    from griddly_lit.policies import SelfPlay as SelfPlay
    from griddly_lit.recording import EpisodeReplay as EpisodeReplay
    from griddly_lit.recording import VideoRecording as VideoRecording
    from griddly_lit.recording import render_replay as render_replay
    from griddly_lit.recording.renderers import Renderer as Renderer
    from griddly_lit.recording.renderers import register_renderer as register_renderer
    from griddly_lit.rllib.multi_agent_env import GriddlyMultiAgentEnv as GriddlyMultiAgentEnv
    from griddly_lit.rllib.own_algorithms import register_algorithm as register_algorithm
    from griddly_lit.rllib.plain.action_tracker_callback import (
        ActionTrackerCallback as ActionTrackerCallback,
    )
    from griddly_lit.rllib.plain.env import RLlibEnv as RLlibEnv
    from griddly_lit.rllib.plain.modules import GAPModule as GAPModule
    from griddly_lit.rllib.plain.modules import ImpalaCNNModule as ImpalaCNNModule
    from griddly_lit.rllib.plain.modules import SimpleConvModule as SimpleConvModule
    from griddly_lit.rllib.plain.multi_agent_env import RLlibMultiAgentEnv as RLlibMultiAgentEnv
    from griddly_lit.rllib.plain.video_callback import VideoCallback as VideoCallback
    from griddly_lit.rllib.plain.wandb_logger import WandbLoggerCallback as WandbLoggerCallback
    from griddly_lit.tracking.publish import Outlet as Outlet
    from griddly_lit.tracking.publish import register_outlet as register_outlet
    from griddly_lit.trainer import GriddlyTrainer as GriddlyTrainer

__version__ = "0.1.0"

_HOMES = {
    "Callback": "griddly_lit.callbacks",
    "ModelCheckpoint": "griddly_lit.callbacks",
    "compare": "griddly_lit.comparison",
    "bundled_games": "griddly_lit.engine",
    "GeneratedLevels": "griddly_lit.envs",
    "GriddlyEnv": "griddly_lit.envs.gymnasium_env",
    "EpisodePart": "griddly_lit.envs",
    "GriddlyEnvSpec": "griddly_lit.envs",
    "LevelOutcome": "griddly_lit.envs",
    "LevelSource": "griddly_lit.envs",
    "PrioritizedLevels": "griddly_lit.envs",
    "SequentialLevels": "griddly_lit.envs",
    "Transform": "griddly_lit.envs",
    "GAP": "griddly_lit.models",
    "GRU": "griddly_lit.models",
    "LSTM": "griddly_lit.models",
    "ImpalaCNN": "griddly_lit.models",
    "SimpleConv": "griddly_lit.models",
    "ModelSpec": "griddly_lit.models",
    "TorchModel": "griddly_lit.models",
    "register_model": "griddly_lit.models",
    "SelfPlay": "griddly_lit.policies",
    "EpisodeReplay": "griddly_lit.recording",
    "VideoRecording": "griddly_lit.recording",
    "render_replay": "griddly_lit.recording",
    "Renderer": "griddly_lit.recording.renderers",
    "register_renderer": "griddly_lit.recording.renderers",
    "Outlet": "griddly_lit.tracking.publish",
    "register_outlet": "griddly_lit.tracking.publish",
    "GriddlyMultiAgentEnv": "griddly_lit.rllib.multi_agent_env",
    "register_algorithm": "griddly_lit.rllib.own_algorithms",
    "ActionTrackerCallback": "griddly_lit.rllib.plain.action_tracker_callback",
    "GAPModule": "griddly_lit.rllib.plain.modules",
    "ImpalaCNNModule": "griddly_lit.rllib.plain.modules",
    "RLlibEnv": "griddly_lit.rllib.plain.env",
    "RLlibMultiAgentEnv": "griddly_lit.rllib.plain.multi_agent_env",
    "SimpleConvModule": "griddly_lit.rllib.plain.modules",
    "VideoCallback": "griddly_lit.rllib.plain.video_callback",
    "WandbLoggerCallback": "griddly_lit.rllib.plain.wandb_logger",
    "GriddlyTrainer": "griddly_lit.trainer",
}
__all__ = ["__version__", *_HOMES]  # noqa: PLE0604
# It needs an extra, without which `from griddly_lit import *` should work all the same.
_HOMES["GriddlyParallelEnv"] = "griddly_lit.envs.parallel_env"

gymnasium.register(
    id="griddly_lit/Griddly-v0", entry_point="griddly_lit.envs.gymnasium_env:GriddlyEnv"
)


# Spellings of Griddly's documentation, beside those of its code.
_OLD_SPELLINGS = {
    "RLLibEnv": "RLlibEnv",
    "RLLibMultiAgentEnv": "RLlibMultiAgentEnv",
    "RLLibMultiAgentWrapper": "RLlibMultiAgentEnv",
    "RLlibMultiAgentWrapper": "RLlibMultiAgentEnv",
}


def __getattr__(name: str) -> Any:
    if name in _OLD_SPELLINGS:
        from griddly_lit.errors import OptionError

        # An AttributeError would not outlive `from griddly_lit import …`.
        new = _OLD_SPELLINGS[name]
        raise OptionError(
            f"griddly_lit.{name}", f"it is called {new} now", f"Take {new}, which takes env_config"
        )
    if name not in _HOMES:
        raise AttributeError(f"module 'griddly_lit' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
