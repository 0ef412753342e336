"""What a run reports, handed to each Lightning logger by what that logger can do."""

from griddly_lit.tracking.publish.defaults import claim_folder, default_loggers, is_default_folder
from griddly_lit.tracking.publish.outlet import Outlet
from griddly_lit.tracking.publish.outlets import register_outlet
from griddly_lit.tracking.publish.publisher import Publisher

__all__ = [
    "Outlet",
    "Publisher",
    "claim_folder",
    "default_loggers",
    "is_default_folder",
    "register_outlet",
]
