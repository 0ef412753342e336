"""The drawing process, seen from the process that feeds it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import IO, Any

# The renderers' products are small: threads of their own would only take cores from training.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class DrawingProcessError(Exception):
    """The drawing process ended before it answered."""


class DrawingProcess:
    """A child of the lowest priority that performs one job at a time.

    It is started with the first job, and again with the next job after it died. It leads a session
    of its own, so that Ctrl-C in the terminal reaches neither it nor the encoder.

    Attributes:
        pid: Its process id, None while there is none.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None
        self._complaints: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, None while there is no process."""
        return None if self._child is None else self._child.pid

    def perform(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Hands a job over and waits for the answer, see :mod:`griddly_lit.recording.worker`.

        Raises:
            DrawingProcessError: It could not be started, or died over the job.
        """
        try:
            if self._child is None:
                self._child = self._start()
            assert self._child.stdin is not None
            assert self._child.stdout is not None
            self._child.stdin.write(json.dumps(job) + "\n")
            self._child.stdin.flush()
            answer = self._child.stdout.readline()
        except OSError as error:
            raise DrawingProcessError(self._bury() or str(error)) from error
        if not answer.endswith("\n"):
            raise DrawingProcessError(self._bury())
        answered: dict[str, Any] = json.loads(answer)
        return answered

    def kill(self) -> None:
        """Ends the process and its encoder at once; whoever waits in :meth:`perform` is told."""
        child = self._child
        if child is not None:
            _kill_group(child)

    def close(self) -> None:
        """Ends the process, which has no job any more."""
        self._bury()

    def _start(self) -> subprocess.Popen[str]:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115
        path = os.pathsep.join(entry for entry in sys.path if entry)
        return subprocess.Popen(
            [sys.executable, "-m", "griddly_lit.recording.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            env={**os.environ, **_ONE_THREAD, "PYTHONPATH": path},
            start_new_session=True,
        )

    def _bury(self) -> str:
        child, self._child = self._child, None
        if child is None or self._complaints is None:
            return ""
        _kill_group(child)
        code = child.wait()
        for pipe in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        with self._complaints as complaints:
            complaints.seek(0)
            said = complaints.read().decode("utf-8", "replace").strip().splitlines()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{how}: {said[-1]}" if said else how


def _kill_group(child: subprocess.Popen[str]) -> None:
    # The group outlives its leader as long as the encoder runs.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
