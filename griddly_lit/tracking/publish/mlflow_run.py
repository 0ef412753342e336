"""MLflow: everything but numbers becomes an artifact of the run."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from griddly_lit.tracking.publish.bars import bar_figure
from griddly_lit.tracking.publish.media_name import media_name
from griddly_lit.tracking.publish.outlet import Outlet

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger
    from matplotlib.figure import Figure

_RESUMED = "griddly_lit.resumed_at_env_steps"


class MLFlowOutlet(Outlet):
    """``videos/…``, ``tables/….json``, ``figures/….png`` and the directories, under the run."""

    def __init__(self, logger: Logger) -> None:
        super().__init__(logger)
        self._last_told: dict[str, int] = {}

    @override
    def hyperparameters(self, values: dict[str, Any]) -> None:
        if self.resumed_at is None:
            super().hyperparameters(values)
            return
        # MLflow keeps what it was told first, and refuses what differs.
        client, run_id = self.logger.experiment, self.logger.run_id
        client.update_run(run_id, status="RUNNING")
        earlier = client.get_run(run_id).data.tags.get(_RESUMED, "")
        client.set_tag(run_id, _RESUMED, ", ".join(filter(None, [earlier, str(self.resumed_at)])))

    @override
    def scalars(self, values: dict[str, float], step: int) -> None:
        if self.resumed_at is not None and step > self.resumed_at:
            values = {key: value for key, value in values.items() if step > self._told_until(key)}
        super().scalars(values, step)

    def _told_until(self, key: str) -> int:
        """Returns the last step of a metric that the run has from before it was resumed."""
        if key not in self._last_told:
            name = re.sub("[^a-zA-Z0-9_/. -]+", "", self._prefixed(key))
            known = self.logger.experiment.get_metric_history(self.logger.run_id, name)
            self._last_told[key] = max((point.step for point in known), default=-1)
        return self._last_told[key]

    @override
    def video(self, key: str, path: Path, step: int, fps: int) -> None:
        name = media_name("videos", self._prefixed(key), step, path.suffix)
        with tempfile.TemporaryDirectory() as folder:
            # MLflow keeps the file's own name.
            named = shutil.copyfile(path, Path(folder, name.name))
            self.logger.experiment.log_artifact(self.logger.run_id, named, str(name.parent))

    @override
    def table(
        self, key: str, columns: Sequence[str], rows: Sequence[Sequence[str | float]], step: int
    ) -> None:
        # One file a key, to which MLflow appends: it lists each table file in a tag of the run,
        # and the tag's length is limited.
        data = {column: [row[i] for row in rows] for i, column in enumerate(columns)}
        name = media_name("tables", self._prefixed(key), step, ".json")
        self.logger.experiment.log_table(
            self.logger.run_id, {"step": [step] * len(rows), **data}, f"{name.parent}.json"
        )

    @override
    def bar_chart(
        self, key: str, labels: Sequence[str], values: Sequence[float], step: int, title: str
    ) -> None:
        self.figure(key, bar_figure(labels, values, title), step)

    @override
    def figure(self, key: str, figure: Figure, step: int) -> None:
        name = media_name("figures", self._prefixed(key), step, ".png")
        self.logger.experiment.log_figure(self.logger.run_id, figure, str(name))

    @override
    def artifact(self, name: str, directory: Path, kind: str, aliases: Sequence[str]) -> None:
        path = f"{name}/{directory.name}"
        self.logger.experiment.log_artifacts(self.logger.run_id, str(directory), path)
        for alias in aliases:
            # MLflow has no aliases for files of a run: a tag of the run names the directory.
            self.logger.experiment.set_tag(self.logger.run_id, f"{name}.{alias}", path)
