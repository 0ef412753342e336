"""Checkpoints: directories that are written whole or not at all.

A checkpoint holds::

    manifest.json         format, counters, metrics, and size and SHA-256 of every other file
    game.yaml             the game's text
    spec.json             the environment spec
    trainer.json          the models' specs and the trainer's settings
    weights.safetensors   every policy's network, as "policy/name"
    pool/                 the snapshots of self-play, one file each, and who beat whom
    best.json             names and scores of the best checkpoints beside it
    episodes.json         level, seed and actions of every unfinished episode
    rllib/                RLlib's own checkpoint (optimizers, counters), pickled

Everything but ``rllib/`` is read without pickle, and is all that acting needs.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from griddly_lit.callbacks.best_list import BEST
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.errors import CheckpointError
from griddly_lit.interrupt import shielded
from griddly_lit.policies import Policy, SelfPlay, resolve_policies
from griddly_lit.policies.league import League
from griddly_lit.settings import settings_from_json
from griddly_lit.whole_directory import finish_interrupted, whole_directory

FORMAT = 2
MANIFEST = "manifest.json"
_POOL = "pool"
_PICKLE_NOTE = (
    "RLlib's own checkpoint: pickled Python objects. Load it only if you trust where it came from.\n"
    "The folder above holds the game, the model and its weights without pickle.\n"
)


@dataclass(frozen=True)
class Checkpoint:
    """An opened checkpoint, its files checked against the manifest.

    Attributes:
        path: Its directory.
        env_steps: Environment steps taken when it was written.
        iterations: Iterations finished when it was written.
        metrics: The metrics of its last iteration.
    """

    path: Path
    env_steps: int
    iterations: int
    metrics: Mapping[str, float]

    @property
    def rllib_dir(self) -> Path:
        """RLlib's own part."""
        return self.path / "rllib"

    def env_spec(self) -> GriddlyEnvSpec:
        """Returns the environment that was trained on."""
        values = _read_json(self.path / "spec.json")
        return GriddlyEnvSpec.from_dict(
            {**values, "yaml_string": (self.path / "game.yaml").read_text("utf-8")}
        )

    def trainer_settings(self) -> dict[str, Any]:
        """Returns the trainer's settings as arguments of the trainer."""
        return settings_from_json(_read_json(self.path / "trainer.json"))

    def check_fits(self, env: GriddlyEnvSpec, policies: Sequence[Policy]) -> None:
        """Raises CheckpointError when it was written for another game, model or policies."""
        saved, settings = self.env_spec(), self.trainer_settings()
        theirs = _what_must_fit(
            saved,
            resolve_policies(
                saved, settings["policies"], settings["model"], settings["valid_actions"]
            ),
        )
        ours = _what_must_fit(env, policies)
        for what, value in ours.items():
            if theirs[what] != value:
                shown = "" if what == "game" else f": {theirs[what]} there, {value} here"
                raise CheckpointError(
                    f"checkpoint={str(self.path)!r}",
                    f"it was written for another {what}{shown}",
                    "Use it with the environment and model it was written with",
                )

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """Returns the weights of every policy's network, by policy and name."""
        weights: dict[str, dict[str, Tensor]] = {}
        for key, value in load_file(self.path / "weights.safetensors").items():
            policy, _, name = key.partition("/")
            weights.setdefault(policy, {})[name] = value
        return weights

    def league(self, settings: SelfPlay) -> League:
        """Returns the pool of a self-play run."""
        files = (self.path / _POOL).glob("snapshot_*.safetensors")
        weights = {int(file.stem.removeprefix("snapshot_")): load_file(file) for file in files}
        return League.from_dict(settings, _read_json(self.path / _POOL / "league.json"), weights)


def _what_must_fit(env: GriddlyEnvSpec, policies: Sequence[Policy]) -> dict[str, Any]:
    return {
        "game": env.text,
        "observation shape": env.observation_shapes,
        "model": {policy.name: policy.model for policy in policies},
        "choice of policies": {policy.name: policy.agents for policy in policies},
        "set of actions": policies[0].head.all_parts,
    }


def write_checkpoint(
    path: Path,
    *,
    env: GriddlyEnvSpec,
    settings: Mapping[str, Any],
    weights: Mapping[str, Mapping[str, Tensor]],
    episodes: list[dict[str, Any]],
    league: League | None,
    save_rllib: Callable[[Path], None],
    env_steps: int,
    iterations: int,
    metrics: Mapping[str, float],
    best: Mapping[str, Any] | None = None,
) -> None:
    """Writes a checkpoint, whole or not at all, also where the process is killed or interrupted.

    Args:
        path: Its directory; what is there already is replaced.
        env: The environment.
        settings: The trainer's settings as JSON values.
        weights: Every policy's network, by policy and name.
        episodes: What repeats each unfinished episode.
        league: The pool of self-play, if that is how it trains.
        save_rllib: Writes RLlib's own part into a directory.
        env_steps: Environment steps taken.
        iterations: Iterations finished.
        metrics: The metrics of the last iteration.
        best: The lists of the run's best checkpoints, as JSON values.

    Raises:
        CheckpointError: There is a link or a file at ``path``.
    """
    with shielded(), whole_directory(path) as draft:
        (draft / "game.yaml").write_text(env.text, "utf-8")
        _write_json(draft / "spec.json", _spec_values(env))
        _write_json(draft / "trainer.json", settings)
        _write_json(draft / "episodes.json", episodes)
        _write_json(draft / BEST, best or {})
        save_file(
            {
                f"{policy}/{name}": value.contiguous()
                for policy, of_policy in weights.items()
                for name, value in of_policy.items()
            },
            draft / "weights.safetensors",
        )
        if league is not None:
            _write_league(draft / _POOL, league)
        (draft / "rllib").mkdir()
        save_rllib(draft / "rllib")
        (draft / "rllib" / "PICKLED.txt").write_text(_PICKLE_NOTE)
        files = {str(file.relative_to(draft)): _fingerprint(file) for file in _files(draft)}
        _write_json(
            draft / MANIFEST,
            {
                "format": FORMAT,
                "env_steps": env_steps,
                "iterations": iterations,
                "metrics": dict(metrics),
                "files": files,
            },
        )


def is_of_run(path: Path, env: GriddlyEnvSpec, settings: Mapping[str, Any]) -> bool:
    """Whether a checkpoint was written by a run with this environment and these settings.

    Args:
        path: Its directory. Only its small files are read, and nothing is checked.
        env: The environment; the game's text counts, wherever its file is.
        settings: Settings of the trainer, as JSON values, that must be equal.
    """
    try:
        spec, saved = _read_json(path / "spec.json"), _read_json(path / "trainer.json")
        text = (path / "game.yaml").read_text("utf-8")
    except (OSError, ValueError):
        return False
    ours = json.loads(json.dumps([{**_spec_values(env), "yaml_file": None}, dict(settings)]))
    theirs = [{**spec, "yaml_file": None}, {name: saved.get(name) for name in settings}]
    return text == env.text and ours == theirs


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Opens a checkpoint.

    Raises:
        CheckpointError: There is none, or a file of it is missing, cut short or altered.
    """
    directory = Path(path).expanduser()
    manifest_file = directory / MANIFEST
    finish_interrupted(directory)
    if not manifest_file.is_file():
        rule = (
            "the directory holds no manifest.json, so it is no checkpoint"
            if directory.is_dir()
            else "it is a file, and a checkpoint is a directory"
            if directory.exists()
            else "there is no such directory"
        )
        raise CheckpointError(
            f"checkpoint={str(path)!r}",
            rule,
            "Give a directory that fit() wrote, such as …/checkpoints/last",
        )
    try:
        manifest = json.loads(manifest_file.read_text("utf-8"))
        files: dict[str, list[Any]] = manifest["files"]
        version = manifest["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"checkpoint={str(path)!r}", "its manifest.json is cut short", "Use another checkpoint"
        ) from error
    if version != FORMAT:
        raise CheckpointError(
            f"checkpoint={str(path)!r}",
            f"its format is {version}, this version reads {FORMAT}",
            "Load it with the version of griddly_lit that wrote it",
        )
    for name, fingerprint in files.items():
        file = directory / name
        if not file.is_file() or _fingerprint(file) != fingerprint:
            fault = "is altered or cut short" if file.is_file() else "is missing"
            raise CheckpointError(
                f"checkpoint={str(path)!r}", f"its file {name} {fault}", "Use another checkpoint"
            )
    return Checkpoint(directory, manifest["env_steps"], manifest["iterations"], manifest["metrics"])


def _write_league(directory: Path, league: League) -> None:
    directory.mkdir()
    _write_json(directory / "league.json", league.to_dict())
    for snapshot in league.pool.values():
        weights = {name: value.contiguous() for name, value in snapshot.weights.items()}
        save_file(weights, directory / f"snapshot_{snapshot.id}.safetensors")


def _spec_values(env: GriddlyEnvSpec) -> dict[str, Any]:
    values = env.to_dict()
    del values["yaml_string"]
    return values


def _files(directory: Path) -> Iterator[Path]:
    return (file for file in sorted(directory.rglob("*")) if file.is_file())


def _fingerprint(file: Path) -> list[Any]:
    with file.open("rb") as stream:
        return [os.fstat(stream.fileno()).st_size, hashlib.sha256(stream.read()).hexdigest()]


def _write_json(file: Path, values: Any) -> None:
    file.write_text(json.dumps(values, indent=1), "utf-8")


def _read_json(file: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return values
