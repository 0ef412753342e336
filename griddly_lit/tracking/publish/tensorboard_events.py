"""TensorBoard: videos as animated images, tables as Markdown, bar charts as figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from griddly_lit.tracking.publish.animation import animation
from griddly_lit.tracking.publish.bars import bar_figure
from griddly_lit.tracking.publish.outlet import BEST_SCORE, Outlet

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_SPLITS = ("train", "val", "test", "self_play")
# The tab takes its columns from the first run of a folder: they are the same whatever is monitored.
_RESULTS = (
    BEST_SCORE,
    "train/return_mean",
    "train/win_rate",
    "val/return_mean",
    "test/return_mean",
)


class TensorBoardOutlet(Outlet):
    """Everything goes into the events file: the Images, Text and HParams tabs show it.

    TensorBoard opens the first two groups of its first page only, in the alphabet's order, which
    ``train/`` would not be among. So the scores of training, validation and tests are there once
    more under ``_overview/``.
    """

    @override
    def hyperparameters(self, values: dict[str, Any]) -> None:
        from torch.utils.tensorboard.summary import hparams

        # Lightning's logger keeps them in hparams.yaml. Without metrics it leaves the HParams tab to
        # us; with none given, it would log hp_metric = -1, and that as the only result.
        self.logger.log_hyperparams(values, metrics={})
        # The tab shows the last value of each of these scalars, as they come.
        results = dict.fromkeys(map(self._prefixed, _RESULTS), 0.0)
        experiment, start, _ = hparams(dict(_flat(values)), results)  # type: ignore[no-untyped-call]
        for summary in (experiment, start):
            self.logger.experiment._get_file_writer().add_summary(summary)
        self.logger.save()

    @override
    def scalars(self, values: dict[str, float], step: int) -> None:
        scores = {f"_overview/{name}": value for name, value in values.items() if _is_score(name)}
        super().scalars({**values, **scores}, step)

    @override
    def video(self, key: str, path: Path, step: int, fps: int) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        # SummaryWriter.add_video needs moviepy, and writes nothing without it.
        moving = animation(path, fps)
        image = Summary.Image(
            encoded_image_string=moving.gif,
            width=moving.width,
            height=moving.height,
            colorspace=3,
        )
        value = Summary.Value(tag=self._prefixed(key), image=image)
        self.logger.experiment._get_file_writer().add_summary(Summary(value=[value]), step)
        self.logger.save()

    @override
    def table(
        self, key: str, columns: Sequence[str], rows: Sequence[Sequence[str | float]], step: int
    ) -> None:
        lines = [columns, ["---"] * len(columns), *rows]
        text = "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)
        self.logger.experiment.add_text(self._prefixed(key), text, step)
        self.logger.save()

    @override
    def bar_chart(
        self, key: str, labels: Sequence[str], values: Sequence[float], step: int, title: str
    ) -> None:
        self.figure(key, bar_figure(labels, values, title), step)

    @override
    def figure(self, key: str, figure: Figure, step: int) -> None:
        self.logger.experiment.add_figure(self._prefixed(key), figure, step, close=False)
        self.logger.save()

    @override
    def artifact(self, name: str, directory: Path, kind: str, aliases: Sequence[str]) -> None:
        """Does nothing: TensorBoard shows what lies on this disk, and so does the directory."""


def _is_score(name: str) -> bool:
    split, _, score = name.partition("/")
    return split in _SPLITS and "/" not in score


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}/")
        else:
            yield prefix + name, value if isinstance(value, (bool, int, float, str)) else str(value)


def _cell(value: str | float) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
