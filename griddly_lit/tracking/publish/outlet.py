"""What is published to a logger of which nothing more is known than that it is Lightning's."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger
    from matplotlib.figure import Figure

Status = Literal["success", "failed"]
# The name of the best score under the results of a run.
BEST_SCORE = "best_score"

_log = logging.getLogger("griddly_lit")


class Outlet:
    """One logger, with a method for each kind of thing that is published.

    Every Lightning logger takes hyperparameters and scalars. What it can take beyond them is in
    the subclasses, one a family of loggers: whoever brings another overrides the methods for what
    its loggers take, and registers it with :func:`~griddly_lit.register_outlet`.

    Attributes:
        logger: The logger.
        resumed_at: Environment steps at which the logger goes on in a run that was begun, if it
            does.
    """

    def __init__(self, logger: Logger) -> None:
        self.logger: Any = logger
        self.resumed_at: int | None = None
        self._told = False

    def place(self) -> str | None:
        """Returns where the logger writes, a folder or an address, if it says so."""
        place = self.logger.log_dir or self.logger.save_dir
        return None if place is None else str(place)

    def hyperparameters(self, values: dict[str, Any]) -> None:
        """Takes the settings of the run, as plain values that may be nested."""
        self.logger.log_hyperparams(values)

    def scalars(self, values: dict[str, float], step: int) -> None:
        """Takes numbers, and has them written."""
        self.logger.log_metrics(values, step)
        self.logger.save()

    def video(self, key: str, path: Path, step: int, fps: int) -> None:
        """Takes an mp4 or GIF file."""
        self._leave_out()

    def table(
        self, key: str, columns: Sequence[str], rows: Sequence[Sequence[str | float]], step: int
    ) -> None:
        """Takes rows of text and numbers."""
        self._leave_out()

    def bar_chart(
        self, key: str, labels: Sequence[str], values: Sequence[float], step: int, title: str
    ) -> None:
        """Takes one bar a label."""
        self._leave_out()

    def figure(self, key: str, figure: Figure, step: int) -> None:
        """Takes a matplotlib figure."""
        self._leave_out()

    def artifact(self, name: str, directory: Path, kind: str, aliases: Sequence[str]) -> None:
        """Takes a directory."""
        self._leave_out()

    def flush(self) -> None:
        """Has what was published so far where a kill of this process does not reach it."""
        self.logger.save()

    def rest(self) -> None:
        """Has everything written at the end of a fit or test; more may follow, in the same run."""
        self.logger.finalize("success")

    def finalize(self, status: Status) -> None:
        """Ends the report."""
        self.logger.finalize(status)

    def _leave_out(self) -> None:
        if not self._told:
            self._told = True
            _log.warning(
                "%s gets hyperparameters and scalars only: videos, tables, bar charts, figures "
                "and artifacts are not published to it.",
                type(self.logger).__name__,
            )

    def _prefixed(self, key: str) -> str:
        # Lightning adds a logger's `prefix=` to metrics; what goes around log_metrics needs it too.
        prefix = getattr(self.logger, "_prefix", None)
        joint = getattr(self.logger, "LOGGER_JOIN_CHAR", "_")
        return f"{prefix}{joint}{key}" if prefix else key
