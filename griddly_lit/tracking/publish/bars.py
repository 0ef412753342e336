"""Bar charts for the loggers that have none of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def bar_figure(labels: Sequence[str], values: Sequence[float], title: str) -> Figure:
    """Draws one horizontal bar a label, the first at the top."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, min(1.5 + 0.3 * len(labels), 20.0)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(range(len(labels)), values)
    # A bar that is too short to be seen has its number still.
    axes.bar_label(bars, fmt="{:.3g}", padding=3)
    axes.margins(x=0.12)
    # Labels are names from a game's file: a dollar sign in them is not mathematics.
    axes.set_yticks(range(len(labels)), labels=list(labels), parse_math=False)
    axes.invert_yaxis()
    axes.set_title(title, parse_math=False)
    return figure
