"""Checkpoints: directories that are written whole or not at all.

A checkpoint holds::

    manifest.json         format, counters, metrics, and size and SHA-256 of every other file
    game.yaml             the game's text
    spec.json             the environment spec
    trainer.json          the models' specs and the trainer's settings
    fits.json             what a trainer must have in common with it to use it
    weights.safetensors   every policy's network, as "policy/name"
    pool/                 the snapshots of self-play, one file each, and who beat whom
    best.json             names and scores of the best checkpoints beside it
    episodes.json         level, seed and actions of every unfinished episode
    rllib/                what RLlib goes on with: optimizers, target networks, counters

Nothing in it is pickled, no file is read that the manifest does not list, and no code that a file
names is run unless the user trusts it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from griddly_lit.callbacks.best_list import BEST
from griddly_lit.checked_files import CheckedFiles, files_below, fingerprint_of
from griddly_lit.decoding import decoding, parse_json
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.errors import CheckpointError
from griddly_lit.interrupt import shielded
from griddly_lit.policies import Policy, SelfPlay
from griddly_lit.policies.league import League
from griddly_lit.settings import settings_from_json
from griddly_lit.whole_directory import finish_interrupted, whole_directory

FORMAT = 3
MANIFEST = "manifest.json"
_FITS = "fits.json"
_POOL = "pool"
RLLIB = "rllib"
"""Folder of what RLlib goes on with."""


@dataclass(frozen=True)
class Checkpoint:
    """An opened checkpoint, its files checked against the manifest.

    Attributes:
        path: Its directory.
        env_steps: Environment steps taken when it was written.
        iterations: Iterations finished when it was written.
        metrics: The metrics of its last iteration.
        files: What it holds.
    """

    path: Path
    env_steps: int
    iterations: int
    metrics: Mapping[str, float]
    files: CheckedFiles = field(repr=False)

    def arguments(self, given: Mapping[str, Any], trust: Sequence[str]) -> dict[str, Any]:
        """Returns the arguments of a trainer like the one that wrote it.

        Args:
            given: Arguments to use instead; ``levels`` are those of the environment.
            trust: Modules that may be imported for the classes that it names.

        Raises:
            TrustError: It names a class that is neither given nor trusted.
            CheckpointError: A file holds what no trainer writes.
        """
        rest = dict(given)
        levels = rest.pop("levels", None)
        if "env" not in rest:
            values = self.files.json("spec.json")
            text = self.files.text("game.yaml")
            with self.files.decoding("spec.json"):
                rest["env"] = GriddlyEnvSpec.from_dict(
                    {**values, "yaml_string": text}, levels=levels, trust=trust
                )
        elif levels is not None:
            raise CheckpointError(
                "env=…, levels=…", "an env has its own levels", "Give one of the two"
            )
        values = self.files.json("trainer.json")
        with self.files.decoding("trainer.json"):
            return settings_from_json(values, rest, trust)

    def check_fits(self, env: GriddlyEnvSpec, policies: Sequence[Policy]) -> None:
        """Raises CheckpointError when it was written for another game, model or policies.

        Nothing is made or imported of what the checkpoint names.
        """
        theirs = self.files.json(_FITS)
        ours = json.loads(json.dumps(_what_must_fit(env, policies)))
        with self.files.decoding(_FITS):
            # A model knows by itself whether values describe it.
            for policy in policies:
                saved = theirs["model"].get(policy.name)
                if isinstance(saved, dict) and policy.model.is_saved_as(saved):
                    ours["model"][policy.name] = saved
            if self.files.text("game.yaml") != env.text:
                self._refuse("game", "")
            for what, value in ours.items():
                if theirs[what] != value:
                    self._refuse(what, f": {theirs[what]} there, {value} here")

    def _refuse(self, what: str, shown: str) -> None:
        raise CheckpointError(
            f"checkpoint={str(self.path)!r}",
            f"it was written for another {what}{shown}",
            "Use it with the environment and model it was written with",
        )

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """Returns the weights of every policy's network, by policy and name."""
        weights: dict[str, dict[str, Tensor]] = {}
        for key, value in self.files.tensors("weights.safetensors").items():
            policy, _, name = key.rpartition("/")
            weights.setdefault(policy, {})[name] = value
        return weights

    def league(self, settings: SelfPlay) -> League:
        """Returns the pool of a self-play run."""
        name = f"{_POOL}/league.json"
        values = self.files.json(name)
        with self.files.decoding(name):
            weights = {
                int(snapshot): self.files.tensors(f"{_POOL}/snapshot_{int(snapshot)}.safetensors")
                for snapshot in values["env_steps"]
            }
            return League.from_dict(settings, values, weights)


def _what_must_fit(env: GriddlyEnvSpec, policies: Sequence[Policy]) -> dict[str, Any]:
    return {
        "observation shape": env.observation_shapes,
        "model": {policy.name: policy.model.to_dict() for policy in policies},
        "choice of policies": {policy.name: policy.agents for policy in policies},
        "set of actions": policies[0].head.all_parts,
    }


def write_checkpoint(
    path: Path,
    *,
    env: GriddlyEnvSpec,
    policies: Sequence[Policy],
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
        policies: Who acts for whom, with which models.
        settings: The trainer's settings as JSON values.
        weights: Every policy's network, by policy and name.
        episodes: What repeats each unfinished episode.
        league: The pool of self-play, if that is how it trains.
        save_rllib: Writes what RLlib goes on with into a directory.
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
        _write_json(draft / _FITS, _what_must_fit(env, policies))
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
        (draft / RLLIB).mkdir()
        save_rllib(draft / RLLIB)
        files = {str(file.relative_to(draft)): fingerprint_of(file) for file in files_below(draft)}
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
    if not (isinstance(spec, dict) and isinstance(saved, dict)):
        return False
    ours = json.loads(json.dumps([{**_spec_values(env), "yaml_file": None}, dict(settings)]))
    theirs = [{**spec, "yaml_file": None}, {name: saved.get(name) for name in settings}]
    return bool(text == env.text and ours == theirs)


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
    shown = f"checkpoint={str(path)!r}"
    with decoding(
        CheckpointError, shown, "its manifest.json is cut short", "Use another checkpoint"
    ):
        manifest = _read_json(manifest_file)
        version = manifest["format"]
        listed: dict[str, Any] = dict(manifest["files"])
        if version == FORMAT:
            env_steps, iterations = (_count(manifest[name]) for name in ("env_steps", "iterations"))
            metrics = {str(name): float(value) for name, value in manifest["metrics"].items()}
    if version != FORMAT:
        raise CheckpointError(
            shown,
            f"its format is {version}, this version reads {FORMAT}",
            "Load it with the version of griddly_lit that wrote it",
        )
    with decoding(CheckpointError, shown, "its files cannot be read", "Use another checkpoint"):
        files = CheckedFiles(directory, listed)
    return Checkpoint(directory, env_steps, iterations, metrics, files)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number of steps")
    return value


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


def _write_json(file: Path, values: Any) -> None:
    file.write_text(json.dumps(values, indent=1), "utf-8")


def _read_json(file: Path) -> Any:
    return parse_json(file.read_text("utf-8"))
