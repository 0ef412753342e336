"""The trainer: one object from an environment spec and a model to a trained, logged agent."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import ArrayLike

from griddly_lit.agent import Agent
from griddly_lit.budget import Budget, seconds_of
from griddly_lit.callbacks import Callback, ModelCheckpoint, ProgressBar, print_summary
from griddly_lit.checkpoint import Checkpoint, open_checkpoint, write_checkpoint
from griddly_lit.checkpoint_search import find_checkpoint
from griddly_lit.engine import Shape
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.errors import CheckpointError, OptionError
from griddly_lit.evaluation import EvaluationResult, summarise
from griddly_lit.fit_loop import FitLoop
from griddly_lit.fit_result import FitResult
from griddly_lit.models import ModelSpec, ValidActionsMode, resolve_model, summarize
from griddly_lit.policies import Policies, SelfPlay, resolve_policies
from griddly_lit.recording import EpisodeReplay, VideoRecording, View, render_replay
from griddly_lit.report import Report
from griddly_lit.rllib.replays import replay_of
from griddly_lit.settings import settings_to_json
from griddly_lit.tracking.publish import default_loggers

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
            bundled games. Under a policy's name, settings for that policy alone.
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
        fast_dev_run: Run one small iteration to see that all works; nothing is logged or saved.
        enable_checkpointing: Keep checkpoints.
        enable_progress_bar: Show progress in the terminal.
        enable_model_summary: Print the model's layers, output shapes and parameters.

    Attributes:
        env_steps: Environment steps taken so far.
        iterations: Iterations finished so far.
        metrics: The newest value of every metric.
        should_stop: Set it to end training after the present iteration.

    Raises:
        GriddlyLitError: An option, the model or the algorithm does not fit; Ray is not started yet.
    """

    def __init__(
        self,
        env: GriddlyEnvSpec,
        model: ModelSpec | str | Mapping[str, ModelSpec | str],
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
        self.env = env
        self.model = (
            {name: resolve_model(each) for name, each in model.items()}
            if isinstance(model, Mapping)
            else resolve_model(model)
        )
        self.policies = policies
        self.train_policies = None if train_policies is None else list(train_policies)
        self.valid_actions = valid_actions
        self.algorithm = algorithm
        self.training = dict(training or {})
        self.video = None if fast_dev_run else video
        self.track_actions = track_actions
        self.logger = logger
        self.max_env_steps = max_env_steps
        max_iterations = 1 if fast_dev_run else max_iterations
        self.budget = Budget(max_env_steps, max_iterations, seconds_of(max_time))
        self.validate_every_env_steps = validate_every_env_steps
        self.validation_episodes = validation_episodes
        self.num_env_runners = num_env_runners
        self.num_envs_per_env_runner = num_envs_per_env_runner
        self.num_learners = num_learners
        self.accelerator = accelerator
        self.precision = precision
        self.seed = secrets.randbelow(2**31) if seed is None else seed
        self.default_root_dir = Path(default_root_dir or Path.cwd())
        self.fast_dev_run = fast_dev_run
        self.env_steps = 0
        self.iterations = 0
        self.metrics: dict[str, float] = {}
        self.should_stop = False
        self.enable_progress_bar = enable_progress_bar
        self.enable_model_summary = enable_model_summary
        self._policies = resolve_policies(
            env, policies, self.model, valid_actions, self.train_policies
        )
        self._agent = Agent(env, self._policies)
        self._callbacks = _as_list(callbacks)
        self._checkpointing = next(
            (callback for callback in self._callbacks if isinstance(callback, ModelCheckpoint)),
            None,
        )
        if self._checkpointing is None and enable_checkpointing and not fast_dev_run:
            monitor = "train/return_mean" if self._self_play is None else "self_play/elo"
            self._checkpointing = ModelCheckpoint(monitor)
            self._callbacks.append(self._checkpointing)
        self._run: TrainingRun | None = None
        # This builds RLlib's config, so that faults of the algorithm's settings show now.
        self._report = self._make_report(logger=False)

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
                small=self.fast_dev_run,
            )
        )

    def fit(self, ckpt_path: str | Path | None = None) -> FitResult:
        """Trains until a limit is reached, a callback stops it, or Ctrl-C is pressed.

        Args:
            ckpt_path: Resume from ``"last"``, ``"best"`` or a checkpoint's directory. None begins
                anew. Where ``"last"`` finds nothing, training begins anew with a warning.

        Raises:
            CheckpointError: The checkpoint is missing, cut short, or of another game or model.
        """
        from griddly_lit.rllib.run import TrainingRun
        from griddly_lit.rllib.session import ray_session
        from griddly_lit.rllib.threads import learning_threads

        checkpoint = self._find_checkpoint(ckpt_path, required=ckpt_path != "last")
        if checkpoint is not None:
            checkpoint.check_fits(self.env, self._policies)
        callbacks = list(self._callbacks)
        if self.enable_progress_bar:
            callbacks.append(ProgressBar())
        self.env_steps = self.iterations = 0
        self.metrics = {}
        self.should_stop = False
        if self.enable_model_summary:
            self._print_summaries()
        status: Literal["success", "failed"] = "failed"
        kept = self._checkpointing
        processes = 1 + self.num_env_runners + self.num_learners
        logger = False if self.fast_dev_run else self.logger
        self._report = self._make_report(logger)
        if logger is True:
            # The loggers are made after the first iteration; a folder that cannot be is told now.
            self.default_root_dir.mkdir(parents=True, exist_ok=True)
        try:
            with ExitStack() as stack:
                stack.enter_context(ray_session(processes))
                stack.enter_context(learning_threads())
                self._run = stack.enter_context(closing(TrainingRun(self.to_rllib())))
                if checkpoint is not None:
                    self._run.restore(checkpoint.rllib_dir)
                    self.env_steps, self.iterations = self._run.env_steps, self._run.iterations
                if self._self_play is not None:
                    league = checkpoint.league(self._self_play) if checkpoint else None
                    self._run.play_league(self._self_play, league)
                loop = FitLoop(
                    self,
                    self._run,
                    self._report,
                    callbacks,
                    self.budget,
                    self.validate,
                    self.validate_every_env_steps,
                )
                stop_reason = loop.run()
                self._agent.load_weights(self._run.weights())
            if kept is not None:
                self._report.checkpoints({"last": kept.last_path, "best": kept.best_path})
            status = "success"
        finally:
            self._run = None
            for callback in callbacks:
                callback.on_teardown()
            self._report.finish(status)
        return FitResult(
            env_steps=self.env_steps,
            iterations=self.iterations,
            stop_reason="fast_dev_run" if self.fast_dev_run else stop_reason,
            best_score=kept.best_score if kept else None,
            best_path=kept.best_path if kept else None,
            last_path=kept.last_path if kept else None,
            metrics=dict(self.metrics),
        )

    def validate(self) -> EvaluationResult:
        """Plays the policy on the training levels, ``validation_episodes`` on each.

        During :meth:`fit` it is called every ``validate_every_env_steps``.

        Returns:
            Results by level; also logged as ``val/…``.
        """
        if self._run is not None:
            self._agent.load_weights(self._run.weights())
        return self._evaluate("val", self.env.level_source.indices(), self.validation_episodes)

    def test(
        self,
        levels: int | Sequence[int] | None = None,
        episodes_per_level: int = 20,
        ckpt_path: str | Path | None = None,
    ) -> EvaluationResult:
        """Plays the policy on held-out levels, drawing its actions as in training.

        Args:
            levels: Level indices; by default the spec's test levels, or those it trains on when it
                holds none out.
            episodes_per_level: Episodes on each level.
            ckpt_path: Use the weights of ``"best"``, ``"last"`` or a checkpoint's directory; by
                default those the trainer has now.

        Returns:
            Results by level; also logged as ``test/…``.
        """
        chosen = self.env.test_levels or self.env.level_source.indices()
        if levels is not None:
            chosen = (levels,) if isinstance(levels, int) else tuple(levels)
        self._use_weights(ckpt_path)
        result = self._evaluate("test", chosen, episodes_per_level)
        self._report.flush()
        return result

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
        self._use_weights(ckpt_path)
        seed = self.seed if seed is None else seed
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
            raise OptionError(f"seed={seed!r}", "it is no seed", "Pass 0 … 4294967295, or None")
        if not isinstance(deterministic, bool):
            raise OptionError(
                f"deterministic={deterministic!r}", "it is a switch", "Pass True or False"
            )
        replay = replay_of(self.env, self._agent.play_level(level, seed, deterministic))
        options = self.video or VideoRecording()
        render_replay(replay, path, view, fps=options.fps, renderer=options.renderer)
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
    def from_checkpoint(cls, path: str | Path, **options: Any) -> GriddlyTrainer:
        """Makes a trainer from a checkpoint, with its weights; nothing pickled is read.

        Args:
            path: A checkpoint's directory.
            **options: Arguments of the trainer to use instead of the checkpoint's.

        Raises:
            CheckpointError: The checkpoint is missing or cut short.
        """
        checkpoint = open_checkpoint(path)
        saved = checkpoint.trainer_settings()
        trainer = cls(**{"env": checkpoint.env_spec(), **saved, **options})
        trainer._agent.load(checkpoint)
        trainer.env_steps, trainer.iterations = checkpoint.env_steps, checkpoint.iterations
        return trainer

    @property
    def checkpoint_dir(self) -> Path:
        """Where checkpoints of this run belong."""
        return self._report.run_dir / "checkpoints"

    def save_checkpoint(self, path: str | Path) -> None:
        """Writes a checkpoint during training.

        Args:
            path: Its directory; what is there already is replaced.

        Raises:
            CheckpointError: There is no training to save.
        """
        if self._run is None:
            raise CheckpointError(
                f"save_checkpoint({str(path)!r})",
                "there is no training in progress",
                "Call it from a callback; fit() has saved its last checkpoint already",
            )
        write_checkpoint(
            Path(path),
            env=self.env,
            settings=self._settings(),
            weights=self._run.weights(),
            episodes=self._run.episodes_in_flight(),
            league=self._run.league,
            save_rllib=self._run.save,
            env_steps=self.env_steps,
            iterations=self.iterations,
            metrics=self.metrics,
        )

    def _evaluate(
        self, prefix: str, levels: Sequence[int], episodes_per_level: int
    ) -> EvaluationResult:
        ends = self._agent.play_levels(
            levels, episodes_per_level, self.seed, record_events=self.track_actions
        )
        result = summarise(ends, levels)
        self.metrics.update(result.metrics(prefix))
        self._report.evaluation(prefix, result, ends, self.env_steps)
        return result

    def _make_report(self, logger: bool | Logger | Sequence[Logger]) -> Report:
        def make_loggers() -> Sequence[Logger]:
            if logger is True:
                return default_loggers(self.default_root_dir)
            return _as_list(logger or None)

        env = self.env.to_dict()
        del env["yaml_string"]
        settings = {"env": env, **self._settings()}
        root = self.default_root_dir
        return Report(self.env, make_loggers, settings, self.video, self.track_actions, root)

    def _settings(self) -> dict[str, Any]:
        """Returns what the trainer was told, as JSON values, for checkpoints and loggers."""
        from griddly_lit.rllib.algorithms import as_json, find_algorithm, training_settings

        names = [policy.name for policy in self._policies]
        by_policy = {name: as_json(self.training[name]) for name in names if name in self.training}
        settings = {
            "model": self.model,
            "policies": self.policies,
            "train_policies": self.train_policies,
            "valid_actions": self.valid_actions,
            "algorithm": find_algorithm(self.algorithm)[0],
            "training": {**training_settings(self.to_rllib()), **by_policy},
            "num_env_runners": self.num_env_runners,
            "num_envs_per_env_runner": self.num_envs_per_env_runner,
            "num_learners": self.num_learners,
            "accelerator": self.accelerator,
            "precision": self.precision,
            "seed": self.seed,
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
        kept = self._checkpointing or ModelCheckpoint()
        return find_checkpoint(ckpt_path, kept, self.default_root_dir, required)

    def _use_weights(self, ckpt_path: str | Path | None) -> None:
        checkpoint = self._find_checkpoint(ckpt_path)
        if checkpoint is not None:
            self._agent.load(checkpoint)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
