"""Which networks see one of equal observations."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from conftest import CLUSTERS
from griddly_lit import GriddlyEnvSpec, SimpleConv, TorchModel
from griddly_lit.models import ModelSpec
from griddly_lit.policies import resolve_policies
from griddly_lit.rllib.config import Settings, algorithm_config


class Net(nn.Module):
    def __init__(self, shape, num_logits):
        super().__init__()
        self.heads = nn.Linear(shape[0] * shape[1] * shape[2], num_logits + 1)
        self.offset = nn.Buffer(torch.ones(()), persistent=False)
        self.dropout = nn.Dropout(0.1)

    def forward(self, observations):
        outputs = self.heads(self.dropout(observations.flatten(1).float())) + self.offset
        return outputs[:, :-1], outputs[:, -1]


@dataclass(frozen=True)
class OwnSpec(ModelSpec):
    def build(self, observation_shape, num_logits):
        return Net(observation_shape, num_logits)


@pytest.mark.parametrize(
    ("model", "once"),
    [
        (SimpleConv(), True),
        (OwnSpec(), False),
        (TorchModel(Net), False),
        (TorchModel(Net, once_each=True), True),
    ],
)
def test_the_users_networks_are_tried_unless_they_say(model, once):
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS)
    config = algorithm_config(Settings(spec, resolve_policies(spec, "shared", model)))
    module = config.rl_module_spec.build()
    observations = torch.zeros(6, *module.observation_space.shape, dtype=torch.uint8)
    seen = []
    module.network.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    module.forward_train({"obs": observations})
    assert seen == [1 if once else 6]


def test_an_acting_copy_of_a_users_spec_keeps_what_its_state_leaves_out():
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS)
    config = algorithm_config(Settings(spec, resolve_policies(spec, "shared", OwnSpec())))
    module_spec = config.rl_module_spec
    module_spec.inference_only = True
    assert module_spec.build().network.offset == 1
