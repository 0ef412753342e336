"""Videos from RLlib's own runners."""

from __future__ import annotations

from typing import Any

from ray.rllib.callbacks.callbacks import RLlibCallback
from ray.rllib.utils.metrics import ENV_RUNNER_RESULTS

from griddly_lit.errors import OptionError
from griddly_lit.recording import EpisodeReplay, RecordingSchedule
from griddly_lit.rllib.plain.env_options import RECORD_VIDEO_CONFIG, video_of
from griddly_lit.rllib.plain.result_videos import add_videos, tell_wandb
from griddly_lit.rllib.series import series

_REPLAYS = "griddly_replays"


class VideoCallback(RLlibCallback):  # type: ignore[misc]
    """Records videos, for ``config.callbacks(VideoCallback)`` or as one of a list.

    ``record_video_config`` of the ``env_config`` says which and how: ``frequency`` (1000) in steps
    of the recorded environment, ``fps`` (10), ``directory``, ``include_global`` (True) and
    ``include_agents`` (False). The first environment of each env runner is recorded: its first
    episode, then the first whole one after each ``frequency`` steps. A runner keeps seeds and
    actions only; the process of the algorithm repeats the episode and draws it.

    The result of the iteration in which the episode ended has the video's path as
    ``videos/level_{n}``, or ``videos/level_{n}/agent_{id}``. The video lies in ``directory``, which
    is a folder of the trial's unless it is absolute, by default ``videos``. It goes to the W&B run
    that is open in the algorithm's process, if there is one; under Tune, name
    :class:`griddly_lit.WandbLoggerCallback`.

    The environment is a :class:`griddly_lit.RLlibEnv` or :class:`griddly_lit.RLlibMultiAgentEnv`.

    Raises:
        OptionError: ``record_video_config`` is missing, or does not fit.
    """

    def __init__(self) -> None:
        super().__init__()
        self._schedule: RecordingSchedule | None = None
        self._steps = 0

    def on_algorithm_init(self, *, algorithm: Any, **_: Any) -> None:
        """Checks the settings."""
        if video_of(algorithm.config.env_config) is None:
            raise OptionError(
                "VideoCallback",
                f"env_config has no {RECORD_VIDEO_CONFIG!r}, which says what it records",
                f"Set env_config={{…, {RECORD_VIDEO_CONFIG!r}: {{'frequency': 100_000}}}}",
            )

    def on_episode_end(
        self,
        *,
        episode: Any,
        env_runner: Any,
        metrics_logger: Any,
        env: Any,
        env_index: int,
        **_: Any,
    ) -> None:
        """Keeps an episode of the first environment when it is due."""
        if env_index or env_runner.config.in_evaluation:
            return
        if self._schedule is None:
            video = video_of(env_runner.config.env_config)
            assert video is not None
            self._schedule = RecordingSchedule(video.every_steps_per_env or 1)
        wanted = self._schedule.wants(self._steps)
        replay = env.call("replay")[0]
        # None where the first steps of the episode were taken before this callback was there.
        if replay is not None:
            self._steps += replay.length
            if wanted:
                metrics_logger.log_value(_REPLAYS, replay, reduce="item_series")

    def on_train_result(self, *, algorithm: Any, result: dict[str, Any], **_: Any) -> None:
        """Draws the episodes of an iteration."""
        kept = result.get(ENV_RUNNER_RESULTS, {}).pop(_REPLAYS, None)
        video = video_of(algorithm.config.env_config)
        assert video is not None
        tell_wandb(result, {}, add_videos(algorithm, result, video, series(kept, EpisodeReplay)))
