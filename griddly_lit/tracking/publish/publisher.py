"""The publisher: one report, every logger."""

from __future__ import annotations

import logging
import numbers
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from griddly_lit.tracking.publish.outlet import BEST_SCORE, Outlet, Status
from griddly_lit.tracking.publish.outlets import outlet_of

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger
    from matplotlib.figure import Figure

_log = logging.getLogger("griddly_lit")


class Publisher:
    """Reports what a run does to any number of Lightning loggers.

    Each logger gets each thing in the best form that it can take. Steps are environment steps, in
    every logger and for every kind. A logger that fails is reported once for each kind of thing
    that it did not take, as a warning of the Python logger ``griddly_lit``; it is tried again with
    the next value, the other loggers get theirs, and nothing is raised.

    A W&B run that comes into being while the publisher reports is finished by :meth:`finalize`, by
    another publisher that opens one, or with the process; a run that was open before is left open.
    What is published afterwards resumes the run on W&B's server; offline, where W&B cannot resume,
    it goes to a new run.

    Args:
        loggers: The loggers, in the order in which they are served.
        resumed_at: Environment steps at which each goes on in a run that was begun; None, or
            missing, for a new run. What a logger that cannot forget was told of later steps
            already is not told again.
    """

    def __init__(self, loggers: Sequence[Logger], resumed_at: Sequence[int | None] = ()) -> None:
        self._outlets = [outlet_of(logger) for logger in loggers]
        for outlet, env_steps in zip(self._outlets, resumed_at, strict=False):
            outlet.resumed_at = env_steps
        self._reported: set[tuple[Outlet, str]] = set()

    def places(self) -> list[str]:
        """Returns where the loggers write: folders and addresses, each once."""
        places: list[str | None] = []
        self._publish("place", lambda outlet: places.append(outlet.place()))
        return list(dict.fromkeys(place for place in places if place))

    def hyperparameters(self, values: Mapping[str, object]) -> None:
        """Publishes the settings of the run; mappings may be nested.

        One of the name ``monitor`` says of which metric :meth:`best_score` is.
        """
        plain = {str(key): _plain(value) for key, value in values.items()}
        self._publish("hyperparameters", lambda outlet: outlet.hyperparameters(plain))

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Publishes numbers, NaN and infinity included, and has them written to disk."""
        # A copy each: a logger may keep or change what it is given.
        self._publish("scalars", lambda outlet: outlet.scalars(dict(values), step))

    def best_score(self, value: float, step: int) -> None:
        """Publishes the best value of the monitored metric so far as ``best_score``."""
        self.scalars({BEST_SCORE: value}, step)

    def video(self, key: str, path: Path, step: int, fps: int) -> None:
        """Publishes an mp4 or GIF file, which may be deleted afterwards."""
        self._publish("video", lambda outlet: outlet.video(key, path, step, fps))

    def table(
        self, key: str, columns: Sequence[str], rows: Sequence[Sequence[str | float]], step: int
    ) -> None:
        """Publishes a table; a column may mix text and numbers."""
        self._publish("table", lambda outlet: outlet.table(key, columns, rows, step))

    def bar_chart(
        self, key: str, labels: Sequence[str], values: Sequence[float], step: int, title: str
    ) -> None:
        """Publishes one bar a label: counts of categories, such as actions."""
        self._publish(
            "bar chart", lambda outlet: outlet.bar_chart(key, labels, values, step, title)
        )

    def figure(self, key: str, matplotlib_figure: Figure, step: int) -> None:
        """Publishes a matplotlib figure, which stays the caller's to close."""
        self._publish("figure", lambda outlet: outlet.figure(key, matplotlib_figure, step))

    def artifact(self, name: str, directory: Path, kind: str, aliases: Sequence[str]) -> None:
        """Publishes a directory, such as a checkpoint, to the loggers that keep files elsewhere.

        W&B and Comet share the names of artifacts between runs, so theirs is ``{name}-{run id}``.
        """
        self._publish("artifact", lambda outlet: outlet.artifact(name, directory, kind, aliases))

    def flush(self) -> None:
        """Has what was published so far where a kill of this process does not reach it."""
        self._publish("scalars", lambda outlet: outlet.flush())

    def rest(self) -> None:
        """Has everything written; what is published afterwards belongs to the same runs."""
        self._publish("finalize", lambda outlet: outlet.rest())

    def finalize(self, status: Status) -> None:
        """Ends the report; the runs that were opened for it are finished."""
        self._publish("finalize", lambda outlet: outlet.finalize(status))

    def _publish(self, kind: str, send: Callable[[Outlet], None]) -> None:
        for outlet in self._outlets:
            self._try(kind, send, outlet)

    def _try(self, kind: str, send: Callable[[Outlet], None], outlet: Outlet) -> None:
        try:
            send(outlet)
        except Exception as fault:
            if (outlet, kind) not in self._reported:
                self._reported.add((outlet, kind))
                _log.warning(
                    "%s failed on %s with %s: %s. The run goes on; further faults of this kind "
                    "are not reported.",
                    type(outlet.logger).__name__,
                    kind,
                    type(fault).__name__,
                    fault,
                )


def _plain(value: object) -> Any:
    # Loggers disagree about what they can write; all of them can write this.
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    return str(value)
