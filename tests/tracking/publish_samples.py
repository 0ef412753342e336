"""Things to publish, for the tests of the publisher."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
from lightning.pytorch.loggers import Logger
from matplotlib.figure import Figure

FPS = 10
COLUMNS = ("level", "return")
ROWS = (("level_0", 1.5), ("level|1", "not played"))


def moving_square(frames: int, height: int = 32, width: int = 48) -> np.ndarray:
    """Returns frames that all differ: a bright square walks over a dark ground."""
    video = np.full((frames, height, width, 3), 40, np.uint8)
    for index, frame in enumerate(video):
        row, column = divmod(index * 4, width - 8)
        frame[row * 2 % (height - 8) :, column : column + 8] = (250, 200, (7 * index) % 256)
    return video


def write_video(path: Path, frames: np.ndarray, fps: int = FPS) -> Path:
    """Writes an mp4 or GIF file as the project writes them."""
    if path.suffix == ".gif":
        imageio.imwrite(path, frames, duration=1000 / fps, loop=0)
    else:
        imageio.imwrite(path, frames, fps=fps, codec="libx264", macro_block_size=2)
    return path


def line_figure() -> Figure:
    """Returns a figure that is not pyplot's."""
    figure = Figure()
    figure.subplots().plot([1, 3, 2])
    return figure


def write_checkpoint(directory: Path) -> Path:
    """Writes a directory with files on two levels."""
    (directory / "learner").mkdir(parents=True)
    (directory / "state.json").write_text("{}")
    (directory / "learner" / "weights.bin").write_bytes(b"weights")
    return directory


class PlainLogger(Logger):
    """A logger of the user's own, which knows only what every Lightning logger knows."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    @property
    def name(self) -> str:
        return "plain"

    @property
    def version(self) -> int:
        return 0

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self.calls.append(("metrics", metrics, step))

    def log_hyperparams(self, params: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        self.calls.append(("hyperparameters", params))

    def save(self) -> None:
        self.calls.append(("save",))

    def finalize(self, status: str) -> None:
        self.calls.append(("finalize", status))
