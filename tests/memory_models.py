"""Modules with a memory, as users write them."""

import torch
from torch import nn

NORTH_SIGN, DOOR = 1, 0


class Guide(nn.Module):
    """Solves recipes/games/signpost.yaml: it keeps in mind whether it has seen the north sign."""

    def __init__(self, observation_shape, num_logits):
        super().__init__()
        self.num_logits = num_logits
        self.weight = nn.Parameter(torch.ones(()))

    def initial_state(self):
        return torch.zeros(())

    def forward(self, observations, state):
        planes = observations.flatten(1, 2)
        state = torch.maximum(state, planes[..., NORTH_SIGN].amax(1).float())
        # The doors are above and below, in the middle column, at the junction alone.
        at_doors = observations[:, 0, 1, DOOR] > 0
        up_or_down = torch.where(state > 0, 2, 4)
        action = torch.where(at_doors, up_or_down, 3)
        logits = 20.0 * nn.functional.one_hot(action, self.num_logits) * self.weight
        return logits, state * self.weight, state


class Mixed(nn.Module):
    """An LSTM cell and a count of steps in a dictionary."""

    def __init__(self, observation_shape, num_logits, units=6):
        super().__init__()
        height, width, channels = observation_shape
        self.cell = nn.LSTMCell(height * width * channels, units)
        self.out = nn.Linear(units + 1, num_logits + 1)
        self.first = nn.Buffer(torch.linspace(-1, 1, units))

    def initial_state(self):
        return {
            "steps": torch.zeros(1, dtype=torch.int64),
            "h": self.first,
            "c": torch.zeros_like(self.first),
        }

    def forward(self, observations, state):
        h, c = self.cell(observations.flatten(1).float(), (state["h"], state["c"]))
        steps = state["steps"] + 1
        out = self.out(torch.cat([h, steps / 10], 1))
        return out[:, :-1], out[:, -1], {"steps": steps, "h": h, "c": c}


class Pair(Mixed):
    """The same with a tuple, without the count."""

    def initial_state(self):
        return self.first, torch.zeros_like(self.first)

    def forward(self, observations, state):
        h, c = self.cell(observations.flatten(1).float(), state)
        out = self.out(torch.cat([h, h[:, :1]], 1))
        return out[:, :-1], out[:, -1], (h, c)
