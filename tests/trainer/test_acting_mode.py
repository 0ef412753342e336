"""A trainer's networks act in evaluation mode."""

import numpy as np
import torch
from torch import nn

from griddly_lit import TorchModel
from trainer.small import spec, trainer


class Normalised(nn.Module):
    """A network that acts otherwise than it learns."""

    def __init__(self, shape, num_logits):
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(),
            nn.Linear(shape[0] * shape[1] * shape[2], 16),
            nn.BatchNorm1d(16),
            nn.Dropout(0.5),
        )
        self.heads = nn.Linear(16, num_logits + 1)

    def forward(self, observations):
        outputs = self.heads(self.body(observations.float()))
        return outputs[:, :-1], outputs[:, -1]


def test_acting_and_testing_leave_no_trace(tmp_path):
    torch.manual_seed(0)
    trained = trainer(tmp_path, spec(levels=0), TorchModel(Normalised), logger=False)
    (network,) = trained._actor.networks.values()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    rng = np.random.default_rng(0)
    observation = rng.integers(0, 2, trained._actor.policies[0].observation_shape, dtype=np.uint8)
    assert len({int(trained.act(observation)) for _ in range(20)}) == 1
    results = [trained.test(0, 2).returns.tolist() for _ in range(2)]
    assert results[0] == results[1]
    trained.validate()
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
