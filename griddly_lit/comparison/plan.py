"""The plan of a study: which runs there are, and with what each is made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from griddly_lit.arguments import checked_list, checked_mapping, shown
from griddly_lit.callbacks import ModelCheckpoint
from griddly_lit.comparison.floor import FLOOR, UniformPolicy
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.errors import OptionError
from griddly_lit.models import ModelSpec, TorchModel, resolve_model
from griddly_lit.recording import VideoRecording
from griddly_lit.trainer import GriddlyTrainer

# What a study decides for every run.
_DECIDED = (
    "env", "model", "training", "seed", "max_env_steps", "max_iterations", "max_time", "logger",
    "default_root_dir", "validate_every_env_steps", "validation_episodes", "video", "fast_dev_run",
    "enable_checkpointing", "enable_progress_bar", "enable_model_summary", "ray_address",
    "track_actions", "profiler", "callbacks",
)  # fmt: skip
_QUIET = {"enable_progress_bar": False, "enable_model_summary": False}


class Cell(NamedTuple):
    """One run of a study: names of its model and game, and its seed."""

    model: str
    env: str
    seed: int

    def __str__(self) -> str:
        return f"{self.model} on {self.env}, seed {self.seed}"


@dataclass(frozen=True)
class Plan:
    """All that decides what a study measures.

    Attributes:
        models: By name.
        envs: By name.
        seeds: Of the runs of every model on every game.
        max_env_steps: Budget of a run.
        validate_every_env_steps: Environment steps between validations.
        validation_episodes: Episodes on each level of a validation.
        test_episodes: Episodes on each level of the test at the end.
        training: Settings of the algorithm by model.
        trainer: More arguments of every trainer.
        video: Which videos are kept, if any.
        out: The study's folder.
    """

    models: Mapping[str, ModelSpec]
    envs: Mapping[str, GriddlyEnvSpec]
    seeds: tuple[int, ...]
    max_env_steps: int
    validate_every_env_steps: int
    validation_episodes: int
    test_episodes: int
    training: Mapping[str, Mapping[str, Any]]
    trainer: Mapping[str, Any]
    video: VideoRecording | None
    out: Path

    @property
    def cells(self) -> list[Cell]:
        """Every run, seed by seed, so that a study that is cut short has whole seeds."""
        return [
            Cell(model, env, seed)
            for seed in self.seeds
            for env in self.envs
            for model in self.models
        ]

    @property
    def floors(self) -> list[Cell]:
        """For each game, the uniformly random policy that is played and not trained."""
        return [Cell(FLOOR, env, self.seeds[0]) for env in self.envs]

    def folder(self, cell: Cell) -> Path:
        """Returns where a run leaves its files."""
        return self.out / "cells" / cell.model / cell.env / f"seed_{cell.seed}"

    def make_trainer(self, cell: Cell, **options: Any) -> GriddlyTrainer:
        """Makes the trainer of a run."""
        of_model: dict[str, Any] = {
            "model": TorchModel(UniformPolicy),
            "logger": False,
            "enable_checkpointing": False,
        }
        if cell.model != FLOOR:
            of_model = {
                "model": self.models[cell.model],
                "training": self.training[cell.model],
                "max_env_steps": self.max_env_steps,
                "validate_every_env_steps": self.validate_every_env_steps,
                "video": self.video,
            }
        return GriddlyTrainer(
            self.envs[cell.env],
            **{
                **self.trainer,
                **of_model,
                **_QUIET,
                "seed": cell.seed,
                "track_actions": True,
                "validation_episodes": self.validation_episodes,
                "default_root_dir": self.folder(cell),
                **options,
            },
        )

    def checkpointing(self) -> ModelCheckpoint:
        """Returns what keeps the checkpoints of a run: the last one alone, at each validation."""
        return ModelCheckpoint(save_top_k=0, every_env_steps=self.validate_every_env_steps)

    def settings(self, cell: Cell) -> dict[str, Any]:
        """Returns what decides what a run measures, as JSON values."""
        env = self.envs[cell.env].to_dict()
        env["yaml_string"] = hashlib.sha256(self.envs[cell.env].text.encode()).hexdigest()
        for place in ("yaml_file", "gdy_path", "image_path", "shader_path"):
            env.pop(place, None)
        told = {
            "env": env,
            **self.make_trainer(cell).settings(),
            "max_env_steps": self.max_env_steps,
            "validate_every_env_steps": self.validate_every_env_steps,
            "validation_episodes": self.validation_episodes,
            "test_episodes": self.test_episodes,
        }
        values: dict[str, Any] = json.loads(json.dumps(told, default=str))
        return values


def checked_models(models: Any) -> dict[str, ModelSpec]:
    """Returns models by name; of a list, each by its class."""
    named = _named(
        "models", models, lambda each: each if isinstance(each, str) else type(each).__name__
    )
    return {name: resolve_model(each) for name, each in named.items()}


def checked_envs(envs: Any) -> dict[str, GriddlyEnvSpec]:
    """Returns games by name; of a list, each by the name its file gives it."""
    for each in envs.values() if isinstance(envs, Mapping) else envs if _is_list(envs) else ():
        if not isinstance(each, GriddlyEnvSpec):
            raise OptionError(
                shown("envs", each),
                "a game is a GriddlyEnvSpec",
                "Pass GriddlyEnvSpec(yaml_file=…)",
            )
    return _named("envs", envs, lambda each: each.game.name)


def checked_trainer_options(given: Any) -> dict[str, Any]:
    """Returns more arguments of every trainer."""
    options: dict[str, Any] = dict(
        checked_mapping("trainer", given or {}, "Pass {'num_envs_per_env_runner': 32}")
    )
    GriddlyTrainer.check_names("compare(trainer=…)", options)
    for name in options:
        if name in _DECIDED:
            raise OptionError(
                f"trainer={{{name!r}: …}}", "the study decides this for every run", "Leave it out"
            )
    return options


def training_by_model(training: Any, models: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Returns each model's settings: those for all, and over them those under its name."""
    given = checked_mapping("training", training or {}, "Pass {'lr': 1e-3, 'GAP': {'lr': 5e-4}}")
    for_all = {name: value for name, value in given.items() if name not in models}
    return {model: {**for_all, **given.get(model, {})} for model in models}


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _named(option: str, values: Any, name_of: Any) -> dict[str, Any]:
    if isinstance(values, Mapping):
        named = dict(checked_mapping(option, values, "Name each by a text"))
    else:
        listed = checked_list(option, values, "Pass a list, or a dictionary by names")
        named = {name_of(each): each for each in listed}
        if len(named) < len(listed):
            raise OptionError(
                f"{option}=[…]", "two of them have the same name", "Pass a dictionary by names"
            )
    if not named:
        raise OptionError(
            f"{option}={values!r}", "there is nothing to compare", "Name one at least"
        )
    for name in named:
        if not name or set(name) & set('/\\<>"\0') or name.startswith(".") or name == FLOOR:
            raise OptionError(
                shown(option, name),
                f"it is to name a folder, and {FLOOR!r} is the policy that all are compared with",
                "Choose another name",
            )
    return named
