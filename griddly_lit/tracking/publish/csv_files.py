"""The CSV logger: files beside its ``metrics.csv``, listed in ``media.csv``."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from griddly_lit.tracking.publish.media_name import media_name
from griddly_lit.tracking.publish.outlet import Outlet
from griddly_lit.tracking.runs.csv_rows import widen

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class CSVOutlet(Outlet):
    """``videos/…``, ``tables/….csv`` and ``figures/….png`` in the logger's folder."""

    @override
    def scalars(self, values: dict[str, float], step: int) -> None:
        widen(self.logger.experiment, map(self._prefixed, values))
        super().scalars(values, step)

    @override
    def video(self, key: str, path: Path, step: int, fps: int) -> None:
        shutil.copyfile(path, self._add("video", "videos", key, step, path.suffix))

    @override
    def table(
        self, key: str, columns: Sequence[str], rows: Sequence[Sequence[str | float]], step: int
    ) -> None:
        self._write(self._add("table", "tables", key, step, ".csv"), [columns, *rows])

    @override
    def bar_chart(
        self, key: str, labels: Sequence[str], values: Sequence[float], step: int, title: str
    ) -> None:
        rows = zip(labels, values, strict=True)
        self._write(
            self._add("bar_chart", "tables", key, step, ".csv"), [("label", "value"), *rows]
        )

    @override
    def figure(self, key: str, figure: Figure, step: int) -> None:
        figure.savefig(self._add("figure", "figures", key, step, ".png"))

    @override
    def artifact(self, name: str, directory: Path, kind: str, aliases: Sequence[str]) -> None:
        """Does nothing: the directory is on this disk already."""

    def _add(self, kind: str, folder: str, key: str, step: int, suffix: str) -> Path:
        log_dir = Path(self.logger.experiment.log_dir)
        key = self._prefixed(key)
        name = media_name(folder, key, step, suffix)
        path = log_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        index = log_dir / "media.csv"
        header = [] if index.exists() else [("step", "key", "kind", "path")]
        self._write(index, [*header, (step, key, kind, name)], mode="a")
        return path

    @staticmethod
    def _write(path: Path, rows: Iterable[Iterable[object]], mode: str = "w") -> None:
        with path.open(mode, newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
