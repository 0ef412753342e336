"""Runners that hang."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger("griddly_lit")
_TICK_S = 1.0


class Silence:
    """Kills runners that should sample and do nothing, or do not even run, from a thread of its own.

    Args:
        limit: Seconds for which a runner may do nothing.
        sign_of_life: Returns what is another with everything that a runner does, or None where
            that cannot be told.
        kill: Kills a runner by its number, so that it is started again.
        runners: Returns the numbers of the runners.

    Attributes:
        killed: Seconds that each one killed was silent, until its death is told.
    """

    def __init__(
        self,
        limit: float,
        sign_of_life: Callable[[int], object],
        kill: Callable[[int], None],
        runners: Callable[[], list[int]],
    ) -> None:
        self._limit = limit
        self._sign_of_life = sign_of_life
        self._kill = kill
        self._runners = runners
        self.killed: dict[int, float] = {}
        self._silent: dict[int, tuple[object, float]] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="griddly_lit silence", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._ends.set()
        self._thread.join()

    def _watch(self) -> None:
        tick = min(_TICK_S, self._limit / 4)
        while not self._ends.wait(tick):
            for runner in self._runners():
                now = self._sign_of_life(runner)
                before, seconds = self._silent.get(runner, (None, 0.0))
                if now is None or now != before:
                    self._silent[runner] = (now, 0.0)
                    continue
                # Ticks are counted, not the clock: where this process was stopped, so were they.
                seconds += tick
                self._silent[runner] = (now, seconds)
                if seconds >= self._limit and runner not in self.killed:
                    self.killed[runner] = seconds
                    try:
                        self._kill(runner)
                    except Exception as error:  # Ray may be going down
                        _log.debug("Env runner %s cannot be killed: %s", runner, error)
