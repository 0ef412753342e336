"""The trainer: one object from an environment spec and a model to a trained, logged agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from griddly_lit.arguments import MAX_SEED, checked_bool, checked_int, checked_path
from griddly_lit.checkpoints import open_checkpoint
from griddly_lit.envs import EpisodeEnd, GriddlyEnvSpec, LevelSource, checked_indices
from griddly_lit.envs.env_config import spec_options, trainer_options
from griddly_lit.errors import CheckpointError
from griddly_lit.fitting import Fit, FitResult, LiveTrainer, checkpoint_of_run
from griddly_lit.named_class import checked_trust
from griddly_lit.playing import Actor, EpisodeBatch, EvaluationResult, Evaluator
from griddly_lit.policies import Model
from griddly_lit.recording import (
    EpisodeReplay,
    View,
    check_video_path,
    checked_view,
)


class GriddlyTrainer(LiveTrainer):
    """Trains an agent on a Griddly game with RLlib, and reports to Lightning's loggers.

    Its arguments are those of :class:`~griddly_lit.fitting.TrainerOptions`, and what it shows while
    it trains is in :class:`~griddly_lit.fitting.LiveTrainer`.
    """

    def _make_ready(self) -> None:
        self.env_steps = 0
        self.iterations = 0
        self.metrics = {}
        self.should_stop = False
        self.resumed_from = None
        self._actor = Actor(self.env, self.resolved_policies)
        self._evaluator = Evaluator(self.env, self.resolved_policies, self.seed, self.track_actions)
        self._report = self._make_report()
        self._fit = None

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
        checkpoint = checkpoint_of_run(self, ckpt_path, required=ckpt_path != "last")
        if checkpoint is not None:
            self._actor.load(checkpoint)
        self.env_steps = self.iterations = 0
        self.metrics = {}
        self.should_stop = False
        self.resumed_from = None if checkpoint is None else checkpoint.path
        # What was told before a resume belongs to another run than the one it goes on in.
        if self._report.has_training or (checkpoint is not None and self._report.has_begun):
            self._report.close()
            self._report = self._make_report()
        self._fit = Fit(self, self, self._actor, self._report, self.validate, checkpoint)
        try:
            return self._fit()
        finally:
            self._fit = None

    def validate(
        self,
        levels: int | str | Sequence[int | str] | LevelSource | None = None,
        ckpt_path: str | Path | None = None,
        *,
        deterministic: bool = False,
    ) -> EvaluationResult:
        """Plays the policy on the training levels, ``validation_episodes`` on each.

        Where the spec holds test levels out, it plays as many on each of them, too, for the gap
        between the two. Where levels are generated, it plays one episode on each of
        ``validation_episodes`` levels, the same ones each time. During :meth:`fit` it is called
        every ``validate_every_env_steps``, and the env runners share the episodes; how many there
        are makes no difference to what comes out.

        Args:
            levels: Play these alone, named as for :meth:`test`.
            ckpt_path: As for :meth:`test`.
            deterministic: Take the most probable actions instead of drawing them.

        Returns:
            Results by level, with those of the test levels as ``held_out``; also logged as
            ``val/…``, to the run of the :meth:`fit` if there is one.
        """
        self._use_weights(ckpt_path)
        hooks = None if self._fit is None else self._fit.hooks
        if hooks is not None:
            hooks("on_validation_start")
        result, ends = self._evaluator.validation(
            self._play,
            levels,
            1 if self.fast_dev_run else self.validation_episodes,
            checked_bool("deterministic", deterministic),
        )
        self._tell("val", result, ends)
        if hooks is not None:
            hooks("on_validation_end", result)
        return result

    def test(
        self,
        levels: int | str | Sequence[int | str] | LevelSource | None = None,
        episodes_per_level: int = 20,
        ckpt_path: str | Path | None = None,
        *,
        deterministic: bool = False,
    ) -> EvaluationResult:
        """Plays the policy on held-out levels, exactly ``episodes_per_level`` on each.

        Args:
            levels: Level indices, level strings, or a level source; by default the spec's test
                levels, or those it trains on when it holds none out. Where levels are generated,
                ``episodes_per_level`` new ones are played once each, the same ones each time.
            episodes_per_level: Episodes on each level.
            ckpt_path: Use the weights of ``"best"``, ``"last"`` or a checkpoint's directory; by
                default those the trainer has now.
            deterministic: Take the most probable actions instead of drawing them, as in training.

        Returns:
            Results by level; also logged as ``test/…``, to the run of the :meth:`fit` if there was
            one.
        """
        episodes_per_level = checked_int("episodes_per_level", episodes_per_level, 1)
        deterministic = checked_bool("deterministic", deterministic)
        self._use_weights(ckpt_path)
        result, ends = self._evaluator.test(self._play, levels, episodes_per_level, deterministic)
        self._tell("test", result, ends)
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
        batch = EpisodeBatch((level,), (seed,), deterministic)
        (end,) = self._actor.play_batches([batch])
        replay = self._report.draw(end, path, view, self.env_steps)
        self._rest()
        return replay

    def act(
        self,
        observation: ArrayLike,
        agent_id: int | None = None,
        valid_actions: ArrayLike | None = None,
        state: ArrayLike | None = None,
    ) -> Any:
        """Returns the policy's most probable action; with a memory, ``(action, state)``.

        Args:
            observation: uint8 (H, W, C), or several of them (B, H, W, C).
            agent_id: Which agent acts, 1 … P; may be left out where one policy acts for all.
            valid_actions: Integers (V, parts), what can be done now, for policies that were trained
                among valid actions. Left out, all actions are taken for valid.
            state: Of a policy with a memory, the state that it returned for the same agent's step
                before; None for the first step of an episode.

        Returns:
            An integer for an action of one part, otherwise an integer array (parts,); with a
            leading axis B for several observations. Of a policy with a memory the action and the
            state to hand back with the next observation, float32 (S,) or (B, S).

        Raises:
            ObserverError: The observation's shape is not that of the agent.
            PolicyError: There is no such agent, or the state is not one of this policy.
        """
        return self._actor.act(observation, agent_id, valid_actions, state)

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
        cls.check_names("from_env_config", options)
        spec = GriddlyEnvSpec(**spec_options(env_config))
        return cls(spec, model, **{**trainer_options(env_config), **options})

    @classmethod
    def from_checkpoint(
        cls, path: str | Path, *, trust: str | Sequence[str] = (), **options: Any
    ) -> GriddlyTrainer:
        """Makes a trainer from a checkpoint, with its weights.

        Nothing is unpickled, and no code that the checkpoint names is run. A class of yours is handed
        over again, ``model=TorchModel(MyNet)`` or ``levels=GeneratedLevels(MyGenerator)``, and gets
        the keywords or config that were saved; or the module that it comes from is trusted.

        Args:
            path: A checkpoint's directory.
            trust: Modules that may be imported for the classes that the checkpoint names, such as
                ``["my_package"]``, all that lies in them included.
            **options: Arguments of the trainer to use instead of the checkpoint's, ``training`` on
                top of them; and ``levels``, of the environment.

        Raises:
            CheckpointError: The checkpoint is missing, cut short, altered, or of another game or
                model; or settings that JSON cannot say are not handed over again.
            TrustError: It names a class that is neither handed over nor trusted.
        """
        cls.check_names("from_checkpoint", {k: v for k, v in options.items() if k != "levels"})
        checked_trust(trust)
        checkpoint = open_checkpoint(checked_path("path", path, error=CheckpointError))
        arguments = checkpoint.arguments(options, trust)
        with checkpoint.files.decoding("trainer.json"):
            trainer = cls(**arguments)
        trainer._actor.load(checkpoint)
        trainer.env_steps, trainer.iterations = checkpoint.env_steps, checkpoint.iterations
        return trainer

    def _play(self, batches: Sequence[EpisodeBatch]) -> list[EpisodeEnd]:
        return (self._fit or self._actor).play_batches(batches)

    def _tell(self, prefix: str, result: EvaluationResult, ends: Sequence[EpisodeEnd]) -> None:
        self.metrics.update(result.metrics(prefix))
        self._report.evaluation(prefix, result, ends, self.env_steps)
        self._rest()

    def _use_weights(self, ckpt_path: str | Path | None) -> None:
        checkpoint = checkpoint_of_run(self, ckpt_path)
        if checkpoint is not None:
            self._actor.load(checkpoint)
