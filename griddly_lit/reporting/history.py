"""The history of a fit: every metric by environment step."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from griddly_lit.arguments import checked_path
from griddly_lit.errors import MetricError, OptionError, did_you_mean
from griddly_lit.whole_file import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STEP = "env_steps"
_FIRST_SHOWN = ("return_mean", "win_rate", "length_mean")


class Series(NamedTuple):
    """The values of one metric.

    Attributes:
        env_steps: int64 (N,), environment steps of the run, ascending.
        values: float64 (N,).
    """

    env_steps: NDArray[np.int64]
    values: NDArray[np.float64]


class History(Mapping[str, Series]):
    """All metrics of a fit by name: ``history["train/return_mean"].values``.

    A value takes 16 bytes, so a fit of 10,000 iterations with 50 metrics keeps 8 MB.
    """

    def __init__(self) -> None:
        self._columns: dict[str, tuple[array[int], array[float]]] = {}

    def add(self, metrics: Mapping[str, float], env_steps: int) -> None:
        """Takes the metrics of one moment; a second value of the same step replaces the first."""
        for name, value in metrics.items():
            steps, values = self._columns.setdefault(name, (array("q"), array("d")))
            if steps and steps[-1] == env_steps:
                values[-1] = value
            else:
                steps.append(env_steps)
                values.append(value)

    def copy(self) -> History:
        """Returns a history that what is added later does not reach."""
        other = History()
        other._columns = {
            name: (steps[:], each[:]) for name, (steps, each) in self._columns.items()
        }
        return other

    def __getitem__(self, name: str) -> Series:
        if name not in self._columns:
            raise MetricError(
                f"history[{name!r}]",
                "the fit has no values of such a metric",
                did_you_mean(name, self._columns),
                sorted(self._columns),
            )
        steps, values = self._columns[name]
        return Series(np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64))

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self._columns == other._columns

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<History of {len(self)} metrics at {len(self.rows)} steps>"

    @property
    def rows(self) -> list[dict[str, float]]:
        """A dictionary a step, ascending: ``env_steps`` and the metrics that have a value there."""
        by_step: dict[int, dict[str, float]] = {}
        for name, (steps, values) in self._columns.items():
            for step, value in zip(steps, values, strict=True):
                by_step.setdefault(step, {_STEP: step})[name] = value
        return [by_step[step] for step in sorted(by_step)]

    def to_csv(self, path: str | Path) -> Path:
        """Writes one row a step and one column a metric, whole or not at all.

        Args:
            path: The file; its folder is made, and what is there already is replaced.

        Returns:
            ``path``. A metric without a value at a step has an empty cell.

        Raises:
            OSError: It cannot be written.
        """
        path = checked_path("path", path)
        with whole_file(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [_STEP, *sorted(self._columns)])
            writer.writeheader()
            writer.writerows(self.rows)
        return path

    def to_pandas(self) -> Any:
        """Returns a pandas DataFrame, one column a metric, indexed by ``env_steps``."""
        import pandas

        table = pandas.DataFrame(self.rows, columns=[_STEP, *sorted(self._columns)])
        return table.set_index(_STEP)

    def plot(self, *names: str, path: str | Path | None = None) -> Figure:
        """Draws metrics over environment steps; those with the same last part share their axes.

        Args:
            *names: Names of metrics, by default mean return, win rate and length of training and
                validation.
            path: Where to save the picture, in the format of its ending.

        Returns:
            The figure, which is not pyplot's: a notebook shows it, and nothing has to close it.

        Raises:
            MetricError: The fit has no values of a metric.
            OptionError: There is nothing to draw, or the path's ending is no picture's.
        """
        from matplotlib.figure import Figure

        chosen = {name: self[name] for name in names or self._first_shown()}
        if not chosen:
            raise OptionError("plot()", "the fit has no metric to draw", "Train an iteration first")
        panels = list(dict.fromkeys(map(_panel, chosen)))
        figure = Figure(figsize=(7.0, 1.0 + 2.2 * len(panels)), layout="constrained")
        drawn = figure.subplots(len(panels), squeeze=False, sharex=True)[:, 0]
        for axes, panel in zip(drawn, panels, strict=True):
            for name, series in chosen.items():
                if _panel(name) == panel:
                    axes.plot(*series, label=name, marker="." if len(series.values) < 30 else "")
            axes.set_ylabel(panel.replace("_", " "), parse_math=False)
            axes.legend(loc="best", fontsize="small")
            axes.grid(alpha=0.3)
        drawn[-1].set_xlabel("environment steps")
        drawn[-1].xaxis.set_major_formatter("{x:,.0f}")
        if path is not None:
            _save(figure, checked_path("path", path))
        return figure

    def _first_shown(self) -> list[str]:
        wanted = [f"{split}/{panel}" for panel in _FIRST_SHOWN for split in ("train", "val")]
        return [name for name in wanted if name in self._columns] or sorted(self._columns)[:3]


def _panel(name: str) -> str:
    return name.rpartition("/")[2]


def _save(figure: Any, path: Path) -> None:
    formats = sorted(figure.canvas.get_supported_filetypes())
    kind = path.suffix.removeprefix(".").lower()
    if kind not in formats:
        raise OptionError(
            f"path={str(path)!r}", "its ending names no picture's format", "Use one of", formats
        )
    with whole_file(path) as draft:
        figure.savefig(draft, format=kind)
