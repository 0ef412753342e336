"""What a run reports, handed to each Lightning logger by what that logger can do."""

from griddly_lit.tracking.publish.defaults import default_loggers
from griddly_lit.tracking.publish.publisher import Publisher

__all__ = ["Publisher", "default_loggers"]
