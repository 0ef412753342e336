"""A checkpoint that is opened: its files are checked before they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from griddly_lit.checked_files import CheckedFiles
from griddly_lit.checkpoints.layout import FITS, FORMAT, MANIFEST, POOL, STATE, what_must_fit
from griddly_lit.checkpoints.settings import settings_from_json
from griddly_lit.decoding import decoding, parse_json
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.errors import CheckpointError
from griddly_lit.plain_state import with_arrays
from griddly_lit.policies import Policy, SelfPlay
from griddly_lit.policies.league import League
from griddly_lit.whole_directory import finish_interrupted


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
        theirs = self.files.json(FITS)
        ours = json.loads(json.dumps(what_must_fit(env, policies)))
        with self.files.decoding(FITS):
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

    def state(self) -> Any:
        """Returns what a resume goes on with, as it was handed to :func:`write_checkpoint`."""
        values = self.files.json(f"{STATE}/state.json")
        arrays = self.files.tensors(f"{STATE}/state.safetensors")
        with self.files.decoding(f"{STATE}/state.json"):
            return with_arrays(values, {name: value.numpy() for name, value in arrays.items()})

    def league(self, settings: SelfPlay) -> League:
        """Returns the pool of a self-play run."""
        name = f"{POOL}/league.json"
        values = self.files.json(name)
        with self.files.decoding(name):
            weights = {
                int(snapshot): self.files.tensors(f"{POOL}/snapshot_{int(snapshot)}.safetensors")
                for snapshot in values["env_steps"]
            }
            return League.from_dict(settings, values, weights)


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
        manifest = parse_json(manifest_file.read_text("utf-8"))
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
