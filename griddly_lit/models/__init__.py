"""The models room: networks of actor and critic, their specs, checks and action distribution.

A built model is a plain ``torch.nn.Module``: ``forward(observations)`` takes a (B, H, W, C) tensor,
uint8 or float, and returns ``(logits, values)``, floats of shapes (B, L) and (B,), with L the
number of logits: the sum of the sizes of the action's parts. One with a memory also takes and returns
a state, see :mod:`griddly_lit.models.recurrent`.
"""

import os

# Read by torch when it first allocates: large tensors come in huge pages where the system offers
# them. The activations of a minibatch are new ones every time, and page after page of them cost
# learning a tenth of its time.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

from griddly_lit.models.action_head import ActionHead, ValidActionsMode
from griddly_lit.models.answers import Answers
from griddly_lit.models.answers_trial import answers_each_observation_alone
from griddly_lit.models.check import check_model
from griddly_lit.models.distributions import ActionDistribution, Factored, Tree
from griddly_lit.models.gap import GAP
from griddly_lit.models.impala_cnn import ImpalaCNN
from griddly_lit.models.memory import GRU, LSTM
from griddly_lit.models.once_each import may_be_asked_once
from griddly_lit.models.recurrent import StateLayout, unroll
from griddly_lit.models.resolve import model_from_dict, register_model, resolve_model
from griddly_lit.models.simple_conv import SimpleConv
from griddly_lit.models.spec import ModelSpec
from griddly_lit.models.summary import LayerSummary, ParameterTotal, summarize, total
from griddly_lit.models.torch_model import TorchModel

__all__ = [
    "GAP",
    "GRU",
    "LSTM",
    "ActionDistribution",
    "ActionHead",
    "Answers",
    "Factored",
    "ImpalaCNN",
    "LayerSummary",
    "ModelSpec",
    "ParameterTotal",
    "SimpleConv",
    "StateLayout",
    "TorchModel",
    "Tree",
    "ValidActionsMode",
    "answers_each_observation_alone",
    "check_model",
    "may_be_asked_once",
    "model_from_dict",
    "register_model",
    "resolve_model",
    "summarize",
    "total",
    "unroll",
]
