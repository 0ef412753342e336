"""What every result says beside its numbers: the machine, the versions and the command."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("griddly", "griddly-lit", "gymnasium", "lightning", "numpy", "ray", "torch")


def circumstances() -> dict[str, Any]:
    """Returns the machine, the versions and the command as JSON values."""
    script = Path(sys.argv[0])
    return {
        "machine": {
            "cpu": _cpu_model(),
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "load_average_before": os.getloadavg()[0],
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
        "command": " ".join(["python", f"{script.parent.name}/{script.name}", *sys.argv[1:]]),
    }


def write_result(name: str, result: dict[str, Any]) -> None:
    """Writes ``results/<name>.json``."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"\nWritten: {path.parent.name}/{path.name}")


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
