"""Videos: which episodes of a training run are recorded and how, and one drawn from a replay."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from griddly_lit.arguments import (
    checked_bool,
    checked_choice,
    checked_mapping,
    checked_path,
    optional_int,
)
from griddly_lit.errors import OptionError, did_you_mean
from griddly_lit.recording.encoder import FORMATS, check_fps, check_video_path, write_video
from griddly_lit.recording.renderers import renderer_names
from griddly_lit.recording.replay import EpisodeReplay
from griddly_lit.recording.strip import with_strip
from griddly_lit.recording.views import View, draw

_DEFAULT_INTERVAL = 100_000
_SWITCHES = ("include_global", "include_agents", "best", "worst", "strip")
# The keys of the old integration's record_video_config, and its defaults.
_OLD_DEFAULTS = {
    "frequency": 1000,
    "fps": 10,
    "directory": ".",
    "include_global": True,
    "include_agents": False,
}


@dataclass(frozen=True, kw_only=True)
class VideoRecording:
    """Which episodes are recorded, and how their videos look.

    The first environment of a runner is recorded: its first episode, then the first whole episode
    that starts after each interval. Several runners take turns: there is about one episode an
    interval in all, the first one from the first runner. Episodes are drawn afterwards, in another
    process.

    Attributes:
        every_env_steps: Length of the interval, in environment steps of the run, those of all games
            of all runners; by default 100,000, ten videos in a run of a million steps.
        every_steps_per_env: Length of the interval in steps of the recorded environment alone,
            instead of ``every_env_steps``. Each runner then records its own first environment,
            whatever the others do.
        include_global: Draw the whole grid.
        include_agents: Draw what each agent sees, a video for each.
        best: Record the best episode of each validation and test, too.
        worst: Record the worst one.
        fps: Pictures, that is steps, a second.
        format: ``mp4`` or ``gif``.
        directory: Folder to keep the videos in. None leaves them to the loggers.
        renderer: ``numpy`` draws without any graphics driver; ``vulkan`` lets the engine draw; or
            the name of one of your own, see :func:`~griddly_lit.register_renderer`.
        strip: Write under the pictures how many environment steps of training there had been, the
            step of the episode, the return so far and, for a second at the end, the outcome.

    Raises:
        OptionError: A value is out of range, both intervals are given, or nothing would be drawn.
    """

    every_env_steps: int | None = None
    every_steps_per_env: int | None = None
    include_global: bool = True
    include_agents: bool = False
    best: bool = False
    worst: bool = False
    fps: int = 10
    format: Literal["mp4", "gif"] = "mp4"
    directory: str | Path | None = None
    renderer: str = "numpy"
    strip: bool = False

    def __post_init__(self) -> None:
        if self.every_env_steps is None and self.every_steps_per_env is None:
            object.__setattr__(self, "every_env_steps", _DEFAULT_INTERVAL)
        elif self.every_env_steps is not None and self.every_steps_per_env is not None:
            raise OptionError(
                f"every_env_steps={self.every_env_steps!r}, "
                f"every_steps_per_env={self.every_steps_per_env!r}",
                "there is one interval",
                "Give one of them",
            )
        values = {
            **{
                name: optional_int(name, getattr(self, name), 1)
                for name in ("every_env_steps", "every_steps_per_env")
            },
            "fps": check_fps(self.fps),
            "format": checked_choice("format", self.format, FORMATS),
            "directory": None
            if self.directory is None
            else checked_path("directory", self.directory),
            "renderer": checked_choice("renderer", self.renderer, renderer_names()),
            **{name: checked_bool(name, getattr(self, name)) for name in _SWITCHES},
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if not (self.include_global or self.include_agents):
            raise OptionError(
                "include_global=False, include_agents=False",
                "there is nothing to draw",
                "Set one of them, or give no VideoRecording",
            )

    @classmethod
    def from_record_video_config(cls, config: Mapping[str, Any]) -> VideoRecording:
        """Takes the ``record_video_config`` of Griddly's old RLlib integration.

        Args:
            config: ``frequency`` (1000), in steps of each recorded environment, ``fps`` (10),
                ``directory`` ("."), ``include_global`` (True) and ``include_agents`` (False).

        Raises:
            OptionError: It is no dictionary, a key is unknown (the nearest known one is suggested),
                or a value is out of range.
        """
        checked_mapping("record_video_config", config, "Pass its settings by name")
        for key in config:
            if key not in _OLD_DEFAULTS:
                raise OptionError(
                    f"record_video_config[{key!r}]",
                    "record_video_config has no such key",
                    did_you_mean(str(key), _OLD_DEFAULTS),
                    _OLD_DEFAULTS,
                )
        options: dict[str, Any] = {**_OLD_DEFAULTS, **config}
        frequency = options.pop("frequency")
        try:
            if frequency is None:
                raise OptionError("frequency=None", "an interval is one step or more", "Give one")
            return cls(every_steps_per_env=frequency, **options)
        except OptionError as error:
            value = error.value.replace("every_steps_per_env", "frequency")
            raise OptionError(
                f"record_video_config: {value}", error.rule, error.mend, error.available
            ) from error


class RecordingSchedule:
    """Decides which episodes of one environment are recorded.

    Several environments that count the same steps take turns, an interval each.

    Args:
        every: Length of the interval in steps.
        turn: Which environment this is, from 0.
        turns: Number of environments.

    Attributes:
        due: Steps from which on the next episode is recorded; None before the first one begins.
    """

    def __init__(self, every: int, turn: int = 0, turns: int = 1) -> None:
        self._wait, self._every = turn * every, turns * every
        self.due: int | None = None

    def wants(self, started_at: int) -> bool:
        """Returns whether to record an episode; ask once for each, in their order.

        Args:
            started_at: Steps that had been taken when the episode began.
        """
        if self.due is None:
            self.due = started_at + self._wait
        if started_at < self.due:
            return False
        self.due += ((started_at - self.due) // self._every + 1) * self._every
        return True


def render_replay(
    replay: EpisodeReplay | str | Path,
    out: str | Path,
    view: View = "global",
    *,
    fps: int = 10,
    renderer: str = "numpy",
    strip: bool = False,
) -> Path:
    """Draws a replay as a video.

    Args:
        replay: The replay, or the file that :meth:`EpisodeReplay.save` wrote.
        out: The video, ending in ``.mp4`` or ``.gif``.
        view: ``"global"``, or the id of an agent, 1 … P.
        fps: Steps a second, 1 … 100.
        renderer: ``numpy`` draws without any graphics driver; ``vulkan`` lets the engine draw; or
            the name of one of your own, see :func:`~griddly_lit.register_renderer`.
        strip: Write step, return and outcome under the pictures, as in :class:`VideoRecording`.

    Returns:
        ``out``: one picture of the beginning and one after each step; with a strip, the last one
        stays for a second.

    Raises:
        ReplayError: The file is no replay, or the episode does not repeat itself.
        OptionError: The view, ``fps`` ``strip`` or the ending of ``out`` is not supported.
        ObserverError: The view's observer cannot be drawn.
        VideoError: The video could not be encoded or written.
    """
    out = checked_path("out", out)
    check_video_path(out)
    check_fps(fps)
    checked_bool("strip", strip)
    episode = replay if isinstance(replay, EpisodeReplay) else EpisodeReplay.load(replay)
    with closing(draw(episode, view, renderer)) as drawn:
        write_video(out, with_strip(drawn, episode, view, fps) if strip else drawn, fps)
    return out
