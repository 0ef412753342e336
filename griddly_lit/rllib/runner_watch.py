"""Remote runners that die or hang: told once, and no longer than it makes sense to go on."""

from __future__ import annotations

import logging
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig

from griddly_lit.envs.level_notes import Noted, read_notes
from griddly_lit.errors import WorkerError
from griddly_lit.rllib.faults import raise_fault
from griddly_lit.rllib.runner_notes import NOTES
from griddly_lit.rllib.silence import Silence

_log = logging.getLogger("griddly_lit")

_MOST_DEATHS = 3
_RETURN_LIMIT_S = 120.0
_LOOK_FOR_FAULTS_S = 1.0


class RunnerWatch:
    """Watches the remote runners of one algorithm.

    A runner that dies is started again by Ray, which is told once. One that does nothing for as
    long as ``sample_timeout_s`` while it should sample is killed, and is started again likewise.
    When a runner has died three times without a whole fragment between, or none comes back, that
    is a WorkerError, which names what was played.

    Args:
        config: The algorithm's, which gets to know where its runners note what they do.
    """

    def __init__(self, config: AlgorithmConfig) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="griddly_lit_")
        config.env_config = {**config.env_config, NOTES: self._folder.name}
        self._limit = config.sample_timeout_s
        if self._limit is not None and _is_alone():
            # RLlib would drop what a slow runner brings; a silent one is seen by its notes.
            config.sample_timeout_s = None
        self._group: Any = None
        self._silence: Silence | None = None
        self._said = _WhatRaySays()
        logging.getLogger("ray.rllib.utils.actor_manager").addFilter(self._said)
        self._down: set[int] = set()
        self._deaths: dict[int, int] = {}
        self._notes: dict[int, Path] = {}
        self._steps_at_death: dict[int, int] = {}
        self._steps = -1
        self._progressed_at = time.monotonic()

    def begin(self, group: Any) -> None:
        """Begins to watch.

        Args:
            group: RLlib's EnvRunnerGroup.
        """
        self._group = group
        self._note_files()
        if self._limit is not None:
            self._silence = Silence(
                self._limit, self._sign_of_life, self._kill, lambda: list(self._notes)
            )

    def before_step(self, restore: Any, env_steps: int) -> list[int]:
        """Brings back who has died; called before each of RLlib's training steps.

        Args:
            restore: What RLlib does to bring them back; returns their numbers.
            env_steps: Steps sampled so far.

        Returns:
            The numbers of those who are back.

        Raises:
            WorkerError: It makes no sense to go on.
        """
        group, began, restored = self._group, time.monotonic(), []
        if env_steps != self._steps:
            self._steps, self._progressed_at = env_steps, began
        elif began - self._progressed_at > _LOOK_FOR_FAULTS_S:
            # What nothing comes of may have met an exception, and would again for ever.
            raise_fault(group)
            self._progressed_at = time.monotonic()
        for runner in sorted(self._missing() - self._down):
            self._died(runner, env_steps)
        while True:
            restored += restore()
            missing = self._missing()
            if len(missing) < group.num_remote_env_runners():
                break
            if time.monotonic() - began > _RETURN_LIMIT_S:
                raise _error(
                    "all env runners",
                    f"none of them starts again within {_RETURN_LIMIT_S:.0f} s",
                    self._said.text,
                )
            time.sleep(0.1)
        self._down &= missing
        self._note_files()
        return restored

    def close(self) -> None:
        """Ends the watch."""
        logging.getLogger("ray.rllib.utils.actor_manager").removeFilter(self._said)
        if self._silence is not None:
            self._silence.close()
        self._folder.cleanup()

    def _missing(self) -> set[int]:
        manager = self._group._worker_manager
        return {*manager.actor_ids()} - {*manager.healthy_actor_ids()}

    def _died(self, runner: int, env_steps: int) -> None:
        self._down.add(runner)
        noted = self._noted(runner)
        if noted is None:
            # It ran on another machine: what all have sampled since must do.
            fragments = env_steps - self._steps_at_death.get(runner, 0)
        else:
            fragments = noted.fragments
        self._steps_at_death[runner] = env_steps
        self._deaths[runner] = deaths = 1 if fragments else self._deaths.get(runner, 0) + 1
        doing = f" {noted.doing}" if noted is not None and noted.doing else ""
        silent = None if self._silence is None else self._silence.killed.pop(runner, None)
        if silent is not None:
            how = f"did nothing for {silent:.0f} s{doing} and was killed"
        else:
            how = f"died{doing}"
        path = self._notes.pop(runner, None)
        if path is not None:
            with suppress(OSError):
                path.unlink()
        said = "" if silent is not None else self._said.text
        if deaths >= _MOST_DEATHS:
            raise _error(
                f"env runner {runner}",
                f"it {how}, for the {_MOST_DEATHS}rd time without a whole fragment of steps between",
                said,
            )
        _log.warning("Env runner %s %s. It is started again.%s", runner, how, _ray_says(said))

    def _noted(self, runner: int) -> Noted | None:
        path = self._notes.get(runner)
        return None if path is None else read_notes(path)

    def _sign_of_life(self, runner: int) -> object:
        path = self._notes.get(runner)
        noted = None if path is None else read_notes(path)
        # One that has just been started may be where the one before it was.
        return None if path is None or noted is None else (path, noted.busy, noted.beats)

    def _note_files(self) -> None:
        for runner in {*self._group._worker_manager.healthy_actor_ids()} - {*self._notes}:
            files = sorted(Path(self._folder.name).glob(f"{runner}.*.notes"))
            if files:
                self._notes[runner] = files[-1]

    def _kill(self, runner: int) -> None:
        ray.kill(self._group._worker_manager.actors()[runner], no_restart=False)


class _WhatRaySays(logging.Filter):
    """Keeps what RLlib logs of the last death, in place of its two messages and a traceback."""

    text = ""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, ray.exceptions.RayError):
            self.text = " ".join(str(record.msg).split())[:500]
            return False
        return "Ray error (" not in str(record.msg)


def _is_alone() -> bool:
    return len([node for node in ray.nodes() if node["Alive"]]) == 1


def _ray_says(text: str) -> str:
    return f" Ray says: {text}" if text else ""


def _error(value: str, rule: str, said: str) -> WorkerError:
    return WorkerError(
        value,
        rule,
        "Where one level does that, leave it out, or play it with num_env_runners=0 and a debugger; "
        "where memory is short, take fewer runners or games." + _ray_says(said),
    )
