"""The trainer: one object from an environment spec and a model to a trained, logged agent."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike

from griddly_lit.budget import Budget, seconds_of
from griddly_lit.callbacks import Callback, ModelCheckpoint, ProgressBar, print_summary
from griddly_lit.checkpoint import Checkpoint, newest_checkpoint, open_checkpoint, write_checkpoint
from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.envs.spaces import flat_actions
from griddly_lit.errors import CheckpointError, ObserverError
from griddly_lit.evaluation import EvaluationResult, evaluate
from griddly_lit.interrupt import interrupts
from griddly_lit.models import (
    ModelSpec,
    check_model,
    mode,
    model_from_dict,
    resolve_model,
    summarize,
)
from griddly_lit.tracking.publish import Publisher, default_loggers
from griddly_lit.tracking.run_dir import run_dir

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

    from griddly_lit.rllib.config import AlgorithmConfig
    from griddly_lit.rllib.run import TrainingRun

_log = logging.getLogger("griddly_lit")


@dataclass(frozen=True)
class FitResult:
    """What a ``fit`` came to.

    Attributes:
        env_steps: Environment steps taken, those before a resume included.
        iterations: Iterations finished, those before a resume included.
        stop_reason: ``max_env_steps``, ``max_iterations``, ``max_time``, ``callback``,
            ``interrupted`` or ``fast_dev_run``.
        best_score: Best value of the monitored metric among the kept checkpoints.
        best_path: The checkpoint that reached it.
        last_path: The newest checkpoint.
        metrics: The newest value of every metric.
    """

    env_steps: int
    iterations: int
    stop_reason: str
    best_score: float | None
    best_path: Path | None
    last_path: Path | None
    metrics: Mapping[str, float]


class GriddlyTrainer:
    """Trains an agent on a Griddly game with RLlib, and reports to Lightning's loggers.

    Args:
        env: The environment.
        model: A model spec, or the name of one.
        algorithm: ``"PPO"``, ``"APPO"``, ``"IMPALA"``, ``"DQN"``, or RLlib's config of one of them.
        training: Settings for the algorithm's ``training()``, over defaults that learn on the
            bundled games.
        logger: True for CSV with TensorBoard beside it, a Lightning logger, several, or False.
        callbacks: More callbacks; a ModelCheckpoint among them replaces the default one.
        max_env_steps: Environment steps after which training ends. It ends with the iteration that
            reaches them.
        max_iterations: Iterations after which training ends.
        max_time: Wall time after which training ends, ``"DD:HH:MM:SS"`` or a timedelta.
        num_env_runners: Processes that sample; 0 samples in this one.
        num_envs_per_env_runner: Games stepped together in each.
        num_learners: Processes that learn; 0 learns in this one.
        accelerator: ``"auto"``, ``"cpu"`` or ``"gpu"``, of the learners.
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
        model: ModelSpec | str,
        *,
        algorithm: str | AlgorithmConfig = "PPO",
        training: Mapping[str, Any] | None = None,
        logger: bool | Logger | Sequence[Logger] = True,
        callbacks: Callback | Sequence[Callback] | None = None,
        max_env_steps: int | None = None,
        max_iterations: int | None = None,
        max_time: str | timedelta | None = None,
        num_env_runners: int = 0,
        num_envs_per_env_runner: int = 64,
        num_learners: int = 0,
        accelerator: str = "auto",
        seed: int | None = None,
        default_root_dir: str | Path | None = None,
        fast_dev_run: bool = False,
        enable_checkpointing: bool = True,
        enable_progress_bar: bool = True,
        enable_model_summary: bool = True,
    ) -> None:
        self.env = env
        self.model = resolve_model(model)
        self.algorithm = algorithm
        self.training = dict(training or {})
        self.logger = logger
        self.max_env_steps = max_env_steps
        self.budget = Budget(max_env_steps, max_iterations, seconds_of(max_time))
        self.num_env_runners = num_env_runners
        self.num_envs_per_env_runner = num_envs_per_env_runner
        self.num_learners = num_learners
        self.accelerator = accelerator
        self.seed = secrets.randbelow(2**31) if seed is None else seed
        self.default_root_dir = Path(default_root_dir or Path.cwd())
        self.fast_dev_run = fast_dev_run
        self.env_steps = 0
        self.iterations = 0
        self.metrics: dict[str, float] = {}
        self.should_stop = False
        self.enable_progress_bar = enable_progress_bar
        self.enable_model_summary = enable_model_summary
        self._network = check_model(self.model, env.observation_shapes[0], sum(env.action_nvec))
        self._callbacks = _as_list(callbacks)
        self._checkpointing = next(
            (callback for callback in self._callbacks if isinstance(callback, ModelCheckpoint)),
            None,
        )
        if self._checkpointing is None and enable_checkpointing and not fast_dev_run:
            self._checkpointing = ModelCheckpoint()
            self._callbacks.append(self._checkpointing)
        self._publisher = Publisher([])
        self._run_dir: Path | None = None
        self._run: TrainingRun | None = None
        # Faults of the algorithm and its settings show now rather than at fit().
        self.to_rllib()

    def to_rllib(self) -> AlgorithmConfig:
        """Returns the RLlib config that :meth:`fit` uses."""
        from griddly_lit.rllib.config import Settings, algorithm_config

        return algorithm_config(
            Settings(
                env=self.env,
                model=self.model,
                algorithm=self.algorithm,
                training=self.training,
                num_env_runners=self.num_env_runners,
                num_envs_per_env_runner=self.num_envs_per_env_runner,
                num_learners=self.num_learners,
                accelerator=self.accelerator,
                seed=self.seed,
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
            checkpoint.check_fits(self.env, self.model)
        callbacks = list(self._callbacks)
        if self.enable_progress_bar:
            callbacks.append(ProgressBar())
        self.env_steps = self.iterations = 0
        self.metrics = {}
        self.should_stop = False
        self._start_logging()
        if self.enable_model_summary:
            print_summary(summarize(self._network, self.env.observation_shapes[0]))
        status: Literal["success", "failed"] = "failed"
        try:
            processes = 1 + self.num_env_runners + self.num_learners
            with ray_session(processes), learning_threads():
                self._run = TrainingRun(self.to_rllib())
                try:
                    if checkpoint is not None:
                        self._run.restore(checkpoint.rllib_dir)
                        self.env_steps, self.iterations = self._run.env_steps, self._run.iterations
                    stop_reason = self._iterate(self._run, callbacks)
                    self._network.load_state_dict(self._run.weights())
                finally:
                    self._run.close()
                    self._run = None
            status = "success"
        finally:
            for callback in callbacks:
                callback.on_teardown()
            self._publisher.finalize(status)
        kept = self._checkpointing
        return FitResult(
            env_steps=self.env_steps,
            iterations=self.iterations,
            stop_reason=stop_reason,
            best_score=kept.best_score if kept else None,
            best_path=kept.best_path if kept else None,
            last_path=kept.last_path if kept else None,
            metrics=dict(self.metrics),
        )

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
        checkpoint = self._find_checkpoint(ckpt_path)
        if checkpoint is not None:
            self._load_weights(checkpoint)
        result = evaluate(self._network, self.env, chosen, episodes_per_level, self.seed)
        self._publisher.scalars(result.metrics("test"), self.env_steps)
        return result

    def act(self, observation: ArrayLike, agent_id: int | None = None) -> Any:
        """Returns the policy's most probable action.

        Args:
            observation: uint8 (H, W, C), or several of them (B, H, W, C).
            agent_id: Which agent acts; of no effect in a single-player game.

        Returns:
            An integer for an action of one part, otherwise an integer array (parts,); with a
            leading axis B for several observations.

        Raises:
            ObserverError: The observation's shape is not that of the environment.
        """
        array = np.asarray(observation)
        shape = self.env.observation_shapes[0]
        if array.shape[-3:] != shape or array.ndim not in (3, 4):
            raise ObserverError(
                f"observation of shape {array.shape}",
                f"this agent sees {shape}",
                "Pass one observation (H, W, C) or a batch (B, H, W, C)",
            )
        batch = torch.from_numpy(array.reshape(-1, *shape))
        with torch.no_grad():
            logits, _ = self._network(batch)
        actions = flat_actions(mode(logits, self.env.action_nvec).numpy())
        if array.ndim == 4:
            return actions
        return int(actions[0]) if actions.ndim == 1 else actions[0]

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
        saved["model"] = model_from_dict(saved["model"])
        trainer = cls(**{"env": checkpoint.env_spec(), **saved, **options})
        trainer._load_weights(checkpoint)
        trainer.env_steps, trainer.iterations = checkpoint.env_steps, checkpoint.iterations
        return trainer

    @property
    def checkpoint_dir(self) -> Path:
        """Where checkpoints of this run belong."""
        return (self._run_dir or self.default_root_dir) / "checkpoints"

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
            save_rllib=self._run.save,
            env_steps=self.env_steps,
            iterations=self.iterations,
            metrics=self.metrics,
        )

    def _iterate(self, run: TrainingRun, callbacks: list[Callback]) -> str:
        for callback in callbacks:
            callback.on_fit_start(self)
        self.budget.start()
        reason = self.budget.reached(self.env_steps, self.iterations)
        with interrupts() as interrupted:
            while reason is None:
                metrics = run.iterate()
                self.env_steps, self.iterations = run.env_steps, run.iterations
                self.metrics.update(metrics)
                self._publisher.scalars(metrics, self.env_steps)
                for callback in callbacks:
                    callback.on_iteration_end(self)
                reason = self.budget.reached(self.env_steps, self.iterations)
                if self.fast_dev_run:
                    reason = "fast_dev_run"
                elif interrupted.is_set():
                    reason = "interrupted"
                elif self.should_stop:
                    reason = "callback"
        for callback in callbacks:
            callback.on_fit_end(self)
        return reason

    def _start_logging(self) -> None:
        loggers: list[Logger] = []
        if not self.fast_dev_run:
            if self.logger is True:
                loggers = default_loggers(self.default_root_dir)
            elif self.logger is not False:
                loggers = _as_list(self.logger)
        self._publisher = Publisher(loggers)
        env = self.env.to_dict()
        del env["yaml_string"]
        self._publisher.hyperparameters({"env": env, **self._settings()})
        self._run_dir = run_dir(loggers)

    def _settings(self) -> dict[str, Any]:
        """Returns what the trainer was told, as JSON values, for checkpoints and loggers."""
        from griddly_lit.rllib.algorithms import find_algorithm, training_settings

        return {
            "model": self.model.to_dict(),
            "algorithm": find_algorithm(self.algorithm)[0],
            "training": training_settings(self.to_rllib()),
            "num_env_runners": self.num_env_runners,
            "num_envs_per_env_runner": self.num_envs_per_env_runner,
            "num_learners": self.num_learners,
            "accelerator": self.accelerator,
            "seed": self.seed,
        }

    def _find_checkpoint(
        self, ckpt_path: str | Path | None, required: bool = True
    ) -> Checkpoint | None:
        if ckpt_path is None:
            return None
        path: Path | None = Path(ckpt_path)
        if ckpt_path in ("last", "best"):
            kept = self._checkpointing
            path = (kept and (kept.last_path if ckpt_path == "last" else kept.best_path)) or (
                newest_checkpoint(self.default_root_dir, str(ckpt_path))
            )
        if path is not None:
            return open_checkpoint(path)
        if required:
            raise CheckpointError(
                f"ckpt_path={ckpt_path!r}",
                f"there is no such checkpoint under {self.default_root_dir}",
                "Call fit() first, or give a checkpoint's directory",
            )
        _log.warning("ckpt_path='last' finds no checkpoint: training begins anew.")
        return None

    def _load_weights(self, checkpoint: Checkpoint) -> None:
        checkpoint.check_fits(self.env, self.model)
        self._network.load_state_dict(checkpoint.weights())


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
