"""All that a run tells its loggers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from griddly_lit.callbacks import ModelCheckpoint
from griddly_lit.envs import EpisodeEnd, GriddlyEnvSpec
from griddly_lit.envs.replays import replay_of
from griddly_lit.playing import EvaluationResult
from griddly_lit.recording import EpisodeReplay, VideoRecording, View, render_replay
from griddly_lit.recording.recorder import FinishedVideo
from griddly_lit.reporting.history import History
from griddly_lit.reporting.kept_videos import FOLDER
from griddly_lit.reporting.run_loggers import RunLoggers
from griddly_lit.reporting.videos import Videos
from griddly_lit.tracking.events import Counts, count_events, count_outcomes, flatten, no_counts
from griddly_lit.tracking.publish import Publisher
from griddly_lit.tracking.shares import share_charts

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger


class Report:
    """Metrics, videos and action counts of one run, on their way to the loggers.

    A run is one fit with the validations and tests before and after it.

    Args:
        env: The environment.
        logger: True for the default loggers, Lightning's loggers, or False.
        settings: What decides what is learned, beside the environment; mappings may be nested.
        video: Record videos, and how.
        track_actions: Publish action counts of evaluations.
        root: Where files go that no logger has a folder for.

    Attributes:
        run_loggers: Its loggers, and its folder.
        has_training: Whether an iteration of training is among what was reported.
        history: Every scalar that was reported.
        on_video: Called with each video that the loggers have got.
    """

    def __init__(
        self,
        env: GriddlyEnvSpec,
        logger: bool | Logger | Sequence[Logger],
        settings: Mapping[str, Any],
        video: VideoRecording | None,
        track_actions: bool,
        root: Path,
    ) -> None:
        self._env = env
        self.run_loggers = RunLoggers(logger, root)
        told = env.to_dict()
        del told["yaml_string"]
        self._settings = {"env": told, **settings}
        self._video = video
        self._track_actions = track_actions
        self._videos: Videos | None = None
        self.has_training = False
        self.history = History()
        self.on_video: Callable[[FinishedVideo], None] = lambda video: None

    @property
    def has_begun(self) -> bool:
        """Whether anything was reported."""
        return "_publisher" in vars(self)

    @property
    def run_dir(self) -> Path:
        """Folder of the run, beside what the first logger writes."""
        return self.run_loggers.folder

    @property
    def videos_dir(self) -> Path | None:
        """Folder that holds videos, if there is one."""
        kept = None if self._video is None else self._video.directory
        roots = [*map(Path, self.places()), self.run_dir]
        folders = [root / FOLDER for root in roots] if kept is None else [Path(kept)]
        return next((folder for folder in folders if folder.is_dir()), None)

    def places(self) -> list[str]:
        """Returns where the loggers write: folders and addresses, each once."""
        return self._publisher.places()

    @property
    def _loggers(self) -> Sequence[Logger]:
        return self.run_loggers.made

    @functools.cached_property
    def _publisher(self) -> Publisher:
        publisher = Publisher(self._loggers, self.run_loggers.resumed_at)
        publisher.hyperparameters(self._settings)
        self.run_loggers.on_made(self.run_loggers.describe())
        return publisher

    def iteration(
        self, metrics: Mapping[str, float], replays: Sequence[EpisodeReplay], env_steps: int
    ) -> None:
        """Publishes an iteration of training; its videos follow when they are drawn."""
        self.has_training = True
        self._scalars(metrics, env_steps)
        if replays or self._videos is not None:
            self._recorder().submit(replays, env_steps)

    def flush(self) -> None:
        """Has what was published so far where a kill of this process does not reach it."""
        if self._videos is not None:
            self._videos.submit((), 0)
        if self.has_begun:
            self._publisher.flush()

    def evaluation(
        self, prefix: str, result: EvaluationResult, ends: Sequence[EpisodeEnd], env_steps: int
    ) -> None:
        """Publishes a validation or test.

        Args:
            prefix: ``val`` or ``test``.
            result: Its results.
            ends: Its episodes.
            env_steps: Environment steps of training so far.
        """
        self._scalars(result.metrics(prefix), env_steps)
        if self._track_actions:
            self._actions(prefix, ends, env_steps)
        if self._video is not None:
            in_order = sorted(ends, key=lambda end: float(end.returns.sum()))
            for wanted, name, end in (
                (self._video.best, "best", in_order[-1]),
                (self._video.worst, "worst", in_order[0]),
            ):
                if wanted:
                    replay = replay_of(self._env, end, env_steps)
                    self._recorder().submit([replay], env_steps, f"videos/{prefix}/{name}")

    def _scalars(self, metrics: Mapping[str, float], env_steps: int) -> None:
        self.history.add(metrics, env_steps)
        self._publisher.scalars(metrics, env_steps)

    @property
    def loggers(self) -> Sequence[Logger]:
        """The loggers, for others to use; what they open is closed with the run."""
        _ = self._publisher
        return self._loggers

    def logged(self, metrics: Mapping[str, float], env_steps: int) -> None:
        """Publishes metrics of the user's."""
        self._scalars(metrics, env_steps)

    def finish_videos(self) -> None:
        """Waits for the videos that are on their way, and publishes them."""
        if self._videos is not None:
            self._videos.close()
            self._videos = None

    def draw(self, end: EpisodeEnd, path: Path, view: View, env_steps: int) -> EpisodeReplay:
        """Draws one episode, and publishes it if the run has anything that it could belong to.

        Args:
            end: The episode.
            path: The video.
            view: ``"global"``, or the id of an agent.
            env_steps: Environment steps of training so far.

        Returns:
            The episode.
        """
        replay = replay_of(self._env, end, env_steps)
        looks = self._video or VideoRecording()
        render_replay(replay, path, view, fps=looks.fps, renderer=looks.renderer, strip=looks.strip)
        if self.has_begun:
            level = replay.level if isinstance(replay.level, int) else "generated"
            agent = "" if view == "global" else f"/agent_{view}"
            self._publisher.video(f"videos/play/level_{level}{agent}", path, env_steps, looks.fps)
        return replay

    def checkpoints(self, kept: ModelCheckpoint, env_steps: int) -> None:
        """Publishes the best score, and checkpoints as artifacts to loggers made with ``log_model``.

        Args:
            kept: What keeps them.
            env_steps: Environment steps of training so far.
        """
        if kept.best_score is not None:
            self.history.add({"best_score": kept.best_score}, env_steps)
            self._publisher.best_score(kept.best_score, env_steps)
        keepers = [logger for logger in self._loggers if getattr(logger, "_log_model", False)]
        publisher = Publisher(keepers)
        for alias, path in (("last", kept.last_path), ("best", kept.best_path)):
            if path is not None:
                publisher.artifact("checkpoint", path, "model", [alias])

    @contextmanager
    def of_a_fit(self) -> Iterator[None]:
        """Lets the report rest after a fit, for what follows, or closes it as failed."""
        try:
            yield
        except BaseException:
            self.finish_videos()
            self._publisher.finalize("failed")
            # What comes after it is told as a run of its own, where a logger has runs.
            del self._publisher
            raise
        self.rest()

    def rest(self) -> None:
        """Has everything written; more may follow."""
        self.finish_videos()
        if self.has_begun:
            self._publisher.rest()

    def close(self) -> None:
        """Ends the run."""
        if self.has_begun:
            self._publisher.finalize("success")

    def _recorder(self) -> Videos:
        if self._videos is None:
            assert self._video is not None
            keep_in = None if self._loggers else self.run_dir / FOLDER
            self._videos = Videos(self._video, self._publisher, self._tell_of_video, keep_in)
        return self._videos

    def _tell_of_video(self, video: FinishedVideo) -> None:
        self.on_video(video)

    def _actions(self, prefix: str, ends: Sequence[EpisodeEnd], env_steps: int) -> None:
        game = self._env.game
        counts: Counts = no_counts(game.player_count, game.action_names)
        for end in ends:
            counts.update(count_events(end.events))
            counts.update(count_outcomes(end.outcomes))
        named = {f"{prefix}/{name}": float(count) for name, count in flatten(counts).items()}
        self._scalars(named, env_steps)
        names = sorted({name for _, name in counts})
        agents = range(1, game.player_count + 1)
        rows: list[list[str | float]] = [
            [str(agent), *(counts[agent, name] for name in names)] for agent in agents
        ]
        self._publisher.table(f"{prefix}/actions", ["agent", *names], rows, env_steps)
        for chart in share_charts(prefix, counts, len(ends), env_steps):
            self._publisher.bar_chart(
                chart.key, list(chart.shares), list(chart.shares.values()), env_steps, chart.title
            )
