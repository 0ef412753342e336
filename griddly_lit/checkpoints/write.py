"""Writing a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from griddly_lit.callbacks.best_list import BEST
from griddly_lit.checked_files import files_below, fingerprint_of
from griddly_lit.checkpoints.layout import (
    FITS,
    FORMAT,
    MANIFEST,
    POOL,
    RLLIB,
    STATE,
    spec_values,
    what_must_fit,
)
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.plain_state import write_state
from griddly_lit.policies import Policy
from griddly_lit.policies.league import League
from griddly_lit.whole_directory import whole_directory


def write_checkpoint(
    path: Path,
    *,
    env: GriddlyEnvSpec,
    policies: Sequence[Policy],
    settings: Mapping[str, Any],
    weights: Mapping[str, Mapping[str, Tensor]],
    state: Mapping[str, Any],
    league: League | None,
    save_rllib: Callable[[Path], None],
    env_steps: int,
    iterations: int,
    metrics: Mapping[str, float],
    best: Mapping[str, Any] | None = None,
) -> None:
    """Writes a checkpoint, whole or not at all, also where the process is killed.

    Args:
        path: Its directory; what is there already is replaced.
        env: The environment.
        policies: Who acts for whom, with which models.
        settings: The trainer's settings as JSON values.
        weights: Every policy's network, by policy and name.
        state: What a resume goes on with, see :mod:`griddly_lit.plain_state`.
        league: The pool of self-play, if that is how it trains.
        save_rllib: Writes what RLlib goes on with into a directory.
        env_steps: Environment steps taken.
        iterations: Iterations finished.
        metrics: The metrics of the last iteration.
        best: The lists of the run's best checkpoints, as JSON values.

    Raises:
        CheckpointError: There is a link or a file at ``path``.
    """
    with whole_directory(path) as draft:
        (draft / "game.yaml").write_text(env.text, "utf-8")
        _write_json(draft / "spec.json", spec_values(env))
        _write_json(draft / "trainer.json", settings)
        _write_json(draft / FITS, what_must_fit(env, policies))
        (draft / STATE).mkdir()
        write_state(draft / STATE, state)
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
            _write_league(draft / POOL, league)
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


def _write_league(directory: Path, league: League) -> None:
    directory.mkdir()
    _write_json(directory / "league.json", league.to_dict())
    for snapshot in league.pool.values():
        weights = {name: value.contiguous() for name, value in snapshot.weights.items()}
        save_file(weights, directory / f"snapshot_{snapshot.id}.safetensors")


def _write_json(file: Path, values: Any) -> None:
    file.write_text(json.dumps(values, indent=1), "utf-8")
