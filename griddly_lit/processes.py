"""Which process of which machine wrote something, and whether it is dead."""

from __future__ import annotations

import functools
import hashlib
import os
import socket
from pathlib import Path


@functools.cache
def place() -> str:
    """Returns a name of the space that process ids count in: host, its boot, and container.

    Folders may be shared between hosts, and hosts between containers: the same number is another
    process in each.
    """
    parts = [socket.gethostname(), _text("/proc/sys/kernel/random/boot_id")]
    try:
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        parts.append("")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def started(pid: int) -> str:
    """Returns when a process of this place began, in the system's words, or an empty text."""
    # The command's name, which may hold anything, is in brackets.
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else ""


def is_dead(where: str, pid: int) -> bool:
    """Whether a process is known to have ended; one of another place never is."""
    if where != place():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def is_alive(where: str, pid: int, began: str) -> bool:
    """Whether a process of this place still runs: the same one, not another of its number."""
    return where == place() and not is_dead(where, pid) and started(pid) == began


def _text(file: str) -> str:
    try:
        return Path(file).read_text("utf-8", "replace").strip()
    except OSError:
        return ""
