"""What scripts of Griddly's documentation import, by its old names.

A script of Griddly's RLlib documentation runs with these imports instead of its own, its config word
for word; see ``docs/from_griddly.md``. New scripts take the names of :mod:`griddly_lit`.
"""

from __future__ import annotations

from typing import Any

from griddly_lit.errors import OptionError
from griddly_lit.rllib.plain.action_tracker_callback import ActionTrackerCallback
from griddly_lit.rllib.plain.env import RLlibEnv
from griddly_lit.rllib.plain.modules import GAPModule as GAPAgent
from griddly_lit.rllib.plain.modules import ImpalaCNNModule as ImpalaCNNAgent
from griddly_lit.rllib.plain.modules import SimpleConvModule as SimpleConvAgent
from griddly_lit.rllib.plain.old_names import MultiCallback, RLlibMultiAgentWrapper, gd
from griddly_lit.rllib.plain.old_trainers import APPOTrainer, ImpalaTrainer, PPOTrainer
from griddly_lit.rllib.plain.video_callback import VideoCallback

# Griddly's code and its documentation differ in these.
MultiCallbacks = MultiCallback
VideoCallbacks = VideoCallback
ActionTrackerCallbacks = ActionTrackerCallback

__all__ = [
    "APPOTrainer",
    "ActionTrackerCallback",
    "ActionTrackerCallbacks",
    "GAPAgent",
    "ImpalaCNNAgent",
    "ImpalaTrainer",
    "MultiCallback",
    "MultiCallbacks",
    "PPOTrainer",
    "RLlibEnv",
    "RLlibMultiAgentWrapper",
    "SimpleConvAgent",
    "VideoCallback",
    "VideoCallbacks",
    "gd",
]

_TRAINER = "Use GriddlyTrainer.from_env_config(env_config, model, algorithm='IMPALA')"
_GONE = {
    "ConditionalActionImpalaTrainer": (
        "RLlib's own runners draw no actions from trees of valid ones",
        f"{_TRAINER}, where generate_valid_action_trees does",
    ),
    "TraceCallback": (
        "RLlib has no such callback any more",
        "Write an RLlibCallback of your own: info holds 'History' where record_actions is on",
    ),
    "WinLoseMetricCallbacks": (
        "ActionTrackerCallback counts wins, losses and ends, too",
        "Use that one",
    ),
    "RLlibWrapper": ("it is called RLlibEnv", "Import RLlibEnv"),
    "RLLibEnv": ("it is called RLlibEnv", "Import RLlibEnv"),
    "RLLibMultiAgentWrapper": (
        "it is called RLlibMultiAgentWrapper",
        "Import that, or RLlibMultiAgentEnv from griddly_lit",
    ),
}


def __getattr__(name: str) -> Any:
    if name in _GONE:
        rule, mend = _GONE[name]
        raise OptionError(f"griddly_lit.from_griddly.{name}", rule, mend, __all__)
    raise AttributeError(f"module 'griddly_lit.from_griddly' has no attribute {name!r}")
