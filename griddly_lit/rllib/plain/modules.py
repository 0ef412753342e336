"""The documented agents as RLlib modules, for any config of a plain user."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from ray.rllib.core.columns import Columns
from torch import Tensor

from griddly_lit.errors import ModelError
from griddly_lit.models import GAP, ActionHead, ImpalaCNN, ModelSpec, SimpleConv
from griddly_lit.rllib.module import ActorCriticModule
from griddly_lit.rllib.user_config import what_differs

Batch = dict[str, Any]

# What RLlib adds to a model_config by itself.
_RLLIBS_OWN = ("vf_share_layers", "twin_q")


class _DocumentedModule(ActorCriticModule):
    """A model of ours on RLlib's own runners, learners and connectors.

    Observations are uint8 or float (H, W, C), as :class:`griddly_lit.RLlibEnv` gives them; actions
    are Discrete or MultiDiscrete.
    """

    model: ClassVar[ModelSpec]
    model_config: Any

    def setup(self) -> None:
        """Builds the network; RLlib calls this."""
        _check_model_config(type(self).__name__, self.model_config)
        self.model_config = {
            "model": self.model,
            "head": ActionHead(_choices(type(self).__name__, self.action_space)),
            "bfloat16": False,
        }
        _check_observations(type(self).__name__, self.observation_space)
        super().setup()

    def _forward(self, batch: Batch, **options: Any) -> Batch:
        # Values from acting would go stale in algorithms that learn from old samples.
        logits = super()._forward(batch, **options)[Columns.ACTION_DIST_INPUTS]
        return {Columns.ACTION_DIST_INPUTS: logits}

    def compute_values(self, batch: Batch, embeddings: Tensor | None = None) -> Tensor:
        """Returns values (B,), those that a forward pass in training found if handed in."""
        if embeddings is not None:
            return embeddings
        values = self._outputs(self.network, batch[Columns.OBS])[1]
        return values if torch.is_grad_enabled() else values.detach()


class SimpleConvModule(_DocumentedModule):
    """Griddly's ``SimpleConvAgent`` for ``RLModuleSpec(module_class=SimpleConvModule)``.

    See :class:`griddly_lit.SimpleConv` for its layers. It is for PPO, APPO and IMPALA, on
    observations uint8 (H, W, C) and Discrete or MultiDiscrete actions.

    Raises:
        ModelError: ``model_config`` sets something, or the spaces do not fit.
    """

    model = SimpleConv()


class GAPModule(_DocumentedModule):
    """Griddly's ``GAPAgent`` for ``RLModuleSpec(module_class=GAPModule)``.

    See :class:`griddly_lit.GAP` for its layers; it has the same parameters for any size of grid.
    It is for PPO, APPO and IMPALA, on observations uint8 (H, W, C) and Discrete or MultiDiscrete
    actions.

    Raises:
        ModelError: ``model_config`` sets something, or the spaces do not fit.
    """

    model = GAP()


class ImpalaCNNModule(_DocumentedModule):
    """Griddly's ``ImpalaCNNAgent``, see :class:`griddly_lit.ImpalaCNN`; else as the other two."""

    model = ImpalaCNN()


def _choices(name: str, space: Any) -> tuple[int, ...]:
    if isinstance(space, Discrete):
        return (int(space.n),)
    if isinstance(space, MultiDiscrete):
        return tuple(map(int, space.nvec.ravel()))
    raise ModelError(
        f"{name}: action_space={space}",
        "it chooses among Discrete or MultiDiscrete actions",
        "Use it with RLlibEnv or RLlibMultiAgentEnv",
    )


def _check_observations(name: str, space: Any) -> None:
    if not (isinstance(space, Box) and len(space.shape) == 3):
        raise ModelError(
            f"{name}: observation_space={space}",
            "it looks at one grid (H, W, C)",
            "Leave out connectors that flatten observations",
        )


def _check_model_config(name: str, model_config: Any) -> None:
    for key, value in what_differs(model_config or {}, {}).items():
        if key not in _RLLIBS_OWN:
            raise ModelError(
                f"{name}: model_config[{key!r}]={value!r:.60}",
                "its layers are those of the documentation, and nothing reads this",
                "Leave model_config out; for other networks see GriddlyTrainer and TorchModel",
            )
