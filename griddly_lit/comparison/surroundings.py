"""With what a study was made."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

_PACKAGES = ("griddly-lit", "griddly", "gymnasium", "numpy", "ray", "scipy", "torch")


def versions() -> dict[str, str]:
    """Returns the versions of what decides the numbers, and the kind of machine."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
