"""What a run reports, handed to each Lightning logger by what that logger can do."""

from griddly_lit.tracking.publish.defaults import claim_folder, default_loggers, is_default_folder
from griddly_lit.tracking.publish.publisher import Publisher

__all__ = ["Publisher", "claim_folder", "default_loggers", "is_default_folder"]
