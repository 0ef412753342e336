"""One fit, from its checkpoint to its result."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from griddly_lit.callbacks import (
    Callback,
    ModelCheckpoint,
    ProgressBar,
    TrainerView,
    print_places,
)
from griddly_lit.checkpoints import RLLIB, UNSAID, Checkpoint, write_checkpoint
from griddly_lit.envs import EpisodeEnd
from griddly_lit.errors import CheckpointError
from griddly_lit.fitting.callback_states import callback_states
from griddly_lit.fitting.divergence import telling_where_to_go_on
from griddly_lit.fitting.hooks import Hooks
from griddly_lit.fitting.interrupt import shielded
from griddly_lit.fitting.loop import FitLoop
from griddly_lit.fitting.options import TrainerOptions
from griddly_lit.fitting.profiling import Profiling
from griddly_lit.fitting.result import FitResult
from griddly_lit.fitting.resume import go_on
from griddly_lit.fitting.run_folder import run_of_fit
from griddly_lit.fitting.summaries import print_summaries
from griddly_lit.playing import Actor, EpisodeBatch, play_on_runner
from griddly_lit.reporting import Report
from griddly_lit.tracking.run_dir import check_writable
from griddly_lit.whole_directory import check_replaceable, link_directory

if TYPE_CHECKING:
    from griddly_lit.rllib.run import TrainingRun

_log = logging.getLogger("griddly_lit")


class Fit:
    """Trains once.

    Args:
        options: What the trainer was told.
        trainer: Its counters and metrics are brought up to date.
        actor: Gets the weights at the end, also after an exception.
        report: Gets all there is to tell.
        validate: Called when a validation is due.
        checkpoint: What it goes on from, if anything.

    Attributes:
        run: The algorithm, while it is there.
        hooks: Those of the callbacks.
    """

    def __init__(
        self,
        options: TrainerOptions,
        trainer: TrainerView,
        actor: Actor,
        report: Report,
        validate: Callable[[], object],
        checkpoint: Checkpoint | None,
    ) -> None:
        self._options = options
        self._trainer = trainer
        self._actor = actor
        self._report = report
        self._validate = validate
        self._checkpoint = checkpoint
        self.run: TrainingRun | None = None
        self._keepers = [each for each in options.callbacks if isinstance(each, ModelCheckpoint)]
        self._callbacks: list[Callback] = [
            each
            for each in options.callbacks
            if each not in self._keepers or not options.fast_dev_run
        ]
        if options.enable_progress_bar and not self._has("progress bar"):
            self._callbacks.append(ProgressBar())
        self._profiling = Profiling(options.profiler)
        self.hooks = Hooks(trainer, self._callbacks, self._profiling, self._publish_logged)
        self._logged: dict[str, float] = {}
        self._shown: int | None = None
        self._saved: tuple[Any, ...] | None = None

    def __call__(self) -> FitResult:
        """Trains.

        Raises:
            OptionError: Nothing can be written under ``default_root_dir``.
            CheckpointError: The checkpoint is not one of this algorithm.
        """
        options, trainer, report = self._options, self._trainer, self._report
        self._check_places()
        if options.enable_model_summary and not self._has("model summary"):
            print_summaries(options.resolved_policies, self._actor.networks)
        kept = None if options.fast_dev_run else options.checkpointing
        with ExitStack() as ends:
            ended = ends.enter_context(run_of_fit(options, report, self._checkpoint, trainer))
            ends.enter_context(report.of_a_fit())
            report.on_video = lambda video: self.hooks("on_video", video)
            ends.callback(setattr, report, "on_video", lambda video: None)
            for teardown in self.hooks.of("on_teardown"):
                ends.callback(teardown)
            with self._algorithm() as run:
                every = options.validate_every_env_steps
                loop = FitLoop(
                    trainer,
                    run,
                    report,
                    self.hooks,
                    # A fault in a state shows now, and not when hours of work are to be saved.
                    partial(callback_states, options.callbacks),
                    self._profiling,
                    options.budget,
                    self._validate,
                    1 if every and options.fast_dev_run else every,
                    self._result,
                    lambda: self._actor.load_weights(run.weights()),
                )
                with telling_where_to_go_on(kept):
                    stop_reason = loop.run()
                ended(stop_reason)
                if options.fast_dev_run:
                    self._try_to_save(run.window.names())
            if kept is not None:
                report.checkpoints(kept, trainer.env_steps)
        if options.enable_progress_bar and not options.fast_dev_run:
            print_places(report.places(), kept.last_path if kept else None, report.videos_dir)
        self._profiling.describe()
        return self._result(stop_reason)

    def _result(self, stop_reason: str) -> FitResult:
        trainer, options = self._trainer, self._options
        kept = None if options.fast_dev_run else options.checkpointing
        return FitResult(
            env_steps=trainer.env_steps,
            iterations=trainer.iterations,
            stop_reason="fast_dev_run" if options.fast_dev_run else stop_reason,
            best_score=kept.best_score if kept else None,
            best_path=kept.best_path if kept else None,
            last_path=kept.last_path if kept else None,
            metrics=dict(trainer.metrics),
            history=self._report.history.copy(),
        )

    @contextmanager
    def _algorithm(self) -> Iterator[TrainingRun]:
        """Gives the algorithm, in the state of the checkpoint."""
        from griddly_lit.rllib.run import TrainingRun
        from griddly_lit.rllib.session import ray_session
        from griddly_lit.rllib.threads import learning_threads

        options, checkpoint = self._options, self._checkpoint
        processes = 1 + options.num_env_runners + options.num_learners
        with ExitStack() as stack:
            with self._profiling.of("start of Ray and RLlib"):
                stack.enter_context(ray_session(processes, options.ray_address))
                stack.enter_context(learning_threads())
                run = stack.enter_context(closing(TrainingRun(options.fit_config())))
            self.run = run
            stack.callback(setattr, self, "run", None)
            if checkpoint is not None:
                run.restore(checkpoint.files, RLLIB, checkpoint.weights())
                self._trainer.env_steps = run.env_steps
                self._trainer.iterations = run.iterations
                self._trainer.metrics.update(checkpoint.metrics)
            if options.self_play is not None:
                league = checkpoint.league(options.self_play) if checkpoint else None
                run.play_league(options.self_play, league)
            if checkpoint is not None:
                go_on(options, run, checkpoint)
            yield run

    def play_batches(self, batches: Sequence[EpisodeBatch]) -> list[EpisodeEnd]:
        """Plays episodes with the weights of the present moment, on the remote runners if there are any.

        What a runner does not play, as it has died, is played here.
        """
        if self.run is None:
            return self._actor.play_batches(batches)
        self._actor.load_weights(self.run.weights())
        play = partial(play_on_runner, weights=self._actor.weights())
        played = self.run.runners.share_out(play, batches)
        ends = [
            played[number] if number in played else self._actor.play_batches([batch])
            for number, batch in enumerate(batches)
        ]
        return [end for of_batch in ends for end in of_batch]

    def show_weights(self) -> None:
        """Gives the actor the weights of the present moment."""
        if self.run is not None and self._shown != self.run.iterations:
            self._actor.load_weights(self.run.weights())
            self._shown = self.run.iterations

    def log(self, name: str, value: float) -> None:
        """Takes a metric of a callback's, which is published after its hook."""
        self._logged[name] = value

    def _publish_logged(self) -> None:
        if self._logged:
            logged, self._logged = self._logged, {}
            self._report.logged(logged, self._trainer.env_steps)

    def save(self, path: Path, links: Iterable[Path] = ()) -> None:
        """Writes a checkpoint of the present moment, or nothing where it is there already.

        Args:
            path: Its directory.
            links: More places for it.

        Raises:
            CheckpointError: The algorithm is gone, or a link or a file is at ``path``.
        """
        self._publish_logged()
        with self._profiling.of("checkpoints"):
            places = [path, *links] if self._write(path) else list(links)
            for link in links:
                link_directory(path, link)
        self.hooks.each("on_checkpoint_saved", places)

    def _write(self, path: Path) -> bool:
        """Returns whether there was anything to write."""
        options, trainer, run = self._options, self._trainer, self.run
        if run is None:
            raise no_training(path)
        best = {name: kept for each in self._keepers for name, kept in each.best().items()}
        states = callback_states(options.callbacks)
        told = json.dumps(states, default=lambda array: array.tolist())
        saved = (path, trainer.env_steps, dict(trainer.metrics), best, told)
        if saved == self._saved and path.is_dir():
            return False
        settings = options.settings()
        if UNSAID in settings and self._saved is None:
            _log.warning(
                "Checkpoints do not hold the settings %s, which JSON cannot say: whoever loads one "
                "is asked to hand them over again.",
                ", ".join(settings[UNSAID]),
            )
        self._report.flush()
        with shielded():
            write_checkpoint(
                path,
                env=options.env,
                policies=options.resolved_policies,
                settings=settings,
                weights=run.weights(),
                state={"run": run.state_dict(), "callbacks": states},
                league=run.league,
                save_rllib=run.save,
                env_steps=trainer.env_steps,
                iterations=trainer.iterations,
                metrics=trainer.metrics,
                best=best,
            )
        self._saved = saved
        return True

    def _try_to_save(self, names: Iterable[str]) -> None:
        """Does what checkpoints of a longer fit would do, and leaves nothing."""
        with TemporaryDirectory() as folder:
            for keeper in self._keepers:
                keeper.check_monitor({*self._trainer.metrics, *names})
                self._write(Path(folder, "last"))

    def _check_places(self) -> None:
        """Raises now what would show when the first checkpoint is written."""
        options, root = self._options, self._options.default_root_dir
        if options.logger is True or self._keepers:
            check_writable(root)
        if self._keepers and not options.logger:
            check_replaceable(root / "checkpoints" / "last")

    def _has(self, display: str) -> bool:
        return any(each.replaces == display for each in self._callbacks)


def no_training(path: Path) -> CheckpointError:
    """Returns what a checkpoint outside of a fit is answered with."""
    return CheckpointError(
        f"save_checkpoint({str(path)!r})",
        "there is no training in progress",
        "Call it from a callback; fit() has saved its last checkpoint already",
    )
