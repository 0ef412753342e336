"""Runners that hang."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from griddly_lit.envs.level_notes import Noted

_log = logging.getLogger("griddly_lit")
_TICK_S = 1.0


class Silence:
    """Kills runners that should sample and do nothing, from a thread of its own.

    Args:
        limit: Seconds for which a runner may do nothing.
        noted: Returns what a runner has noted, or None where that cannot be read.
        kill: Kills a runner by its number, so that it is started again.
        runners: Returns the numbers of the runners.

    Attributes:
        killed: Seconds that each one killed was silent, until its death is told.
    """

    def __init__(
        self,
        limit: float,
        noted: Callable[[int], Noted | None],
        kill: Callable[[int], None],
        runners: Callable[[], list[int]],
    ) -> None:
        self._limit = limit
        self._noted = noted
        self._kill = kill
        self._runners = runners
        self.killed: dict[int, float] = {}
        self._silent: dict[int, tuple[int, float]] = {}
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
                noted = self._noted(runner)
                beats, seconds = self._silent.get(runner, (-1, 0.0))
                if noted is None or not noted.busy or noted.beats != beats:
                    self._silent[runner] = (noted.beats if noted else -1, 0.0)
                    continue
                # Ticks are counted, not the clock: where this process was stopped, so were they.
                seconds += tick
                self._silent[runner] = (beats, seconds)
                if seconds >= self._limit and runner not in self.killed:
                    self.killed[runner] = seconds
                    try:
                        self._kill(runner)
                    except Exception as error:  # Ray may be going down
                        _log.debug("Env runner %s cannot be killed: %s", runner, error)
