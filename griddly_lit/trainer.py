"""The trainer: one object from an environment spec and a model to a trained, logged agent."""

from __future__ import annotations

import inspect
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from griddly_lit.agent import Agent
from griddly_lit.arguments import (
    MAX_SEED,
    checked_bool,
    checked_int,
    checked_list,
    checked_path,
    optional_int,
)
from griddly_lit.budget import Budget, seconds_of
from griddly_lit.callbacks import (
    Callback,
    ModelCheckpoint,
    ProgressBar,
    print_places,
    print_summary,
)
from griddly_lit.checkpoint import RLLIB, Checkpoint, is_of_run, open_checkpoint, write_checkpoint
from griddly_lit.checkpoint_search import find_checkpoint
from griddly_lit.engine import Shape
from griddly_lit.envs import GriddlyEnvSpec, Level, checked_indices
from griddly_lit.envs.env_config import spec_options, trainer_options
from griddly_lit.errors import CheckpointError, OptionError, did_you_mean
from griddly_lit.evaluation import EvaluationResult, check_can_end, summarise
from griddly_lit.evaluation_levels import TrainingLevels
from griddly_lit.fit_loop import FitLoop
from griddly_lit.fit_result import FitResult
from griddly_lit.metric_names import check_monitors, metric_names
from griddly_lit.models import ModelSpec, ValidActionsMode, resolve_model, summarize
from griddly_lit.named_class import checked_trust
from griddly_lit.policies import Model, Policies, SelfPlay, resolve_policies
from griddly_lit.recording import (
    EpisodeReplay,
    VideoRecording,
    View,
    check_video_path,
    checked_view,
    render_replay,
)
from griddly_lit.report import Report
from griddly_lit.rllib.replays import replay_of
from griddly_lit.settings import UNSAID, settings_to_json
from griddly_lit.tracking.publish import default_loggers
from griddly_lit.tracking.run_dir import check_writable
from griddly_lit.trainer_arguments import (
    checked_callbacks,
    checked_env,
    checked_loggers,
    checked_training,
    checked_video,
)
from griddly_lit.whole_directory import check_replaceable

_log = logging.getLogger("griddly_lit")

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

    from griddly_lit.rllib.config import AlgorithmConfig
    from griddly_lit.rllib.run import TrainingRun


class GriddlyTrainer:
    """Trains an agent on a Griddly game with RLlib, and reports to Lightning's loggers.

    Args:
        env: The environment.
        model: A model spec, or the name of one; with several policies, also one a policy by the
            policy's name.
        algorithm: ``"PPO"``, ``"APPO"``, ``"IMPALA"``, ``"DQN"``, or RLlib's config of one of them.
        training: Settings for the algorithm's ``training()``, over defaults that learn on the
            bundled games: PPO's learning rate falls from 8e-4 to 1e-4 at ``max_env_steps``, and is
            3e-4 without that limit. Under a policy's name, settings for that policy alone.
        policies: Who acts for whom: ``"shared"``, one policy for all agents; ``"independent"``, one
            each, called ``agent_1`` and so on; ``{"name": [agent ids], …}``; or :class:`SelfPlay`.
        train_policies: Names of the policies that learn, by default all. The others keep the
            weights they have.
        valid_actions: ``"off"`` lets policies choose anything, and the engine takes what is invalid
            for a no-op. ``"mask"`` rules out, part by part of the action, what no valid action
            chooses. ``"tree"`` draws valid actions only, one part after the other.
        video: Record episodes of the first game of the env runners.
        track_actions: Count actions, wins, losses and ends of each agent, as ``agent_info/…``.
        logger: True for CSV with TensorBoard beside it, a Lightning logger, several, or False.
        callbacks: More callbacks; a ModelCheckpoint among them replaces the default one.
        max_env_steps: Environment steps after which training ends. It ends with the iteration that
            reaches them.
        max_iterations: Iterations after which training ends.
        max_time: Wall time after which training ends, ``"DD:HH:MM:SS"`` or a timedelta.
        validate_every_env_steps: Environment steps between calls of :meth:`validate`; None never.
            The best checkpoint is then the one of the highest ``val/return_mean``.
        validation_episodes: Episodes on each level of a validation.
        num_env_runners: Processes that sample; 0 samples in this one.
        num_envs_per_env_runner: Games stepped together in each.
        num_learners: Processes that learn; 0 learns in this one.
        accelerator: ``"auto"``, ``"cpu"`` or ``"gpu"``, of the learners.
        precision: ``"32-true"``, or ``"bf16-mixed"``: the network computes in bfloat16 where autocast
            sees fit, in acting and learning; weights and optimizers stay float32. Large
            networks are faster so on CPUs with bfloat16 instructions. :meth:`act`, :meth:`validate`
            and :meth:`test` compute in float32.
        seed: Seed of everything random; None draws one, which is logged.
        default_root_dir: Where logs and checkpoints go, by default the working directory.
        fast_dev_run: Run one small iteration, and one validation if there is to be any, to see that
            all works; nothing is logged, and no checkpoint is kept.
        enable_checkpointing: Keep checkpoints.
        enable_progress_bar: Show progress in the terminal.
        enable_model_summary: Print the model's layers, output shapes and parameters.

    Attributes:
        env_steps: Environment steps taken so far.
        iterations: Iterations finished so far.
        metrics: The newest value of every metric.
        should_stop: Set it to end training after the present iteration.
        resumed_from: The checkpoint that the present :meth:`fit`, or the last one, goes on from.

    Raises:
        GriddlyLitError: An option, the model or the algorithm does not fit; Ray is not started yet.
    """

    def __init__(
        self,
        env: GriddlyEnvSpec,
        model: Model,
        *,
        algorithm: str | AlgorithmConfig = "PPO",
        training: Mapping[str, Any] | None = None,
        policies: Policies = "shared",
        train_policies: Sequence[str] | None = None,
        valid_actions: ValidActionsMode = "off",
        video: VideoRecording | None = None,
        track_actions: bool = False,
        logger: bool | Logger | Sequence[Logger] = True,
        callbacks: Callback | Sequence[Callback] | None = None,
        max_env_steps: int | None = None,
        max_iterations: int | None = None,
        max_time: str | timedelta | None = None,
        validate_every_env_steps: int | None = None,
        validation_episodes: int = 20,
        num_env_runners: int = 0,
        num_envs_per_env_runner: int = 64,
        num_learners: int = 0,
        accelerator: str = "auto",
        precision: str = "32-true",
        seed: int | None = None,
        default_root_dir: str | Path | None = None,
        fast_dev_run: bool = False,
        enable_checkpointing: bool = True,
        enable_progress_bar: bool = True,
        enable_model_summary: bool = True,
    ) -> None:
        self.env = checked_env(env)
        self.model = (
            {name: resolve_model(each) for name, each in model.items()}
            if isinstance(model, Mapping)
            else resolve_model(model)
        )
        self.policies = policies
        self.train_policies = (
            None
            if train_policies is None
            else checked_list("train_policies", train_policies, "Pass a list of policies' names")
        )
        self.valid_actions = valid_actions
        self.algorithm = algorithm
        self.training = checked_training(training)
        fast_dev_run = checked_bool("fast_dev_run", fast_dev_run)
        video = checked_video(video)
        self.video = None if fast_dev_run else video
        self.track_actions = checked_bool("track_actions", track_actions)
        self.logger = checked_loggers(logger)
        self.max_env_steps = optional_int("max_env_steps", max_env_steps, 1)
        max_iterations = optional_int("max_iterations", max_iterations, 1)
        self.budget = Budget(
            self.max_env_steps, 1 if fast_dev_run else max_iterations, seconds_of(max_time)
        )
        self.validate_every_env_steps = optional_int(
            "validate_every_env_steps", validate_every_env_steps, 1, none="no validation"
        )
        self.validation_episodes = checked_int("validation_episodes", validation_episodes, 1)
        self.num_env_runners = checked_int("num_env_runners", num_env_runners, 0, 10_000)
        self.num_envs_per_env_runner = checked_int(
            "num_envs_per_env_runner", num_envs_per_env_runner, 1, 100_000
        )
        self.num_learners = checked_int("num_learners", num_learners, 0, 10_000)
        self.accelerator = accelerator
        self.precision = precision
        self._is_seeded = seed is not None
        self.seed = (
            secrets.randbelow(2**31)
            if seed is None
            else checked_int("seed", seed, 0, MAX_SEED, none="one that is drawn")
        )
        self.default_root_dir = (
            Path.cwd()
            if default_root_dir is None
            else checked_path("default_root_dir", default_root_dir)
        )
        self.fast_dev_run = fast_dev_run
        self.env_steps = 0
        self.iterations = 0
        self.metrics: dict[str, float] = {}
        self.should_stop = False
        self.resumed_from: Path | None = None
        self.enable_progress_bar = checked_bool("enable_progress_bar", enable_progress_bar)
        self.enable_model_summary = checked_bool("enable_model_summary", enable_model_summary)
        enable_checkpointing = checked_bool("enable_checkpointing", enable_checkpointing)
        self._callbacks = checked_callbacks(callbacks)
        self._policies = resolve_policies(
            env, policies, self.model, valid_actions, self.train_policies
        )
        self._agent = Agent(env, self._policies)
        self._checkpointing = next(
            (callback for callback in self._callbacks if isinstance(callback, ModelCheckpoint)),
            None,
        )
        if self._checkpointing is None and enable_checkpointing:
            self._checkpointing = ModelCheckpoint()
            self._callbacks.append(self._checkpointing)
        for callback in self._callbacks:
            if isinstance(callback, ModelCheckpoint):
                callback.monitor = callback.monitor or self._default_monitor
        check_monitors(
            (each for each in self._callbacks if isinstance(each, ModelCheckpoint)),
            metric_names(
                self.env.game,
                self._policies,
                self.env.level_source.indices(),
                in_self_play=self._self_play is not None,
                is_validated=self.validate_every_env_steps is not None,
                track_actions=self.track_actions,
            ),
            others_may_add=any(not isinstance(each, ModelCheckpoint) for each in self._callbacks),
        )
        if validate_every_env_steps is not None:
            check_can_end(env)
        self._run: TrainingRun | None = None
        self._fitted_callbacks: list[Callback] = []
        self._training_levels = TrainingLevels(env, self.seed)
        self._saved: tuple[Any, ...] | None = None
        # This builds RLlib's config, so that faults of the algorithm's settings show now.
        self._report = self._make_report()

    def __repr__(self) -> str:
        algorithm = self.algorithm
        shown = {
            "algorithm": algorithm if isinstance(algorithm, str) else type(algorithm).__name__,
            "policies": self.policies,
            "seed": self.seed,
            "env_steps": self.env_steps,
            "iterations": self.iterations,
        }
        rest = ", ".join(f"{name}={value!r}" for name, value in shown.items())
        return f"GriddlyTrainer({self.env.game.name}, {self.model!r}, {rest})"

    def to_rllib(self) -> AlgorithmConfig:
        """Returns the RLlib config that :meth:`fit` uses."""
        from griddly_lit.rllib.config import Settings, algorithm_config

        return algorithm_config(
            Settings(
                env=self.env,
                policies=self._policies,
                self_play=self._self_play,
                algorithm=self.algorithm,
                training=self.training,
                num_env_runners=self.num_env_runners,
                num_envs_per_env_runner=self.num_envs_per_env_runner,
                num_learners=self.num_learners,
                accelerator=self.accelerator,
                precision=self.precision,
                seed=self.seed,
                track_actions=self.track_actions,
                video=self.video,
                max_env_steps=self.max_env_steps,
                small=self.fast_dev_run,
            )
        )

    def fit(self, ckpt_path: str | Path | None = None) -> FitResult:
        """Trains until a limit is reached, a callback stops it, or it is interrupted.

        Ctrl-C, SIGTERM and SIGHUP end it after the present iteration, and a second one at once. When
        an exception ends it, the last checkpoint is written and the weights are taken over
        all the same.

        Args:
            ckpt_path: Resume from ``"last"``, ``"best"`` or a checkpoint's directory. None begins
                anew. By name: this trainer's own, else those of the newest run under
                ``default_root_dir`` with the same environment, model, policies and algorithm, and
                with the same seed if one is given. Where ``"last"`` finds nothing, training begins
                anew with a warning.

        Raises:
            CheckpointError: The checkpoint is missing, cut short, or of another game or model.
            OptionError: Nothing can be written under ``default_root_dir``.
        """
        from griddly_lit.rllib.run import TrainingRun
        from griddly_lit.rllib.session import ray_session
        from griddly_lit.rllib.threads import learning_threads

        checkpoint = self._find_checkpoint(ckpt_path, required=ckpt_path != "last")
        if checkpoint is not None:
            self._agent.load(checkpoint)
        keepers = [each for each in self._callbacks if isinstance(each, ModelCheckpoint)]
        callbacks = [
            each for each in self._callbacks if each not in keepers or not self.fast_dev_run
        ]
        if self.logger is True or keepers:
            # The loggers are made after the first iteration; what cannot be is told now.
            check_writable(self.default_root_dir)
        if keepers and not self.logger:
            check_replaceable(self.default_root_dir / "checkpoints" / "last")
        if self.enable_progress_bar:
            callbacks.append(ProgressBar())
        self.env_steps = self.iterations = 0
        self.metrics = {}
        self.should_stop = False
        self.resumed_from = None if checkpoint is None else checkpoint.path
        self._saved = None
        self._fitted_callbacks = callbacks
        if self._report.has_training:
            self._report.close()
            self._report = self._make_report()
        if self.enable_model_summary:
            self._print_summaries()
        processes = 1 + self.num_env_runners + self.num_learners
        kept = self._checkpointing if self._checkpointing in callbacks else None
        validate_every = self.validate_every_env_steps
        with ExitStack() as ends:
            ends.enter_context(self._report.of_a_fit())
            for callback in callbacks:
                ends.callback(callback.on_teardown)
            with ExitStack() as stack:
                stack.enter_context(ray_session(processes))
                stack.enter_context(learning_threads())
                run = stack.enter_context(closing(TrainingRun(self.to_rllib())))
                self._run = run
                stack.callback(setattr, self, "_run", None)
                if checkpoint is not None:
                    run.restore(checkpoint.files, RLLIB, checkpoint.weights())
                    self.env_steps, self.iterations = run.env_steps, run.iterations
                if self._self_play is not None:
                    league = checkpoint.league(self._self_play) if checkpoint else None
                    run.play_league(self._self_play, league)
                loop = FitLoop(
                    self,
                    run,
                    self._report,
                    callbacks,
                    self.budget,
                    self.validate,
                    1 if validate_every and self.fast_dev_run else validate_every,
                    lambda: self._agent.load_weights(run.weights()),
                )
                stop_reason = loop.run()
                if self.fast_dev_run:
                    self._try_to_save(keepers, run.names_of_episode_metrics())
            if kept is not None:
                self._report.checkpoints({"last": kept.last_path, "best": kept.best_path})
        if self.enable_progress_bar and not self.fast_dev_run:
            last = None if kept is None else kept.last_path
            print_places(self._report.places(), last, self._report.videos_dir)
        return FitResult(
            env_steps=self.env_steps,
            iterations=self.iterations,
            stop_reason="fast_dev_run" if self.fast_dev_run else stop_reason,
            best_score=kept.best_score if kept else None,
            best_path=kept.best_path if kept else None,
            last_path=kept.last_path if kept else None,
            metrics=dict(self.metrics),
            history=self._report.history.copy(),
        )

    def validate(self) -> EvaluationResult:
        """Plays the policy on the training levels, ``validation_episodes`` on each.

        Where levels are generated, it plays one episode on each of ``validation_episodes`` levels,
        the same ones each time. During :meth:`fit` it is called every
        ``validate_every_env_steps``.

        Returns:
            Results by level; also logged as ``val/…``, to the run of the :meth:`fit` if there is
            one.
        """
        if self._run is not None:
            self._agent.load_weights(self._run.weights())
        episodes = 1 if self.fast_dev_run else self.validation_episodes
        result = self._evaluate("val", *self._training_levels.of("val", episodes))
        for callback in self._fitted_callbacks if self._run is not None else ():
            callback.on_validation_end(self)
        return result

    def test(
        self,
        levels: int | Sequence[int] | None = None,
        episodes_per_level: int = 20,
        ckpt_path: str | Path | None = None,
    ) -> EvaluationResult:
        """Plays the policy on held-out levels, drawing its actions as in training.

        Args:
            levels: Level indices; by default the spec's test levels, or those it trains on when it
                holds none out. Where those are generated, ``episodes_per_level`` new ones are
                played once each, the same ones each time.
            episodes_per_level: Episodes on each level.
            ckpt_path: Use the weights of ``"best"``, ``"last"`` or a checkpoint's directory; by
                default those the trainer has now.

        Returns:
            Results by level; also logged as ``test/…``, to the run of the :meth:`fit` if there was
            one.
        """
        episodes_per_level = checked_int("episodes_per_level", episodes_per_level, 1)
        listed = self.env.test_levels
        if levels is not None:
            listed = checked_indices("levels", levels, self.env.game.level_count)
        # Named twice, a level is one level: its episodes would count twice.
        chosen: Sequence[Level] = tuple(dict.fromkeys(listed))
        if not chosen and levels is None:
            chosen, episodes_per_level = self._training_levels.of("test", episodes_per_level)
        self._use_weights(ckpt_path)
        return self._evaluate("test", chosen, episodes_per_level)

    def play(
        self,
        level: int | str = 0,
        path: str | Path = "episode.mp4",
        view: View = "global",
        ckpt_path: str | Path | None = None,
        seed: int | None = None,
        deterministic: bool = False,
    ) -> EpisodeReplay:
        """Plays one episode into a video file.

        The loggers get it, too, where there was a :meth:`fit`, :meth:`validate` or :meth:`test`.

        Args:
            level: A level's index, or a level string.
            path: The video, ending in ``.mp4`` or ``.gif``.
            view: ``"global"``, or the id of an agent, 1 … P.
            ckpt_path: As for :meth:`test`.
            seed: The same seed, 0 … 4294967295, gives the same episode; None takes the trainer's.
            deterministic: Take the most probable actions instead of drawing them.

        Returns:
            The episode; ``save`` keeps it as a small file.

        Raises:
            OptionError: The spec has no ``max_steps``, the seed is out of range, or the view or the
                file's ending is unknown.
            LevelError: There is no such level.
        """
        path = checked_path("path", path)
        check_video_path(path)
        view = checked_view(view, self.env.game.player_count)
        if not isinstance(level, str):
            (level,) = checked_indices("level", level, self.env.game.level_count)
        self._use_weights(ckpt_path)
        seed = self.seed if seed is None else checked_int("seed", seed, 0, MAX_SEED)
        deterministic = checked_bool("deterministic", deterministic)
        replay = replay_of(self.env, self._agent.play_level(level, seed, deterministic))
        options = self.video or VideoRecording()
        render_replay(replay, path, view, fps=options.fps, renderer=options.renderer)
        self._report.played(replay, path, view, options.fps, self.env_steps)
        self._rest()
        return replay

    def act(
        self,
        observation: ArrayLike,
        agent_id: int | None = None,
        valid_actions: ArrayLike | None = None,
    ) -> Any:
        """Returns the policy's most probable action.

        Args:
            observation: uint8 (H, W, C), or several of them (B, H, W, C).
            agent_id: Which agent acts, 1 … P; may be left out where one policy acts for all.
            valid_actions: Integers (V, parts), what can be done now, for policies that were trained
                among valid actions. Left out, all actions are taken for valid.

        Returns:
            An integer for an action of one part, otherwise an integer array (parts,); with a
            leading axis B for several observations.

        Raises:
            ObserverError: The observation's shape is not that of the agent.
            PolicyError: There is no such agent.
        """
        return self._agent.act(observation, agent_id, valid_actions)

    @classmethod
    def from_env_config(
        cls, env_config: Mapping[str, Any], model: Model, **options: Any
    ) -> GriddlyTrainer:
        """Makes a trainer from the ``env_config`` dictionary of Griddly's old RLlib integration.

        All of it is taken: the game and its levels become the :class:`GriddlyEnvSpec`,
        ``record_video_config`` the ``video``, ``record_actions`` the ``track_actions``, and
        ``generate_valid_action_trees`` stands for ``valid_actions="tree"``.

        Args:
            env_config: The dictionary as it was, of a game of one player or several.
            model: A model spec, or the name of one.
            **options: More arguments of the trainer; they go over what the dictionary says.

        Raises:
            GriddlyLitError: A key is unknown, and the nearest known one is suggested; or a value
                does not fit.
        """
        _check_options("from_env_config", options, cls)
        taken = trainer_options(env_config)
        recorded = env_config.get("record_video_config")
        if recorded is not None:
            taken["video"] = VideoRecording.from_record_video_config(recorded)
        spec = GriddlyEnvSpec(**spec_options(env_config))
        return cls(spec, model, **{**taken, **options})

    @classmethod
    def from_checkpoint(
        cls, path: str | Path, *, trust: Sequence[str] = (), **options: Any
    ) -> GriddlyTrainer:
        """Makes a trainer from a checkpoint, with its weights.

        Nothing is unpickled, and no code that the checkpoint names is run. A class of yours that it
        was made with is handed over again, ``model=TorchModel(MyNet)`` or
        ``levels=GeneratedLevels(MyGenerator)``, and has to be the one whose name was saved; given
        without keywords or config, it gets those that were saved. Or the module that it comes from
        is trusted.

        Args:
            path: A checkpoint's directory.
            trust: Modules that may be imported for the classes that the checkpoint names, such as
                ``["my_package"]``, all that lies in them included.
            **options: Arguments of the trainer to use instead of the checkpoint's, ``training`` on
                top of them; and ``levels``, of the environment.

        Raises:
            CheckpointError: The checkpoint is missing, cut short, altered, or of another game or
                model; or it was made with settings that JSON cannot say, which are to be handed
                over again.
            TrustError: It names a class that is neither handed over nor trusted.
        """
        _check_options("from_checkpoint", {k: v for k, v in options.items() if k != "levels"}, cls)
        checked_trust(trust)
        checkpoint = open_checkpoint(checked_path("path", path, error=CheckpointError))
        arguments = checkpoint.arguments(options, trust)
        with checkpoint.files.decoding("trainer.json"):
            trainer = cls(**arguments)
        trainer._agent.load(checkpoint)
        trainer.env_steps, trainer.iterations = checkpoint.env_steps, checkpoint.iterations
        return trainer

    @property
    def train_window_is_full(self) -> bool:
        """Whether ``train/…`` go over 100 episodes, and every game has ended one, in this fit."""
        return self._run is not None and self._run.window_is_full

    @property
    def checkpoint_dir(self) -> Path:
        """Where checkpoints of this run belong."""
        return self._report.run_dir / "checkpoints"

    def save_checkpoint(self, path: str | Path) -> None:
        """Writes a checkpoint during training.

        Args:
            path: Its directory; what is there already is replaced.

        Raises:
            CheckpointError: There is no training to save, or a link or a file is in the way.
        """
        path = checked_path("path", path, error=CheckpointError)
        if self._run is None:
            raise CheckpointError(
                f"save_checkpoint({str(path)!r})",
                "there is no training in progress",
                "Call it from a callback; fit() has saved its last checkpoint already",
            )
        keepers = [each for each in self._callbacks if isinstance(each, ModelCheckpoint)]
        best = {name: kept for keeper in keepers for name, kept in keeper.state_dict().items()}
        saved = (path, self.env_steps, dict(self.metrics), best)
        if saved == self._saved and path.is_dir():
            return
        settings = self._settings()
        if UNSAID in settings and self._saved is None:
            _log.warning(
                "Checkpoints do not hold the settings %s, which JSON cannot say: whoever loads one "
                "is asked to hand them over again.",
                ", ".join(settings[UNSAID]),
            )
        write_checkpoint(
            path,
            env=self.env,
            policies=self._policies,
            settings=settings,
            weights=self._run.weights(),
            episodes=self._run.episodes_in_flight(),
            league=self._run.league,
            save_rllib=self._run.save,
            env_steps=self.env_steps,
            iterations=self.iterations,
            metrics=self.metrics,
            best=best,
        )
        self._saved = saved

    def _try_to_save(self, keepers: Sequence[ModelCheckpoint], names: Iterable[str]) -> None:
        """Does what checkpoints of a longer fit would do, and leaves nothing."""
        with TemporaryDirectory() as folder:
            for keeper in keepers:
                keeper.check_monitor({*self.metrics, *names})
                self.save_checkpoint(Path(folder, "last"))

    def _evaluate(
        self, prefix: str, levels: Sequence[Level], episodes_per_level: int
    ) -> EvaluationResult:
        ends = self._agent.play_levels(
            levels, episodes_per_level, self.seed, record_events=self.track_actions
        )
        result = summarise(ends, levels, {each.name: each.agents for each in self._policies})
        self.metrics.update(result.metrics(prefix))
        self._report.evaluation(prefix, result, ends, self.env_steps)
        self._rest()
        return result

    def _rest(self) -> None:
        if self._run is None:
            self._report.rest()

    def _make_report(self) -> Report:
        logger = False if self.fast_dev_run else self.logger

        def make_loggers() -> Sequence[Logger]:
            if logger is True:
                return default_loggers(self.default_root_dir)
            return logger or []

        env = self.env.to_dict()
        del env["yaml_string"]
        settings = {"env": env, **self._settings()}
        root = self.default_root_dir
        return Report(self.env, make_loggers, settings, self.video, self.track_actions, root)

    def _settings(self) -> dict[str, Any]:
        """Returns what the trainer was told, as JSON values, for checkpoints and loggers."""
        from griddly_lit.rllib.algorithms import (
            as_json,
            find_algorithm,
            training_settings,
            unsaid_settings,
        )

        config = self.to_rllib()
        unsaid = unsaid_settings(self.algorithm, self.training, config)
        names = [policy.name for policy in self._policies]
        by_policy = {name: as_json(self.training[name]) for name in names if name in self.training}
        settings = {
            "model": self.model,
            "policies": self.policies,
            "train_policies": self.train_policies,
            "valid_actions": self.valid_actions,
            "algorithm": find_algorithm(self.algorithm)[0],
            "training": {**training_settings(config), **by_policy},
            "num_env_runners": self.num_env_runners,
            "num_envs_per_env_runner": self.num_envs_per_env_runner,
            "num_learners": self.num_learners,
            "accelerator": self.accelerator,
            "precision": self.precision,
            "seed": self.seed,
            **({UNSAID: unsaid} if unsaid else {}),
        }
        return settings_to_json(settings)

    def _print_summaries(self) -> None:
        alike: dict[tuple[ModelSpec, Shape], list[str]] = {}
        for policy in self._policies:
            alike.setdefault((policy.model, policy.observation_shape), []).append(policy.name)
        for (_, shape), names in alike.items():
            title = ", ".join(names) if self.env.game.player_count > 1 else ""
            print_summary(summarize(self._agent.networks[names[0]], shape), title)

    @property
    def _self_play(self) -> SelfPlay | None:
        return self.policies if isinstance(self.policies, SelfPlay) else None

    def _find_checkpoint(
        self, ckpt_path: str | Path | None, required: bool = True
    ) -> Checkpoint | None:
        if ckpt_path is None:
            return None
        if ckpt_path not in ("last", "best"):
            ckpt_path = checked_path("ckpt_path", ckpt_path, error=CheckpointError)
        kept = self._checkpointing or ModelCheckpoint(self._default_monitor)
        settings = self._settings()
        same = ("model", "policies", "train_policies", "valid_actions", "algorithm")
        names = (*same, "seed") if self._is_seeded else same
        ours = {name: settings[name] for name in names}
        return find_checkpoint(
            ckpt_path,
            kept,
            self.default_root_dir,
            lambda path: is_of_run(path, self.env, ours),
            required,
        )

    @property
    def _default_monitor(self) -> str:
        if self._self_play is not None:
            return "self_play/elo"
        return "train/return_mean" if self.validate_every_env_steps is None else "val/return_mean"

    def _use_weights(self, ckpt_path: str | Path | None) -> None:
        checkpoint = self._find_checkpoint(ckpt_path)
        if checkpoint is not None:
            self._agent.load(checkpoint)


def _check_options(method: str, options: Mapping[str, Any], trainer: type[GriddlyTrainer]) -> None:
    known = list(inspect.signature(trainer).parameters)
    for option in options:
        if option not in known:
            raise OptionError(
                f"{method}(…, {option}=…)",
                "the trainer has no such argument",
                did_you_mean(option, known),
                known,
            )
