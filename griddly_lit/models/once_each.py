"""Whether a model's network may be asked once about observations that are equal."""

from __future__ import annotations

from torch import nn

from griddly_lit.models.answers_trial import answers_each_observation_alone
from griddly_lit.models.gap import GAP
from griddly_lit.models.impala_cnn import ImpalaCNN
from griddly_lit.models.recurrent import is_recurrent
from griddly_lit.models.simple_conv import SimpleConv
from griddly_lit.models.spec import ModelSpec
from griddly_lit.models.torch_model import TorchModel

# Known to answer each observation alone.
_OURS = (SimpleConv, GAP, ImpalaCNN)


def may_be_asked_once(model: ModelSpec, network: nn.Module, shape: tuple[int, int, int]) -> bool:
    """Whether equal observations may share one answer; not so where there is a memory.

    Args:
        model: What the network was built of; a :class:`TorchModel` may say it itself.
        network: From observations to logits and values.
        shape: (H, W, C) of one observation.
    """
    if is_recurrent(network):
        return False
    if type(model) in _OURS:
        return True
    if isinstance(model, TorchModel) and model.once_each is not None:
        return model.once_each
    return answers_each_observation_alone(network, shape)
