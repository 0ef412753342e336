"""Signals that end training let the work in hand finish."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_log = logging.getLogger("griddly_lit")

# Ctrl-C, what a batch system sends before it kills, and the end of the terminal.
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Turns the first signal that ends training into an event; a second one ends it at once.

    The signals are SIGINT (Ctrl-C), SIGTERM and SIGHUP; the latter not under ``nohup``.
    """
    event = threading.Event()

    def note(number: int, frame: Any) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()
        pressed = number == signal.SIGINT
        _log.warning(
            "%s: training ends after this iteration. %s to end now.",
            "Ctrl-C" if pressed else signal.Signals(number).name,
            "Press again" if pressed else "Send another signal",
        )

    with _handled_by(note):
        yield event


@contextmanager
def shielded() -> Iterator[None]:
    """Holds back the signals that end training until the block is done."""
    held: list[int] = []
    try:
        with _handled_by(lambda number, frame: held.append(number)):
            yield
    finally:
        for number in held:
            signal.raise_signal(number)


@contextmanager
def _handled_by(handler: Callable[[int, Any], None]) -> Iterator[None]:
    # Only the main thread may set handlers, and only it is interrupted.
    alone = threading.current_thread() is threading.main_thread()
    previous = {number: signal.getsignal(number) for number in _ENDS if alone}
    if previous.get(signal.SIGHUP) is signal.SIG_IGN:
        del previous[signal.SIGHUP]
    for number in previous:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, before in previous.items():
            # None stands for a handler that is not Python's.
            signal.signal(number, signal.SIG_DFL if before is None else before)
