"""Parts of your own, five in one file: an algorithm, a model, a reward, a level curriculum, a logger's outlet.

python recipes/own_parts.py
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch.loggers import Logger
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.core.columns import Columns
from ray.rllib.evaluation.postprocessing import Postprocessing
from torch import Tensor, nn

from griddly_lit import (
    EpisodePart,
    GriddlyEnvSpec,
    GriddlyTrainer,
    LevelOutcome,
    ModelSpec,
    Outlet,
    Transform,
    VideoRecording,
    register_algorithm,
    register_model,
    register_outlet,
)


class SimplePolicyOptimization(PPOTorchLearner):
    """PPO's learner with the loss of SPO, which pulls ratios back instead of clipping them.

    Source: Xie et al., "Simple Policy Optimization", arXiv:2401.16025: the surrogate
    r A - |A| / (2 epsilon) (r - 1)^2 in place of PPO's.
    """

    def compute_loss_for_module(
        self, *, module_id: str, config: Any, batch: dict[str, Any], fwd_out: dict[str, Any]
    ) -> Tensor:
        """Returns the loss of a minibatch; RLlib calls this."""
        module = self.module[module_id].unwrapped()
        policy = module.get_train_action_dist_cls().from_logits(fwd_out[Columns.ACTION_DIST_INPUTS])
        ratio = torch.exp(policy.logp(batch[Columns.ACTIONS]) - batch[Columns.ACTION_LOGP])
        advantages = batch[Postprocessing.ADVANTAGES]
        pull = advantages.abs() / (2 * config.clip_param) * (ratio - 1) ** 2
        values = module.compute_values(batch, embeddings=fwd_out.get(Columns.EMBEDDINGS))
        policy_loss = (pull - ratio * advantages).mean()
        value_loss = (values - batch[Postprocessing.VALUE_TARGETS]).square().mean()
        entropy = policy.entropy().mean()
        weight = self.entropy_coeff_schedulers_per_module[module_id].get_current_value()
        self.metrics.log_dict(
            {"policy_loss": policy_loss, "vf_loss": value_loss, "entropy": entropy},
            key=module_id,
            window=1,
        )
        return policy_loss + config.vf_loss_coeff * value_loss - weight * entropy


class SPOConfig(PPOConfig):
    """PPO's config with that learner."""

    def get_default_learner_class(self) -> type[PPOTorchLearner]:
        """Returns the learner; RLlib calls this."""
        return SimplePolicyOptimization


@register_model
@dataclass(frozen=True)
class Perceptron(ModelSpec):
    """One hidden layer over the flattened grid."""

    width: int = 256

    def build(self, observation_shape: tuple[int, int, int], num_logits: int) -> nn.Module:
        """Returns the network for a grid size and a number of logits."""
        height, columns, channels = observation_shape
        return _Perceptron(height * columns * channels, self.width, num_logits)


class _Perceptron(nn.Module):
    def __init__(self, size: int, width: int, num_logits: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(size, width), nn.Tanh())
        self.actor = nn.Linear(width, num_logits)
        self.critic = nn.Linear(width, 1)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(observations.float())
        return self.actor(hidden), self.critic(hidden).squeeze(-1)


class Novelty(Transform):
    """An intrinsic reward of scale / sqrt(visits) for what is seen, counted over the whole run.

    Source: count-based exploration, Bellemare et al., "Unifying Count-Based Exploration and Intrinsic
    Motivation", NeurIPS 2016, with exact counts, as grids repeat themselves.
    """

    def __init__(self, scale: float = 0.01) -> None:
        self.scale = scale
        self.visits: dict[str, int] = {}

    def __call__(self, part: EpisodePart, rng: np.random.Generator) -> None:
        """Adds to the reward of each step what the observation after it is worth."""
        for step, seen in enumerate(part.observations[1:]):
            key = hashlib.blake2b(seen.tobytes(), digest_size=8).hexdigest()
            self.visits[key] = self.visits.get(key, 0) + 1
            part.rewards[step] += self.scale / self.visits[key] ** 0.5

    def state_dict(self) -> dict[str, Any]:
        """Returns the counts, for an exact resume."""
        return {"visits": self.visits}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes the counts over."""
        self.visits = dict(state["visits"])


@dataclass
class Curriculum:
    """A level source: the next level joins when the hardest one so far was won often enough."""

    levels: tuple[int, ...]
    wins_wanted: int = 20
    reached: int = field(default=0, init=False)
    wins: int = field(default=0, init=False)

    def draw(self, rng: np.random.Generator, ordinal: int) -> int:
        """Returns one of the levels reached."""
        return int(self.levels[rng.integers(self.reached + 1)])

    def indices(self) -> tuple[int, ...]:
        """Returns every level that may be drawn."""
        return tuple(self.levels)

    def note(self, outcome: LevelOutcome) -> None:
        """Is told of every episode that ended."""
        self.wins += outcome.level == self.levels[self.reached] and any(outcome.won)
        if self.wins >= self.wins_wanted and self.reached + 1 < len(self.levels):
            self.reached, self.wins = self.reached + 1, 0

    def state_dict(self) -> dict[str, int]:
        """Returns how far it is."""
        return {"reached": self.reached, "wins": self.wins}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Goes on from there."""
        self.reached, self.wins = state["reached"], state["wins"]


class LinesLogger(Logger):
    """A logger of your own: a line of CSV for each number, and for each video the place of its file."""

    name = "lines"
    version = "0"

    def __init__(self, path: Path) -> None:
        self.path = path

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Is handed numbers."""
        self.write((step, *item) for item in metrics.items())

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Is handed the settings."""
        self.write((0, *item) for item in params.items())

    def write(self, rows: Any) -> None:
        """Appends rows."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


class LinesOutlet(Outlet):
    """What a LinesLogger can take beyond numbers and settings."""

    def place(self) -> str:
        """Returns where it writes."""
        return str(self.logger.path)

    def video(self, key: str, path: Path, step: int, fps: int) -> None:
        """Is handed a video's file."""
        self.logger.write([(step, key, path)])


def main(folder: str | Path = "runs/own_parts", **options: Any) -> GriddlyTrainer:
    """Trains; ``options`` go to the trainer over those below."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    register_algorithm("SPO", SPOConfig)
    register_outlet(LinesLogger, LinesOutlet)
    spec = GriddlyEnvSpec(
        yaml_file="Single-Player/Mini-Grid/minigrid-doggo.yaml",
        levels=Curriculum((0, 1)),
        max_steps=100,
    )
    defaults: dict[str, Any] = {"max_env_steps": 200_000, "seed": 1}
    trainer = GriddlyTrainer(
        spec,
        "Perceptron",
        algorithm="SPO",
        transforms=Novelty(),
        video=VideoRecording(directory=folder / "videos"),
        logger=LinesLogger(folder / "lines.csv"),
        default_root_dir=folder,
        **{**defaults, **options},
    )
    trainer.fit()
    return trainer


if __name__ == "__main__":
    print(main())
