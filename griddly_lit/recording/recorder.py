"""The recorder: takes replays during training, and gives finished videos back."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from griddly_lit.recording.drawing_process import DrawingProcess, DrawingProcessError
from griddly_lit.recording.renderers import renderer_path
from griddly_lit.recording.replay import EpisodeReplay
from griddly_lit.recording.video import VideoRecording
from griddly_lit.recording.views import View
from griddly_lit.whole_file import remove_draft

# What waits is held as replays, tens of kilobytes each.
MOST_WAITING = 32
# Over three minutes at ten pictures a second.
MOST_FRAMES = 2000

_log = logging.getLogger("griddly_lit")


@dataclass(frozen=True)
class FinishedVideo:
    """A video that is whole.

    Attributes:
        key: ``videos/level_{n}``, with ``/agent_{id}`` for an agent's view; the level is
            ``generated`` for a level string.
        path: The file.
        env_steps: Environment steps of the run when the episode was submitted.
        fps: Pictures a second.
    """

    key: str
    path: Path
    env_steps: int
    fps: int


@dataclass(frozen=True)
class _Job:
    replay: EpisodeReplay
    env_steps: int
    key: str


class VideoRecorder:
    """Draws episodes in one child process of the lowest priority, one video after the other.

    At most 32 episodes wait; one that comes when so many do is left out. A video has at most 2000
    pictures; of a longer episode it shows the beginning. Each kind of fault, of a renderer, the
    encoder, the disk or the child itself, is told once as a warning of the logger ``griddly_lit``;
    it costs that video, and the next one is tried.

    Args:
        settings: What is drawn, and how.
        directory: Folder of the videos: ``level_0/step_000100000.mp4``, ``level_0/agent_1/…``.
    """

    def __init__(self, settings: VideoRecording, directory: str | Path) -> None:
        self._settings = settings
        self._directory = Path(directory)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[FinishedVideo] = queue.SimpleQueue()
        self._process = DrawingProcess()
        self._told: set[str] = set()
        self._given_up = threading.Event()
        # A daemon: a program that forgets to close the recorder still ends.
        self._thread = threading.Thread(target=self._run, name="griddly_lit video", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """Process id of the child, None while there is none."""
        return self._process.pid

    def submit(self, replay: EpisodeReplay, env_steps: int, key: str | None = None) -> None:
        """Takes an episode to draw; returns at once.

        Args:
            replay: The episode.
            env_steps: Environment steps of the run.
            key: What to call it instead of ``videos/level_{n}``.
        """
        if self._jobs.qsize() >= MOST_WAITING:
            self._tell(
                "queue",
                f"{MOST_WAITING} episodes wait to be drawn, so some are left out. "
                "Raise every_env_steps to record fewer",
            )
            return
        if replay.env_steps is None:
            replay = dataclasses.replace(replay, env_steps=env_steps)
        level = replay.level if isinstance(replay.level, int) else "generated"
        self._jobs.put(_Job(replay, env_steps, key or f"videos/level_{level}"))

    def finished(self) -> list[FinishedVideo]:
        """Returns the videos that were finished since the last call; never waits."""
        videos = []
        with contextlib.suppress(queue.Empty):
            while True:
                videos.append(self._finished.get_nowait())
        return videos

    def close(self, timeout_s: float) -> None:
        """Finishes what waits, and ends the child. Closing twice is fine.

        Args:
            timeout_s: Seconds after which the rest is given up. What was finished can be fetched
                afterwards, too.
        """
        self._jobs.put(None)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _log.warning("Videos: those not finished after %g s are given up.", timeout_s)
            self._given_up.set()
            while self._thread.is_alive():
                self._process.kill()
                self._thread.join(0.1)

    def _run(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                for view, key in self._views(job):
                    if not self._given_up.is_set():
                        self._try(job, view, key)
        finally:
            self._process.close()

    def _views(self, job: _Job) -> Iterator[tuple[View, str]]:
        if self._settings.include_global:
            yield "global", job.key
        if self._settings.include_agents:
            for agent in job.replay.agents:
                yield agent, f"{job.key}/agent_{agent}"

    def _try(self, job: _Job, view: View, key: str) -> None:
        try:
            self._draw(job, view, key)
        except OSError as error:
            self._tell("disk", f"{key} at step {job.env_steps} is missing: {error}")

    def _draw(self, job: _Job, view: View, key: str) -> None:
        path = self._free_path(key, job.env_steps)
        request = {
            "replay": job.replay.to_dict(),
            "view": view,
            "renderer": self._settings.renderer,
            "renderer_path": renderer_path(self._settings.renderer),
            "strip": self._settings.strip,
            "path": str(path.absolute()),
            "fps": self._settings.fps,
            "most_frames": MOST_FRAMES,
        }
        try:
            answer = self._process.perform(request)
        except DrawingProcessError as death:
            remove_draft(path)
            if not self._given_up.is_set():
                self._tell(
                    "death",
                    f"the process that draws died ({death}) over {key} at step {job.env_steps}. "
                    "It is started again for the next video",
                )
            return
        self._tell_of(answer, job, key)
        if "error" not in answer:
            self._finished.put(FinishedVideo(key, path, job.env_steps, self._settings.fps))

    def _tell_of(self, answer: dict[str, Any], job: _Job, key: str) -> None:
        for note in answer["notes"]:
            self._tell(note, note)
        if "error" in answer:
            self._tell(
                answer["kind"], f"{key} at step {job.env_steps} is missing: {answer['error']}"
            )
        elif answer["frames"] <= job.replay.length:
            self._tell(
                "cut",
                f"{key} at step {job.env_steps} shows the first {answer['frames']} pictures of an "
                f"episode of {job.replay.length} steps",
            )

    def _free_path(self, key: str, env_steps: int) -> Path:
        folder = self._directory / key.removeprefix("videos/")
        suffix = f".{self._settings.format}"
        path, number = folder / f"step_{env_steps:09d}{suffix}", 1
        # Several runners may finish an episode of a level within one iteration.
        while path.exists():
            number += 1
            path = folder / f"step_{env_steps:09d}_{number}{suffix}"
        return path

    def _tell(self, kind: str, text: str) -> None:
        if kind not in self._told:
            self._told.add(kind)
            _log.warning("Videos: %s. Training goes on; this is not told again.", text.rstrip("."))
