"""Callbacks of Lightning's, as they are: imported only where one is used.

What they see of a trainer is made here, and which of them cannot work is told here.
"""

from griddly_lit.callbacks.lightning.adapter import LightningCallback, adapted

__all__ = ["LightningCallback", "adapted"]
