"""Which checkpoint is meant: ``"last"``, ``"best"``, or a directory."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from griddly_lit.callbacks import ModelCheckpoint
from griddly_lit.callbacks.best_list import read_best
from griddly_lit.checkpoints.checkpoint import Checkpoint, open_checkpoint
from griddly_lit.checkpoints.layout import MANIFEST, spec_values
from griddly_lit.checkpoints.run_file import CHECKPOINTS, shown_run
from griddly_lit.decoding import parse_json
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.errors import CheckpointError
from griddly_lit.whole_directory import aside_of, finish_interrupted

_log = logging.getLogger("griddly_lit")


def find_checkpoint(
    ckpt_path: str | Path,
    kept: ModelCheckpoint,
    root: Path,
    is_of_run: Callable[[Path], bool],
    required: bool = True,
    run: Path | None = None,
) -> Checkpoint | None:
    """Opens a checkpoint.

    Args:
        ckpt_path: ``"last"``, ``"best"``, or its directory.
        kept: What knows the checkpoints of this run, if it has any.
        root: Where to look for those of earlier runs.
        is_of_run: Whether a checkpoint of an earlier run may be taken by name.
        required: Whether it is an error to find none; otherwise that is a warning.
        run: The folder of the only run that is looked into, if one is meant.

    Raises:
        CheckpointError: There is none, or a file of it is missing, cut short or altered.
    """
    if ckpt_path not in ("last", "best"):
        return open_checkpoint(ckpt_path)
    path = kept.last_path if ckpt_path == "last" else kept.best_path
    if path is not None:
        return open_checkpoint(path)
    root = root if run is None else run
    every = _newest_first(root) if run is None else _last_of(run)
    last = next((path for path in every if is_of_run(path)), None)
    path = last
    if last is not None and ckpt_path == "best":
        best = read_best(last, kept.monitor or "", kept.mode)
        path = best[0].path if best else None
    if path is not None:
        _log.warning("ckpt_path=%r takes %s%s.", ckpt_path, path, shown_run(path))
        return open_checkpoint(path)
    others = f", but {len(every)} of other runs" if every and last is None else ""
    if required:
        raise CheckpointError(
            f"ckpt_path={ckpt_path!r}",
            f"there is no such checkpoint of this environment, model and seed under {root}{others}",
            "Call fit() first, or give a checkpoint's directory",
        )
    _log.warning(
        "ckpt_path='last' finds no checkpoint of this environment, model and seed under %s%s: "
        "training begins anew.",
        root,
        others,
    )
    return None


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
    ours = json.loads(json.dumps([{**spec_values(env), "yaml_file": None}, dict(settings)]))
    theirs = [{**spec, "yaml_file": None}, {name: saved.get(name) for name in settings}]
    return bool(text == env.text and ours == theirs)


def _newest_first(root: Path) -> list[Path]:
    """Returns every ``last`` in a ``checkpoints`` folder under ``root``."""
    for aside in root.glob(f"**/checkpoints/{aside_of(Path('last'))}"):
        finish_interrupted(aside.with_name("last"))
    manifests = root.glob(f"**/checkpoints/last/{MANIFEST}")
    by_age = sorted(manifests, key=lambda manifest: manifest.stat().st_mtime, reverse=True)
    return [manifest.parent for manifest in by_age]


def _last_of(run: Path) -> list[Path]:
    """Returns the ``last`` of one run, if it has one."""
    last = run / CHECKPOINTS / "last"
    finish_interrupted(last)
    return [last] if (last / MANIFEST).is_file() else []


def _read_json(file: Path) -> Any:
    return parse_json(file.read_text("utf-8"))
