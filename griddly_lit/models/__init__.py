"""The models room: networks of actor and critic, their specs, checks and action distribution.

A built model is a plain ``torch.nn.Module``: ``forward(observations)`` takes a (B, H, W, C) tensor,
uint8 or float, and returns ``(logits, values)``, floats of shapes (B, L) and (B,), with L the
number of logits: the sum of the sizes of the action's parts.
"""

from griddly_lit.models.check import check_model
from griddly_lit.models.distributions import entropy, log_prob, mode, sample
from griddly_lit.models.gap import GAP
from griddly_lit.models.impala_cnn import ImpalaCNN
from griddly_lit.models.resolve import model_from_dict, resolve_model
from griddly_lit.models.simple_conv import SimpleConv
from griddly_lit.models.spec import ModelSpec
from griddly_lit.models.summary import LayerSummary, ParameterTotal, summarize, total
from griddly_lit.models.torch_model import TorchModel

__all__ = [
    "GAP",
    "ImpalaCNN",
    "LayerSummary",
    "ModelSpec",
    "ParameterTotal",
    "SimpleConv",
    "TorchModel",
    "check_model",
    "entropy",
    "log_prob",
    "mode",
    "model_from_dict",
    "resolve_model",
    "sample",
    "summarize",
    "total",
]
