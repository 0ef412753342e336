"""Which run a logger writes to, as plain values, and how it goes on in one that was begun.

By the name of the logger's class, as in :mod:`griddly_lit.tracking.publish`: nothing is imported,
and no run is opened.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from griddly_lit.tracking.runs.csv_rows import go_on_after
from griddly_lit.tracking.runs.free import has_begun, is_free, mark
from griddly_lit.tracking.runs.wandb_id import draw_id, is_offline, may_take, take_id

_FILES = ("CSVLogger", "TensorBoardLogger")
_KINDS = (*_FILES, "MLFlowLogger", "WandbLogger")


class Taken(enum.Enum):
    """Whether a logger goes on in a run that was begun."""

    NO = enum.auto()
    """It has another run, or none that is known."""
    LINKED = enum.auto()
    """It cannot, and begins a run that names the other."""
    YES = enum.auto()


def note_named(logger: Any) -> None:
    """Notes which run the user of a logger has named, before it is used."""
    kind = kind_of(logger)
    if kind in _FILES:
        mark(logger, logger._version)
    elif kind == "WandbLogger":
        mark(logger, logger._experiment or logger._id)
    elif kind == "MLFlowLogger":
        mark(logger, logger._run_id)


def begin(logger: Any) -> None:
    """Gives a logger whose user has named no run a new one, and opens it where that is a folder."""
    kind = kind_of(logger)
    if kind == "WandbLogger":
        draw_id(logger)
    elif kind in _KINDS and is_free(logger) and has_begun(logger):
        if kind in _FILES:
            logger._version = logger._experiment = None
        else:
            logger._run_id, logger._initialized = None, False
    if kind == "CSVLogger":
        # Before anything else is in its folder, which it would take for an old run's.
        _ = logger.experiment


def describe(logger: Any) -> dict[str, Any]:
    """Returns what finds the run of a logger again, as far as it is known by now."""
    kind = kind_of(logger)
    if kind in _FILES:
        return {**_where(logger, kind), "version": logger.version}
    if kind == "WandbLogger":
        return {
            **_where(logger, kind),
            "id": logger.version,
            "group": logger._wandb_init.get("group"),
            "offline": is_offline(logger),
        }
    if kind == "MLFlowLogger":
        return {**_where(logger, kind), "run_id": logger._run_id}
    return {"logger": kind}


def folder_if_known(logger: Any) -> Path | None:
    """Returns the folder of the run that a logger was made for, if its user has named one."""
    kind = kind_of(logger)
    if is_free(logger):
        return None
    if kind in _FILES:
        return Path(logger.log_dir)
    if kind == "WandbLogger" and logger.version is not None and logger.save_dir is not None:
        return Path(logger.save_dir, str(logger.name), logger.version)
    return None


def go_on(logger: Any, known: Mapping[str, Any], env_steps: int, is_new: bool = False) -> Taken:
    """Lets a logger go on in the run that is described, without what came after a step.

    Args:
        logger: A logger that may be of the same kind and place.
        known: What :func:`describe` returned.
        env_steps: Environment steps of the checkpoint that training goes on from.
        is_new: Whether a new run begins: then only files that are its own all the same are cut.
    """
    kind = kind_of(logger)
    where = _where(logger, kind)
    if kind not in _KINDS or any(known.get(name) != value for name, value in where.items()):
        return Taken.NO
    if kind in _FILES:
        if is_new and is_free(logger):
            return Taken.NO
        version = known.get("version")
        if logger._version != version:
            is_used = logger._experiment is not None and not has_begun(logger)
            if is_used or not is_free(logger) or not _is_a_name(version):
                return Taken.NO
            logger._version, logger._experiment = version, None
        has_begun(logger)
        (go_on_after if kind == "CSVLogger" else _purge)(logger, env_steps)
        return Taken.YES
    if is_new:
        return Taken.NO
    if kind == "WandbLogger":
        if not isinstance(known.get("id"), str) or not may_take(logger, known):
            return Taken.NO
        return Taken.YES if take_id(logger, known) else Taken.LINKED
    run_id = known.get("run_id")
    if not isinstance(run_id, str) or not (is_free(logger) or logger._run_id == run_id):
        return Taken.NO
    has_begun(logger)
    logger._run_id, logger._initialized = run_id, False
    return Taken.YES


def is_known(logger: Any) -> bool:
    """Whether a logger is of a kind whose runs are found again."""
    return kind_of(logger) in _KINDS


def kind_of(logger: Any) -> str:
    """Returns the name of the logger's family, or of its class."""
    names = [base.__name__ for base in type(logger).__mro__]
    return next((name for name in names if name in _KINDS), names[0])


def _where(logger: Any, kind: str) -> dict[str, Any]:
    if kind in _FILES:
        place = {"save_dir": os.path.abspath(logger.save_dir), "name": logger.name}
    elif kind == "WandbLogger":
        place = {"project": logger._project, "entity": logger._wandb_init.get("entity")}
    elif kind == "MLFlowLogger":
        place = {"tracking_uri": logger._tracking_uri, "experiment": logger._experiment_name}
    else:
        place = {}
    return {"logger": kind, **place}


def _is_a_name(version: object) -> bool:
    """Whether what a file says is the version of a logger can lead nowhere else."""
    if isinstance(version, str):
        return Path(version).name == version and version != ".."
    return isinstance(version, int)


def _purge(logger: Any, env_steps: int) -> None:
    """Lets TensorBoard hide what comes after a step in the files that are there."""
    step = env_steps + 1
    if logger._experiment is None:
        logger._kwargs["purge_step"] = step
    else:
        # The writer says it at the beginning of its next file.
        logger._experiment.close()
        logger._experiment.purge_step = step
