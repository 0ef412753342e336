"""The folder of a run: made, or gone on in, when a fit begins, with a ``run.json`` that says whose.

``run.json`` holds the run's ``id``, the ``seed``, ``spec`` and ``settings`` it began with, its
``loggers``, the ``parent`` from whose checkpoint it began, and its ``sessions``: one for each fit
that worked on it, with versions, git state, command, host and process, and how it ended.
"""

from __future__ import annotations

import datetime
import json
import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from griddly_lit.callbacks import ModelCheckpoint, TrainerView
from griddly_lit.checkpoints import Checkpoint
from griddly_lit.checkpoints.layout import spec_values
from griddly_lit.checkpoints.run_file import CHECKPOINTS, RUN, folder_of, read_run
from griddly_lit.fitting.options import TrainerOptions
from griddly_lit.fitting.surroundings import surroundings
from griddly_lit.processes import is_alive
from griddly_lit.reporting import Report
from griddly_lit.reporting.run_loggers import RunLoggers
from griddly_lit.whole_directory import remove_drafts_of_the_dead
from griddly_lit.whole_file import whole_file

_log = logging.getLogger("griddly_lit")


@contextmanager
def run_of_fit(
    options: TrainerOptions,
    report: Report,
    checkpoint: Checkpoint | None,
    trainer: TrainerView,
) -> Iterator[Callable[[str], None]]:
    """Begins the run of a fit, or goes on in one, and writes down how the fit ended.

    A fit goes on in the run that it resumes when the checkpoint is that run's ``last``, no living
    process works on it, and the trainer's loggers write to the same place. Otherwise it is a new
    run, which names the other one as its parent. A fit that leaves nothing has no run.

    Args:
        options: What the trainer was told.
        report: Its loggers begin the run, or go on in it.
        checkpoint: What the fit goes on from, if anything.
        trainer: Its counters are written down at the end.

    Yields:
        What takes the reason why the fit ended.
    """
    keeps = any(isinstance(each, ModelCheckpoint) for each in options.callbacks)
    if options.fast_dev_run or not (options.logger or keeps):
        yield lambda reason: None
        return
    reasons: list[str] = []
    run = _begun(options, report.run_loggers, checkpoint)
    remove_drafts_of_the_dead(run.path / CHECKPOINTS)
    report.run_loggers.on_made = run.note_loggers
    try:
        yield reasons.append
    except BaseException as error:
        run.end(trainer, error=f"{type(error).__name__}: {error}"[:2000])
        raise
    run.end(trainer, stop_reason=reasons[-1] if reasons else None)


class RunFolder:
    """The folder of a run.

    Args:
        path: Where it is.
        values: What its ``run.json`` says.
    """

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        self.path = path
        self._values = values
        self._has_failed = False
        self._write()

    def note_loggers(self, described: list[dict[str, Any]]) -> None:
        """Writes down what finds the runs of the loggers again."""
        self._values["loggers"] = described
        self._write()

    def end(self, trainer: TrainerView, **how: Any) -> None:
        """Writes down how the fit ended."""
        counters = {"env_steps": trainer.env_steps, "iterations": trainer.iterations}
        self._values["sessions"][-1]["ended"] = {"at": _now(), **counters, **how}
        self._write()

    def _write(self) -> None:
        try:
            with whole_file(self.path / RUN) as draft:
                draft.write_text(json.dumps(self._values, indent=1), "utf-8")
        except OSError as error:
            if not self._has_failed:
                _log.warning("%s cannot be written: %s", self.path / RUN, error)
            self._has_failed = True


def _begun(
    options: TrainerOptions, loggers: RunLoggers, checkpoint: Checkpoint | None
) -> RunFolder:
    spec = json.loads(json.dumps(spec_values(options.env)))
    told = {"seed": options.seed, "spec": spec, "settings": options.settings()}
    session = {"began": _now(), **surroundings()}
    folder = None if checkpoint is None else folder_of(checkpoint.path)
    known = None if folder is None else read_run(folder)
    parent: dict[str, Any] | None = None
    if checkpoint is not None:
        env_steps = checkpoint.env_steps
        described = _list(known, "loggers")
        if (
            folder is not None
            and known is not None
            and _may_go_on(checkpoint.path, folder, known)
            and loggers.go_on(folder, described, env_steps)
        ):
            changed = {name: each for name, each in told.items() if known.get(name) != each}
            session |= {"from_env_steps": env_steps, "changed": changed}
            return RunFolder(folder, {**known, "sessions": [*_list(known, "sessions"), session]})
        loggers.begin(described, env_steps)
        parent = {
            "id": None if known is None else known["id"],
            "checkpoint": str(checkpoint.path.absolute()),
            "env_steps": env_steps,
        }
    values = {
        "id": secrets.token_hex(4),
        **told,
        "parent": parent,
        "loggers": loggers.describe(),
        "sessions": [session],
    }
    return RunFolder(loggers.folder, values)


def _may_go_on(checkpoint: Path, folder: Path, known: Mapping[str, Any]) -> bool:
    if checkpoint.name != "last":
        return False
    fault = None
    if _is_worked_on(known):
        fault = f"process {known['sessions'][-1]['pid']} works on it"
    elif not all(os.access(path, os.W_OK | os.X_OK) for path in (folder, checkpoint.parent)):
        fault = "its folder cannot be written into"
    if fault is not None:
        _log.warning(
            "This fit does not go on in run %s (%s), but begins a new one: %s.",
            known["id"],
            folder,
            fault,
        )
    return fault is None


def _is_worked_on(known: Mapping[str, Any]) -> bool:
    try:
        last = _list(known, "sessions")[-1]
        process = (str(last["place"]), int(last["pid"]), str(last["process_started"]))
    except (LookupError, TypeError, ValueError):
        return False
    return "ended" not in last and is_alive(*process)


def _list(values: Mapping[str, Any] | None, name: str) -> list[dict[str, Any]]:
    listed = [] if values is None else values.get(name)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
