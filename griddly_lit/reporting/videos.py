"""Videos on their way: from the env runners' replays over the recorder to the loggers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from griddly_lit.recording import EpisodeReplay, VideoRecorder, VideoRecording
from griddly_lit.recording.recorder import FinishedVideo
from griddly_lit.tracking.publish import Publisher

_CLOSE_TIMEOUT_S = 120.0


class Videos:
    """Hands replays to the recorder, and finished videos to the loggers.

    Args:
        settings: What is drawn, and how.
        publisher: Where finished videos go.
        tell: Called with each afterwards.
        keep_in: Folder of the videos when the settings name none; None when the loggers keep them.
    """

    def __init__(
        self,
        settings: VideoRecording,
        publisher: Publisher,
        tell: Callable[[FinishedVideo], None],
        keep_in: Path | None = None,
    ) -> None:
        self._publisher = publisher
        self._tell = tell
        directory = settings.directory or keep_in
        self._passing: tempfile.TemporaryDirectory[str] | None = None
        if directory is None:
            self._passing = tempfile.TemporaryDirectory(prefix="griddly_lit_")
            directory = self._passing.name
        self._recorder = VideoRecorder(settings, directory)

    def submit(
        self, replays: Iterable[EpisodeReplay], env_steps: int, key: str | None = None
    ) -> None:
        """Takes episodes to draw, and publishes what is finished by now; never waits.

        Args:
            replays: The episodes.
            env_steps: Environment steps of the run.
            key: What to call them instead of ``videos/level_{n}``.
        """
        for replay in replays:
            self._recorder.submit(replay, env_steps, key)
        self._publish()

    def close(self) -> None:
        """Finishes and publishes what waits."""
        self._recorder.close(_CLOSE_TIMEOUT_S)
        try:
            self._publish()
        finally:
            if self._passing is not None:
                self._passing.cleanup()

    def _publish(self) -> None:
        for video in self._recorder.finished():
            self._publisher.video(video.key, video.path, video.env_steps, video.fps)
            self._tell(video)
