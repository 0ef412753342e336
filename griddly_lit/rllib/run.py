"""One algorithm at work: iterate, save, restore."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import ray
import torch
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core import COMPONENT_LEARNER, COMPONENT_RL_MODULE
from ray.rllib.utils.metrics import (
    ENV_RUNNER_RESULTS,
    LEARNER_RESULTS,
    NUM_ENV_STEPS_SAMPLED_LIFETIME,
    WEIGHTS_SEQ_NO,
)
from torch import Tensor

from griddly_lit.checked_files import CheckedFiles
from griddly_lit.engine import silenced
from griddly_lit.plain_state import State
from griddly_lit.policies import Policy, SelfPlay
from griddly_lit.policies.league import League
from griddly_lit.policies.match import Match
from griddly_lit.policies.policy import LEARNER
from griddly_lit.recording import EpisodeReplay
from griddly_lit.rllib.divergence import check_metrics, check_weights, raise_divergence
from griddly_lit.rllib.faults import build, raise_death, raise_fault
from griddly_lit.rllib.learner_metrics import learner_metrics
from griddly_lit.rllib.learner_state import learner_states, load_learner_states
from griddly_lit.rllib.replay_buffer import buffer_state, load_buffer_state, seed_buffer
from griddly_lit.rllib.resources import tell_what_waits
from griddly_lit.rllib.result_metrics import (
    add_ended,
    take_exact_times,
    training_metrics,
    window_of,
)
from griddly_lit.rllib.run_state import NETWORK, restore_state, save_state
from griddly_lit.rllib.runner_group import RunnerGroup
from griddly_lit.rllib.runner_metrics import MATCHES, EpisodeFacts
from griddly_lit.rllib.runner_watch import RunnerWatch
from griddly_lit.rllib.series import series
from griddly_lit.rllib.user_code import user_code_by_value
from griddly_lit.rllib.watched_algorithm import build_watched


class TrainingRun:
    """An RLlib algorithm, its results in this package's metric names.

    Args:
        config: From :func:`griddly_lit.rllib.config.algorithm_config`.

    Attributes:
        env_steps: Environment steps taken since the run began, those before a resume included.
        iterations: Iterations finished, those before a resume included.
        runners: The env runners that sample.
        window: The newest episodes.
        ended: The episodes that ended in the last iteration.
        league: The pool of self-play; None before :meth:`play_league`.
    """

    def __init__(self, config: AlgorithmConfig) -> None:
        # RLlib announces its API stack at every build, and ray's core the restart of its actors.
        logging.getLogger("ray.rllib").setLevel(logging.ERROR)
        tell_what_waits(config)
        self._watch = RunnerWatch(config) if config.num_env_runners else None
        with ExitStack() as unless_built:
            if self._watch is not None:
                unless_built.callback(self._watch.close)
            with silenced(2), user_code_by_value(config):
                self.algorithm = build(config, lambda: build_watched(config, self._watch))
            unless_built.pop_all()
        if self._watch is not None:
            self._watch.begin(self.algorithm.env_runner_group)
        self._buffer = getattr(self.algorithm, "local_replay_buffer", None)
        if self._buffer is not None and config.seed is not None:
            seed_buffer(self._buffer, config.seed)
        self.env_steps = 0
        self.iterations = 0
        self._policies: tuple[Policy, ...] = config.env_config["policies"]
        self.runners = RunnerGroup(self.algorithm.env_runner_group)
        self.window = window_of(config)
        self.ended: list[EpisodeFacts] = []
        self.league: League | None = None

    def iterate(self) -> dict[str, float]:
        """Runs one iteration of sampling and learning.

        Returns:
            Metrics by name, ``train/…`` over the last 100 episodes; those without a value yet,
            such as a mean return before the first episode has ended, are left out.
        """
        take_exact_times(self.algorithm)
        began, steps_before = time.perf_counter(), self.env_steps
        group = self.algorithm.env_runner_group
        try:
            result = self.algorithm.train()
        except Exception as error:
            # What it stumbled on may be weights that are not finite, or that a runner gave nothing.
            raise_death(error)
            raise_divergence(self.weights)
            raise_fault(group)
            raise
        elapsed = time.perf_counter() - began
        runners = result.get(ENV_RUNNER_RESULTS, {})
        self.env_steps = int(runners.get(NUM_ENV_STEPS_SAMPLED_LIFETIME, self.env_steps))
        self.iterations = int(result["training_iteration"])
        learned = learner_metrics(result.get(LEARNER_RESULTS, {}))
        check_metrics(learned, self.iterations, self.env_steps)
        raise_fault(group)
        self.ended = add_ended(result, self.window)
        return training_metrics(
            result,
            self.window,
            {} if self.league is None else self._iterate_league(self.league, runners),
            learned,
            self.env_steps - steps_before,
            elapsed,
        )

    def play_league(self, settings: SelfPlay, league: League | None = None) -> None:
        """Lets the runners play against the snapshots of a league.

        Args:
            settings: The rules.
            league: The one to go on with; by default a new one.
        """
        self.league = league or League(settings, self.weights()[LEARNER])
        self._tell_runners(self.league)

    def _iterate_league(self, league: League, runners: Mapping[str, Any]) -> dict[str, float]:
        matches = [Match(*match) for match in series(runners.get(MATCHES), Match)]
        league.record(matches, self.env_steps, lambda: self.weights()[LEARNER])
        self._tell_runners(league)
        return league.metrics()

    def _tell_runners(self, league: League) -> None:
        chances = league.chances()
        # A runner that was restarted lacks them all.
        missing = self.runners.ask(lambda runner: runner.sampler.matchmaking.set_chances(chances))
        wanted = {snapshot for of_runner in missing for snapshot in of_runner}
        if wanted:
            weights = ray.put({n: dict(league.pool[n].weights) for n in wanted})
            self.runners.ask(
                lambda runner: runner.sampler.matchmaking.add_snapshots(ray.get(weights))
            )

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """Returns the learner's weights of every policy's network, by policy and name, on the CPU.

        Raises:
            DivergedError: They are not finite.
            WorkerError: The process that has them is gone.
        """
        component = f"{COMPONENT_LEARNER}/{COMPONENT_RL_MODULE}"
        try:
            state = self.algorithm.learner_group.get_state(component, inference_only=True)
        except Exception as error:
            raise_death(error)
            raise
        modules = state[COMPONENT_LEARNER][COMPONENT_RL_MODULE]
        weights = {
            policy.name: {
                name.removeprefix(NETWORK): torch.as_tensor(value).cpu()
                for name, value in modules[policy.name].items()
            }
            for policy in self._policies
        }
        check_weights(weights, self.iterations, self.env_steps)
        return weights

    def take_replays(self) -> list[EpisodeReplay]:
        """Returns the recorded episodes that ended since the last call."""
        taken = self.runners.ask(lambda runner: runner.take_replays())
        return [replay for replays in taken for replay in replays]

    def state_dict(self) -> State:
        """Returns what training goes on with bit for bit, beside what :meth:`save` writes."""
        return {
            "window": self.window.state_dict(),
            "runners": self.runners.ask(lambda runner: runner.state_dict()),
            "learners": learner_states(self.algorithm.learner_group),
            "buffer": None if self._buffer is None else buffer_state(self._buffer),
        }

    def load_state_dict(self, state: Mapping[str, Any], same_env: bool = True) -> list[str]:
        """Takes over what :meth:`state_dict` gave, as far as there are as many processes.

        Args:
            state: The state.
            same_env: Whether the environment is the one that it was; otherwise the games in it
                might not go on.

        Returns:
            What begins anew instead.

        Raises:
            ValueError: It is no such state.
        """
        anew = []
        same_games = same_env and self.runners.load(state["runners"])
        if not same_games:
            anew.append("the games, as there are others than before")
        self.window.load_state_dict(state["window"], same_games)
        if self._buffer is not None:
            load_buffer_state(self._buffer, state["buffer"])
        learners = self.algorithm.learner_group
        if not load_learner_states(learners, state["learners"], self.env_steps):
            anew.append("the random numbers of learners, as there are others than before")
        return anew

    def save(self, directory: Path) -> None:
        """Writes optimizers, target networks and counters; the weights are not among them."""
        save_state(self.algorithm, directory)

    def restore(
        self, files: CheckedFiles, folder: str, weights: Mapping[str, Mapping[str, Tensor]]
    ) -> None:
        """Takes over weights and what :meth:`save` wrote, see :func:`restore_state`."""
        restore_state(self.algorithm, files, folder, weights)
        # RLlib does so after the next update only: remote runners would act with fresh weights.
        state = self.algorithm.learner_group.get_state(
            f"{COMPONENT_LEARNER}/{COMPONENT_RL_MODULE}", inference_only=True
        )[COMPONENT_LEARNER]
        reference = ray.put({name: state[name] for name in (COMPONENT_RL_MODULE, WEIGHTS_SEQ_NO)})
        self.runners.ask(lambda runner: runner.set_state(ray.get(reference)))
        self.iterations = int(self.algorithm.iteration)
        self.env_steps = int(
            self.algorithm.metrics.peek((ENV_RUNNER_RESULTS, NUM_ENV_STEPS_SAMPLED_LIFETIME))
        )

    def close(self) -> None:
        """Stops the algorithm and its processes."""
        try:
            self.algorithm.stop()
        finally:
            # Not before: what hangs would hold up the stop.
            if self._watch is not None:
                self._watch.close()
