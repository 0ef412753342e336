"""Which outlet serves which logger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from griddly_lit.arguments import shown
from griddly_lit.errors import OptionError
from griddly_lit.tracking.publish.comet_experiment import CometOutlet
from griddly_lit.tracking.publish.csv_files import CSVOutlet
from griddly_lit.tracking.publish.mlflow_run import MLFlowOutlet
from griddly_lit.tracking.publish.outlet import Outlet
from griddly_lit.tracking.publish.tensorboard_events import TensorBoardOutlet
from griddly_lit.tracking.publish.wandb_run import WandbOutlet

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

# By name: the classes themselves would cost the import of Lightning, and `pytorch_lightning`
# has twins of all of them.
_OUTLETS: dict[str, type[Outlet]] = {
    "CometLogger": CometOutlet,
    "CSVLogger": CSVOutlet,
    "MLFlowLogger": MLFlowOutlet,
    "TensorBoardLogger": TensorBoardOutlet,
    "WandbLogger": WandbOutlet,
}


def register_outlet(logger_class: type[Logger], outlet: type[Outlet]) -> None:
    """Says how a class of Lightning loggers, and its subclasses, get what a run reports.

    Without an outlet of its own a logger gets hyperparameters and scalars only.

    Args:
        logger_class: The loggers' class; one that has an outlet gets this one instead.
        outlet: A subclass of :class:`~griddly_lit.Outlet`, which is made with the logger alone.

    Raises:
        OptionError: These are no such classes.
    """
    if not isinstance(logger_class, type):
        raise OptionError(
            shown("logger_class", logger_class), "it is a class of loggers", "Pass type(logger)"
        )
    if not (isinstance(outlet, type) and issubclass(outlet, Outlet)):
        raise OptionError(
            shown("outlet", outlet),
            "it is a subclass of griddly_lit.Outlet",
            "Pass the class itself, with a method for each kind of thing that the logger takes",
        )
    _OUTLETS[logger_class.__name__] = outlet


def outlet_of(logger: Logger) -> Outlet:
    """Returns the outlet of a logger."""
    for base in type(logger).__mro__:
        if base.__name__ in _OUTLETS:
            return _OUTLETS[base.__name__](logger)
    return Outlet(logger)
