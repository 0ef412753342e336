"""Ray starts with the trainer and stops with it, quietly."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# Read by ray when it is imported or started.
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray


@contextmanager
def ray_session(processes: int) -> Iterator[None]:
    """Makes sure that Ray runs.

    A Ray that is running already is used and left running; otherwise a local one is started and
    stopped again.

    Args:
        processes: Number of actors that a local Ray must find room for.
    """
    started = not ray.is_initialized()
    if started:
        ray.init(
            num_cpus=max(os.cpu_count() or 1, processes),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=True,
        )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            yield
    finally:
        if started:
            ray.shutdown()
