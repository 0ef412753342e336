"""What a trainer is told, checked before anything is started."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from griddly_lit.arguments import (
    MAX_SEED,
    checked_bool,
    checked_int,
    checked_list,
    checked_path,
    optional_int,
    optional_text,
)
from griddly_lit.callbacks import Callback, ModelCheckpoint
from griddly_lit.envs import GriddlyEnvSpec, Transform
from griddly_lit.fitting.arguments import (
    checked_env,
    checked_loggers,
    checked_training,
    checked_transforms,
    checked_video,
)
from griddly_lit.fitting.budget import Budget, seconds_of
from griddly_lit.fitting.callback_arguments import check_validated, checked_callbacks
from griddly_lit.fitting.profiling import Profiler, checked_profiler
from griddly_lit.fitting.saved_settings import saved_settings
from griddly_lit.models import ValidActionsMode, resolve_model
from griddly_lit.playing import check_can_end
from griddly_lit.policies import Model, Policies, SelfPlay, resolve_policies
from griddly_lit.recording import VideoRecording
from griddly_lit.reporting import check_monitors, metric_names

if TYPE_CHECKING:
    from lightning.pytorch.callbacks import Callback as LightningCallback
    from lightning.pytorch.loggers import Logger

    from griddly_lit.rllib.config import AlgorithmConfig

    AnyCallback = Callback | LightningCallback


class TrainerOptions:
    """The arguments of a trainer, as attributes of the same names.

    Attributes:
        resolved_policies: Who acts for whom, with which model.
        checkpointing: What keeps the run's checkpoints, if anything does.
        budget: When a fit ends.
        is_seeded: Whether the seed was given.
    """

    def __init__(
        self,
        env: GriddlyEnvSpec,
        model: Model,
        *,
        algorithm: str | AlgorithmConfig = "PPO",
        training: Mapping[str, Any] | None = None,
        transforms: Transform | Sequence[Transform] = (),
        policies: Policies = "shared",
        train_policies: Sequence[str] | None = None,
        valid_actions: ValidActionsMode = "off",
        video: VideoRecording | None = None,
        track_actions: bool = False,
        logger: bool | Logger | Sequence[Logger] = True,
        callbacks: AnyCallback | Sequence[AnyCallback] | None = None,
        max_env_steps: int | None = None,
        max_iterations: int | None = None,
        max_time: str | timedelta | None = None,
        validate_every_env_steps: int | None = None,
        validation_episodes: int = 20,
        num_env_runners: int = 0,
        num_envs_per_env_runner: int = 64,
        num_learners: int = 0,
        ray_address: str | None = None,
        accelerator: str = "auto",
        precision: str = "32-true",
        seed: int | None = None,
        default_root_dir: str | Path | None = None,
        fast_dev_run: bool = False,
        enable_checkpointing: bool = True,
        enable_progress_bar: bool = True,
        enable_model_summary: bool = True,
        profiler: str | Profiler | None = None,
    ) -> None:
        """Checks all of them.

        Args:
            env: The environment.
            model: A model spec, or the name of one; with several policies, also one a policy by the
                policy's name.
            algorithm: ``"PPO"``, ``"APPO"``, ``"IMPALA"``, ``"DQN"``, or RLlib's config of one of them.
            training: Settings for the algorithm's ``training()``, over defaults that learn on the
                bundled games. Under a policy's name, settings for that policy alone.
            transforms: Change the rewards or observations that are learned from, in this order.
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
            callbacks: More callbacks, griddly_lit's or Lightning's; a ModelCheckpoint, progress bar
                or model summary among them replaces the default one.
            max_env_steps: Environment steps after which training ends. It ends with the iteration that
                reaches them.
            max_iterations: Iterations after which training ends.
            max_time: Wall time after which training ends, ``"DD:HH:MM:SS"`` or a timedelta.
            validate_every_env_steps: Environment steps between validations; None never. The best
                checkpoint is then the one of the highest ``val/return_mean``.
            validation_episodes: Episodes on each level of a validation.
            num_env_runners: Processes that sample; 0 samples in this one.
            num_envs_per_env_runner: Games stepped together in each.
            num_learners: Processes that learn; 0 learns in this one.
            ray_address: ``"host:port"`` of the Ray cluster to join, ``"auto"`` for the one that runs on
                this machine, ``"local"`` for a Ray of the run's own. None takes ``RAY_ADDRESS`` from
                the environment if it is set. A Ray that this process is connected to is used.
            accelerator: ``"auto"``, ``"cpu"`` or ``"gpu"``, of the learners.
            precision: ``"32-true"``, or ``"bf16-mixed"``: the network computes in bfloat16 where autocast
                sees fit, in acting and learning; weights and optimizers stay float32. Large
                networks are faster so on CPUs with bfloat16 instructions. ``act``, ``validate`` and
                ``test`` compute in float32.
            seed: Seed of everything random; None draws one, which is logged.
            default_root_dir: Where logs and checkpoints go, by default the working directory.
            fast_dev_run: Run one small iteration, and one validation if there is to be any, to see that
                all works; nothing is logged, and no checkpoint is kept.
            enable_checkpointing: Keep checkpoints.
            enable_progress_bar: Show progress in the terminal.
            enable_model_summary: Print the model's layers, output shapes and parameters.
            profiler: ``"simple"``, or Lightning's SimpleProfiler, prints where the time of a fit went.

        Raises:
            GriddlyLitError: An option, the model or the algorithm does not fit; Ray is not started yet.
        """
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
        self.transforms = checked_transforms(transforms)
        self.fast_dev_run = checked_bool("fast_dev_run", fast_dev_run)
        video = checked_video(video)
        self.video = None if self.fast_dev_run else video
        self.track_actions = checked_bool("track_actions", track_actions)
        self.logger = checked_loggers(logger)
        self.max_env_steps = optional_int("max_env_steps", max_env_steps, 1)
        max_iterations = optional_int("max_iterations", max_iterations, 1)
        self.budget = Budget(
            self.max_env_steps, 1 if self.fast_dev_run else max_iterations, seconds_of(max_time)
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
        self.ray_address = optional_text("ray_address", ray_address, "host:port, auto or local")
        self.accelerator = accelerator
        self.precision = precision
        self.is_seeded = seed is not None
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
        self.enable_progress_bar = checked_bool("enable_progress_bar", enable_progress_bar)
        self.enable_model_summary = checked_bool("enable_model_summary", enable_model_summary)
        self.profiler = checked_profiler(profiler)
        enable_checkpointing = checked_bool("enable_checkpointing", enable_checkpointing)
        self.callbacks = checked_callbacks(callbacks)
        self.resolved_policies = resolve_policies(
            env, policies, self.model, valid_actions, self.train_policies
        )
        if validate_every_env_steps is not None:
            check_can_end(env)
        else:
            check_validated(self.callbacks)
        keepers = [each for each in self.callbacks if isinstance(each, ModelCheckpoint)]
        if enable_checkpointing and not keepers:
            keepers = [ModelCheckpoint()]
            self.callbacks += keepers
        self.checkpointing = keepers[0] if keepers else None
        self._check_monitors(keepers)
        # RLlib's config is built, so that faults of the algorithm's settings show now.
        self._settings = saved_settings(self)
        self._make_ready()

    def _make_ready(self) -> None:
        """Called once all is checked, for what is built on it."""

    @property
    def self_play(self) -> SelfPlay | None:
        """The rules of self-play, if that is how it trains."""
        return self.policies if isinstance(self.policies, SelfPlay) else None

    @property
    def default_monitor(self) -> str:
        """The metric that says how good a checkpoint is."""
        if self.self_play is not None:
            return "self_play/elo"
        return "train/return_mean" if self.validate_every_env_steps is None else "val/return_mean"

    def fit_config(self) -> AlgorithmConfig:
        """Returns the RLlib config as ``fit()`` takes it, which reads the results by itself."""
        from griddly_lit.rllib.config import Settings, algorithm_config

        return algorithm_config(
            Settings(
                env=self.env,
                policies=self.resolved_policies,
                self_play=self.self_play,
                algorithm=self.algorithm,
                training=self.training,
                transforms=self.transforms,
                num_env_runners=self.num_env_runners,
                num_envs_per_env_runner=self.num_envs_per_env_runner,
                num_learners=self.num_learners,
                ray_address=self.ray_address,
                accelerator=self.accelerator,
                precision=self.precision,
                seed=self.seed,
                track_actions=self.track_actions,
                video=self.video,
                small=self.fast_dev_run,
            )
        )

    def settings(self) -> dict[str, Any]:
        """Returns what decides what is learned, as JSON values, for checkpoints and loggers."""
        return self._settings

    def _check_monitors(self, keepers: Sequence[ModelCheckpoint]) -> None:
        for keeper in keepers:
            keeper.monitor = keeper.monitor or self.default_monitor
        check_monitors(
            keepers,
            metric_names(
                self.env.game,
                self.resolved_policies,
                self.env.level_source.indices(),
                self.env.test_levels,
                in_self_play=self.self_play is not None,
                is_validated=self.validate_every_env_steps is not None,
                track_actions=self.track_actions,
            ),
            others_may_add=any(not isinstance(each, ModelCheckpoint) for each in self.callbacks),
        )
