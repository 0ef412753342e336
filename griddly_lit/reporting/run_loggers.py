"""The loggers of one run, and the folder that is its own."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from griddly_lit.reporting.kept_videos import remove_later
from griddly_lit.tracking import runs
from griddly_lit.tracking.publish import claim_folder, default_loggers, is_default_folder
from griddly_lit.tracking.run_dir import run_dir
from griddly_lit.tracking.runs import Taken

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

_log = logging.getLogger("griddly_lit")


class RunLoggers:
    """Loggers that begin a run, or go on in one.

    The default loggers are made when there is something to tell, as the import of Lightning takes
    seconds: training is seen to run before that. Their folder is there when the run begins.

    Args:
        logger: True for the default loggers, Lightning's loggers, or False.
        root: Where files go that no logger has a folder for.

    Attributes:
        on_made: Called when the loggers know all of their runs, with what finds these again.
    """

    def __init__(self, logger: bool | Logger | Sequence[Logger], root: Path) -> None:
        self._is_default = logger is True
        self._given = (
            []
            if isinstance(logger, bool)
            else list(logger)
            if isinstance(logger, Sequence)
            else [logger]
        )
        for each in self._given:
            runs.note_named(each)
        self._root = root
        self._folder: Path | None = None
        self._is_begun = False
        self._resumed: Callable[[Any], int | None] = lambda logger: None
        self.on_made: Callable[[list[dict[str, Any]]], None] = lambda described: None

    @property
    def folder(self) -> Path:
        """The run's folder; it is made now where that is ours to do."""
        self.begin()
        assert self._folder is not None
        return self._folder

    def begin(self, known: Sequence[Mapping[str, Any]] = (), env_steps: int = 0) -> None:
        """Begins a run, unless one has begun.

        Args:
            known: The loggers of another run, from whose checkpoint this one goes on: files that
                belong to both, as the user has named them, are cut there.
            env_steps: Environment steps of the checkpoint.
        """
        if self._is_begun:
            return
        self._is_begun = True
        if self._is_default:
            self._folder = claim_folder(self._root)
            return
        self._take(known, env_steps, is_new=True)
        for logger in self._given:
            _guarded(logger, functools.partial(runs.begin, logger))
        self._folder = self._folder_of_given()

    def go_on(self, folder: Path, known: Sequence[Mapping[str, Any]], env_steps: int) -> bool:
        """Goes on in a run, unless another one has begun, or it is that of other loggers.

        Args:
            folder: The folder of the run.
            known: Its loggers.
            env_steps: Environment steps of the checkpoint; what was logged of later ones is cut
                where that can be done.
        """
        if self._is_begun:
            return False
        if self._is_default:
            is_ours = is_default_folder(folder, self._root)
            self._resumed = lambda logger: env_steps
        elif not self._given:
            is_ours = folder.resolve() == self._root.resolve()
            if is_ours:
                remove_later(folder, env_steps)
        else:
            took = self._take(known, env_steps)
            is_ours = bool(took) or self._is_ours(folder)
            for logger in self._given if is_ours else ():
                if id(logger) not in took:
                    _guarded(logger, functools.partial(runs.begin, logger))
        self._is_begun = is_ours
        self._folder = folder if is_ours else None
        return is_ours

    @functools.cached_property
    def made(self) -> list[Logger]:
        """The loggers."""
        if not self._is_default:
            self.begin()
            return self._given
        loggers = default_loggers(self.folder)
        for logger in list(loggers):
            env_steps = self._resumed(logger)
            if env_steps is not None:
                go_on = functools.partial(runs.go_on, logger, runs.describe(logger), env_steps)
                if _guarded(logger, go_on) is None:
                    loggers.remove(logger)
        return loggers

    @property
    def resumed_at(self) -> list[int | None]:
        """Environment steps at which each logger goes on in a run that was begun."""
        return [self._resumed(logger) for logger in self.made]

    def describe(self) -> list[dict[str, Any]]:
        """Returns what finds the runs of the loggers again, as far as it is known by now."""
        if self._is_default and "made" not in vars(self):
            return []
        return [runs.describe(logger) for logger in self.made]

    def _take(
        self, known: Sequence[Mapping[str, Any]], env_steps: int, is_new: bool = False
    ) -> dict[int, Taken]:
        """Lets loggers go on, and returns those that do or are linked, by their ``id``."""
        left, took = list(known), dict[int, Taken]()
        for logger in list(self._given):
            for each in left:
                go_on = functools.partial(runs.go_on, logger, each, env_steps, is_new)
                taken: Taken | None = _guarded(logger, go_on)
                if taken is None:
                    # Opened all the same, it would remove what its file holds.
                    self._given.remove(logger)
                    break
                if taken is not Taken.NO:
                    left.remove(each)
                    took[id(logger)] = taken
                    break
        self._resumed = lambda logger: env_steps if took.get(id(logger)) is Taken.YES else None
        return took

    def _is_ours(self, folder: Path) -> bool:
        """Whether a run's folder is all that loggers of unknown kinds could have in common."""
        if any(map(runs.is_known, self._given)):
            return False
        return folder.resolve() == self._folder_of_given().resolve()

    def _folder_of_given(self) -> Path:
        for logger in self._given:
            folder: Path | None = _guarded(logger, functools.partial(run_dir, [logger]))
            if folder is not None:
                return folder
        return self._root


def _guarded(logger: Any, step: Callable[[], Any]) -> Any:
    """Takes a step, or returns None: a logger that fails costs nothing but its own logs."""
    try:
        return step()
    except Exception as fault:
        name = type(logger).__name__
        _log.warning("%s failed with %s: %s", name, type(fault).__name__, fault)
        return None
