"""Silence for compiled code, which writes to file descriptors rather than to ``sys.stdout``."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

# Reentrant: ray builds an algorithm in silence, and that loads games in silence.
_lock = threading.RLock()


@contextmanager
def silenced(descriptor: Literal[1, 2]) -> Iterator[None]:
    """Points a descriptor of the whole process nowhere while the block runs.

    Args:
        descriptor: 1 for standard output, 2 for standard error.
    """
    stream = sys.stdout if descriptor == 1 else sys.stderr
    with _lock:
        stream.flush()
        saved = os.dup(descriptor)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        try:
            yield
        finally:
            stream.flush()
            # C's own buffer would else come out after the silence.
            ctypes.CDLL(None).fflush(None)
            os.dup2(saved, descriptor)
            os.close(saved)
            os.close(nowhere)
