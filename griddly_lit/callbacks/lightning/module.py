"""A LightningModule around the networks of a trainer."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from torch import nn

from griddly_lit.callbacks.base import TrainerView


def policies_module(package: str, trainer: TrainerView) -> Any:
    """Returns a module with the network of each policy as a child.

    Args:
        package: ``lightning.pytorch`` or ``pytorch_lightning``: each has a class of its own.
        trainer: Gets what is logged.
    """
    base: Any = importlib.import_module(package).LightningModule

    class Policies(base):  # type: ignore[misc]
        """The networks; what callbacks log through it goes to the trainer."""

        def __init__(self, networks: Mapping[str, nn.Module]) -> None:
            super().__init__()
            for name, network in networks.items():
                taken = hasattr(self, name)
                self.add_module(f"policy_{name}" if taken else name, network)

        def log(self, name: str, value: Any, *_: Any, **__: Any) -> None:
            """Logs a metric, whatever else Lightning would be told of it."""
            trainer.log(name, value)

        def log_dict(self, dictionary: Mapping[str, Any], *_: Any, **__: Any) -> None:
            """Logs several metrics."""
            for name, value in dictionary.items():
                trainer.log(name, value)

    return Policies(trainer.networks)
