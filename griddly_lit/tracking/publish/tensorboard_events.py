"""TensorBoard: videos as animated images, tables as Markdown, bar charts as figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from griddly_lit.tracking.publish.animation import animation
from griddly_lit.tracking.publish.bars import bar_figure
from griddly_lit.tracking.publish.outlet import Outlet

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class TensorBoardOutlet(Outlet):
    """Everything goes into the events file: the Images, Text and HParams tabs show it."""

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


def _cell(value: str | float) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
