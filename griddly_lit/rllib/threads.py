"""How many threads torch may use while it learns in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def learning_threads() -> Iterator[None]:
    """Gives torch half of the cores, and afterwards what it had.

    The networks here are small. With as many threads as cores, anything else that runs on the
    machine makes them wait for each other: on two busy cores, two threads took seven times as long
    as one. ``OMP_NUM_THREADS`` in the environment overrules this.
    """
    before = torch.get_num_threads()
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))
    try:
        yield
    finally:
        torch.set_num_threads(before)
