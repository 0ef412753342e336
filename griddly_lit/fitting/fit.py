"""One fit, from its checkpoint to its result."""

from __future__ import annotations

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
    print_summary,
)
from griddly_lit.checkpoints import RLLIB, UNSAID, Checkpoint, write_checkpoint
from griddly_lit.engine import Shape
from griddly_lit.envs import EpisodeEnd
from griddly_lit.errors import CheckpointError
from griddly_lit.fitting.divergence import telling_where_to_go_on
from griddly_lit.fitting.interrupt import shielded
from griddly_lit.fitting.loop import FitLoop
from griddly_lit.fitting.options import TrainerOptions
from griddly_lit.fitting.result import FitResult
from griddly_lit.models import ModelSpec, summarize
from griddly_lit.playing import Actor, EpisodeBatch, play_on_runner
from griddly_lit.reporting import Report
from griddly_lit.tracking.run_dir import check_writable
from griddly_lit.whole_directory import check_replaceable

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
        callbacks: Those whose hooks are called.
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
        self.callbacks: list[Callback] = [
            each
            for each in options.callbacks
            if each not in self._keepers or not options.fast_dev_run
        ]
        if options.enable_progress_bar:
            self.callbacks.append(ProgressBar())
        self._saved: tuple[Any, ...] | None = None

    def __call__(self) -> FitResult:
        """Trains.

        Raises:
            OptionError: Nothing can be written under ``default_root_dir``.
            CheckpointError: The checkpoint is not one of this algorithm.
        """
        options, trainer, report = self._options, self._trainer, self._report
        self._check_places()
        if options.enable_model_summary:
            self._print_summaries()
        kept = None if options.fast_dev_run else options.checkpointing
        with ExitStack() as ends:
            ends.enter_context(report.of_a_fit())
            for callback in self.callbacks:
                ends.callback(callback.on_teardown)
            with self._algorithm() as run:
                every = options.validate_every_env_steps
                loop = FitLoop(
                    trainer,
                    run,
                    report,
                    self.callbacks,
                    options.budget,
                    self._validate,
                    1 if every and options.fast_dev_run else every,
                    lambda: self._actor.load_weights(run.weights()),
                )
                with telling_where_to_go_on(kept):
                    stop_reason = loop.run()
                if options.fast_dev_run:
                    self._try_to_save(run.names_of_episode_metrics())
            if kept is not None:
                report.checkpoints({"last": kept.last_path, "best": kept.best_path})
        if options.enable_progress_bar and not options.fast_dev_run:
            print_places(report.places(), kept.last_path if kept else None, report.videos_dir)
        return FitResult(
            env_steps=trainer.env_steps,
            iterations=trainer.iterations,
            stop_reason="fast_dev_run" if options.fast_dev_run else stop_reason,
            best_score=kept.best_score if kept else None,
            best_path=kept.best_path if kept else None,
            last_path=kept.last_path if kept else None,
            metrics=dict(trainer.metrics),
            history=report.history.copy(),
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
            stack.enter_context(ray_session(processes))
            stack.enter_context(learning_threads())
            run = stack.enter_context(closing(TrainingRun(options.to_rllib())))
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
                self._go_on(run, checkpoint)
            yield run

    def _go_on(self, run: TrainingRun, checkpoint: Checkpoint) -> None:
        """Takes over the state of a checkpoint, and tells what begins anew."""
        state = checkpoint.state()
        with checkpoint.files.decoding("state/state.json"):
            anew = run.load_state_dict(state["run"])
        if anew:
            _log.warning("The resumed run is not exact: %s begin anew.", "; ".join(anew))

    def play(self, batches: Sequence[EpisodeBatch]) -> list[EpisodeEnd]:
        """Plays episodes with the weights of the present moment, on the remote runners if there are any.

        What a runner does not play, as it has died, is played here.
        """
        if self.run is None:
            return self._actor.play(batches)
        self._actor.load_weights(self.run.weights())
        play = partial(play_on_runner, weights=self._actor.weights())
        played = self.run.share_out(play, batches)
        ends = [
            played[number] if number in played else self._actor.play([batch])
            for number, batch in enumerate(batches)
        ]
        return [end for of_batch in ends for end in of_batch]

    def save(self, path: Path) -> None:
        """Writes a checkpoint of the present moment, or nothing where it is there already.

        Raises:
            CheckpointError: The algorithm is gone, or a link or a file is at ``path``.
        """
        options, trainer, run = self._options, self._trainer, self.run
        if run is None:
            raise no_training(path)
        best = {name: kept for each in self._keepers for name, kept in each.state_dict().items()}
        saved = (path, trainer.env_steps, dict(trainer.metrics), best)
        if saved == self._saved and path.is_dir():
            return
        settings = options.settings()
        if UNSAID in settings and self._saved is None:
            _log.warning(
                "Checkpoints do not hold the settings %s, which JSON cannot say: whoever loads one "
                "is asked to hand them over again.",
                ", ".join(settings[UNSAID]),
            )
        with shielded():
            write_checkpoint(
                path,
                env=options.env,
                policies=options.resolved_policies,
                settings=settings,
                weights=run.weights(),
                state={"run": run.state_dict()},
                league=run.league,
                save_rllib=run.save,
                env_steps=trainer.env_steps,
                iterations=trainer.iterations,
                metrics=trainer.metrics,
                best=best,
            )
        self._saved = saved

    def _try_to_save(self, names: Iterable[str]) -> None:
        """Does what checkpoints of a longer fit would do, and leaves nothing."""
        with TemporaryDirectory() as folder:
            for keeper in self._keepers:
                keeper.check_monitor({*self._trainer.metrics, *names})
                self.save(Path(folder, "last"))

    def _check_places(self) -> None:
        """Raises now what would show when the first checkpoint is written."""
        options, root = self._options, self._options.default_root_dir
        if options.logger is True or self._keepers:
            check_writable(root)
        if self._keepers and not options.logger:
            check_replaceable(root / "checkpoints" / "last")

    def _print_summaries(self) -> None:
        options = self._options
        alike: dict[tuple[ModelSpec, Shape], list[str]] = {}
        for policy in options.resolved_policies:
            alike.setdefault((policy.model, policy.observation_shape), []).append(policy.name)
        for (_, shape), names in alike.items():
            title = ", ".join(names) if options.env.game.player_count > 1 else ""
            print_summary(summarize(self._actor.networks[names[0]], shape), title)


def no_training(path: Path) -> CheckpointError:
    """Returns what a checkpoint outside of a fit is answered with."""
    return CheckpointError(
        f"save_checkpoint({str(path)!r})",
        "there is no training in progress",
        "Call it from a callback; fit() has saved its last checkpoint already",
    )
