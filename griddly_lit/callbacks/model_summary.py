"""A model's layers in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.console import Console
from rich.table import Table


class Layer(Protocol):
    """One row: name, type, output shape without the batch axis, and parameters of a layer."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def output_shape(self) -> tuple[int, ...] | None: ...  # noqa: D102
    @property
    def parameters(self) -> int: ...  # noqa: D102


def print_summary(layers: Sequence[Layer], title: str = "") -> None:
    """Prints a table of layers with their output shapes and parameters to standard error."""
    table = Table(
        "layer", "type", "output shape", "parameters", show_edge=False, title=title or None
    )
    table.columns[-1].justify = "right"
    for layer in layers:
        shape = "×".join(map(str, layer.output_shape or ())) or "–"
        table.add_row(layer.name, layer.type, shape, f"{layer.parameters:,}")
    table.add_section()
    table.add_row("total", "", "", f"{sum(layer.parameters for layer in layers):,}")
    Console(stderr=True).print(table)
