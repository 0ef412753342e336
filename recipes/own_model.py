"""A torch module of your own, tested on levels that training never sees.

python recipes/own_model.py
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from griddly_lit import GriddlyEnvSpec, GriddlyTrainer, TorchModel


class Residual(nn.Module):
    """One residual block over the grid, then actor and critic."""

    def __init__(self, observation_shape: tuple[int, int, int], num_logits: int, width: int = 32):
        super().__init__()
        height, columns, channels = observation_shape
        self.enter = nn.Conv2d(channels, width, 3, padding=1)
        self.block = nn.Sequential(
            nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 1)
        )
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(width * height * columns, 256), nn.ReLU())
        self.actor = nn.Linear(256, num_logits)
        self.critic = nn.Linear(256, 1)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (B, H, W, C) observations to logits (B, num_logits) and values (B,)."""
        grid = self.enter(observations.float().permute(0, 3, 1, 2))
        hidden = self.body(torch.relu(grid + self.block(grid)))
        return self.actor(hidden), self.critic(hidden).squeeze(-1)


def main(**options: Any) -> None:
    """Trains and tests; ``options`` go to the trainer over those below."""
    spec = GriddlyEnvSpec(
        yaml_file="Single-Player/Mini-Grid/minigrid-drunkdwarf.yaml",
        levels="random",
        test_levels=(4,),
        max_steps=200,
    )
    defaults: dict[str, Any] = {"max_env_steps": 300_000, "seed": 1}
    trainer = GriddlyTrainer(spec, TorchModel(Residual, width=32), **{**defaults, **options})
    trainer.fit()
    print(trainer.test(episodes_per_level=20))


if __name__ == "__main__":
    main()
