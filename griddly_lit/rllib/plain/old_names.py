"""What else Griddly's documentation imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from types import SimpleNamespace
from typing import Any

from griddly_lit.arguments import checked_instance
from griddly_lit.rllib.plain.multi_agent_env import RLlibMultiAgentEnv


class ObserverType(Enum):
    """Griddly's observers. Its own enumeration cannot be sent to another process."""

    VECTOR = "Vector"
    SPRITE_2D = "Sprite2D"
    BLOCK_2D = "Block2D"
    ISOMETRIC = "Isometric"
    ENTITY = "Entity"
    ASCII = "ASCII"
    NONE = "None"


gd = SimpleNamespace(ObserverType=ObserverType)
"""For ``gd.ObserverType.SPRITE_2D``."""


def RLlibMultiAgentWrapper(  # noqa: N802, its name was a class's
    env: Any, env_config: Mapping[str, Any] | None = None
) -> RLlibMultiAgentEnv:
    """Returns a game of several players for RLlib.

    Args:
        env: An ``RLlibEnv`` of a game of several players, or an ``env_config``.
        env_config: What it was made with; not looked at.

    Raises:
        OptionError: It is neither.
    """
    if isinstance(env, Mapping):
        return RLlibMultiAgentEnv(env)
    mend = "Pass RLlibEnv(env_config) of a game of several players, or the env_config"
    return checked_instance("env", env, RLlibMultiAgentEnv, mend)


def MultiCallback(callbacks: Sequence[Any]) -> list[Any]:  # noqa: N802, its name was a class's
    """Returns several callbacks as RLlib takes them: a list."""
    return list(callbacks)
