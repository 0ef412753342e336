"""Ray starts with the trainer and stops with it, quietly; one that runs is joined."""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Read by ray when it is imported or started.
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray

from griddly_lit.errors import OptionError

_LOCAL = "local"
_HERE = "auto"
_REACH_LIMIT_S = 10.0


@contextmanager
def ray_session(processes: int, address: str | None = None) -> Iterator[None]:
    """Makes sure that Ray runs.

    A Ray that this process is connected to is used, and left connected. Otherwise a cluster is joined
    where one is named, or one was started on this machine by ``ray start``; otherwise a local Ray is
    started and stopped again.

    Args:
        processes: Number of actors that a local Ray must find room for.
        address: ``"host:port"`` of a cluster, ``"auto"`` for the one that runs here, ``"local"`` for
            a Ray of one's own; None takes ``RAY_ADDRESS`` from the environment, if it is set.

    Raises:
        OptionError: Ray cannot be reached at the address, or is connected to another one already.
    """
    started = not ray.is_initialized()
    if started:
        _join_or_start(processes, address)
    else:
        _check_is_connected_to(address)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            yield
    finally:
        if started:
            ray.shutdown()


def cluster_address(address: str | None) -> str | None:
    """Returns the address of the cluster that is to be joined, if one is named.

    Args:
        address: As for :func:`ray_session`.
    """
    found = address or os.environ.get("RAY_ADDRESS") or None
    return None if found == _LOCAL else found


def _join_or_start(processes: int, address: str | None) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    named = cluster_address(address)
    if named is None:
        with suppress(ValueError):
            # Refused where Ray finds one that was started on this machine: its size is its own.
            ray.init(
                address=address or None,
                num_cpus=max(os.cpu_count() or 1, processes),
                include_dashboard=False,
                **quiet,
            )
            return
    try:
        if named not in (None, _HERE):
            _reach(named)
        ray.init(address=named, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        raise OptionError(
            f"ray_address={named!r}",
            f"no Ray cluster can be joined there ({' '.join(str(error).split())[:200]})",
            "Give the host:port that `ray start --head` printed, with RAY_AUTH_MODE=token in the "
            "environment where it asks for a token; or 'auto' for the one on this machine, or "
            "'local' for a Ray of the run's own",
        ) from error


def _reach(address: str) -> None:
    """Finds out in seconds that nobody is there, which Ray tries again for many minutes.

    Raises:
        OSError: Nobody answers.
        ValueError: It is no host and port.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or "/" in host:
        raise ValueError("an address is host:port")
    socket.create_connection((host, int(port)), timeout=_REACH_LIMIT_S).close()


def _check_is_connected_to(address: str | None) -> None:
    connected = ray.get_runtime_context().gcs_address
    if address not in (None, _HERE, connected):
        raise OptionError(
            f"ray_address={address!r}",
            f"this process is connected to the Ray at {connected} already",
            "Leave ray_address out to use that one, or call ray.shutdown() first",
        )
