"""Comet: its own videos, tables, figures and artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from griddly_lit.tracking.publish.bars import bar_figure
from griddly_lit.tracking.publish.media_name import media_name
from griddly_lit.tracking.publish.outlet import Outlet

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class CometOutlet(Outlet):
    """Everything goes to the logger's experiment."""

    @override
    def video(self, key: str, path: Path, step: int, fps: int) -> None:
        self.logger.experiment.log_video(str(path), name=self._prefixed(key), step=step)

    @override
    def table(
        self, key: str, columns: Sequence[str], rows: Sequence[Sequence[str | float]], step: int
    ) -> None:
        # Tables have no step of their own there: the file's name carries it.
        name = media_name("tables", self._prefixed(key), step, ".csv")
        data = [list(row) for row in rows]
        self.logger.experiment.log_table(str(name), tabular_data=data, headers=list(columns))

    @override
    def bar_chart(
        self, key: str, labels: Sequence[str], values: Sequence[float], step: int, title: str
    ) -> None:
        self.figure(key, bar_figure(labels, values, title), step)

    @override
    def figure(self, key: str, figure: Figure, step: int) -> None:
        self.logger.experiment.log_figure(self._prefixed(key), figure, step=step)

    @override
    def artifact(self, name: str, directory: Path, kind: str, aliases: Sequence[str]) -> None:
        import comet_ml

        # Names belong to the workspace: without the run's key, "best" would wander between runs.
        name = f"{name}-{self.logger.experiment.get_key()}"
        artifact = comet_ml.Artifact(name, artifact_type=kind, aliases=list(aliases))
        artifact.add(str(directory))
        self.logger.experiment.log_artifact(artifact)
