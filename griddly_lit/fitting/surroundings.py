"""What a run was made with and in: versions, the user's git repository, the process."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import socket
import subprocess
import sys
from typing import Any

from griddly_lit.processes import place, started

_PACKAGES = ("griddly-lit", "griddly", "gymnasium", "lightning", "numpy", "ray", "torch")
_GIT_SECONDS = 5.0


def surroundings() -> dict[str, Any]:
    """Returns them as JSON values."""
    return {
        "versions": {"python": platform.python_version(), **_versions()},
        "git": _git(),
        "folder": os.getcwd(),
        "command": list(sys.orig_argv),
        "host": socket.gethostname(),
        "place": place(),
        "pid": os.getpid(),
        "process_started": started(os.getpid()),
    }


def _versions() -> dict[str, str]:
    return {name: found for name in _PACKAGES if (found := _version(name)) is not None}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git() -> dict[str, Any] | None:
    """Returns the commit of the working directory's repository, and which files differ from it."""
    try:
        commit = _of_git("rev-parse", "HEAD")
        changed = _of_git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit.strip(), "changed": [line[3:] for line in changed.splitlines()]}


def _of_git(*arguments: str) -> str:
    # Without the lock that `status` takes to write down what it found.
    shown = subprocess.run(
        ["git", "--no-optional-locks", *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
        timeout=_GIT_SECONDS,
    )
    return shown.stdout
