"""One algorithm at work: iterate, save, restore."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import ray
import torch
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core import COMPONENT_LEARNER, COMPONENT_RL_MODULE
from ray.rllib.utils.metrics import (
    ENV_RUNNER_RESULTS,
    ENV_RUNNER_SAMPLING_TIMER,
    LEARNER_RESULTS,
    LEARNER_UPDATE_TIMER,
    NUM_ENV_STEPS_SAMPLED_LIFETIME,
    NUM_EPISODES_LIFETIME,
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
from griddly_lit.rllib.learner_state import learner_state, load_learner_state
from griddly_lit.rllib.replay_buffer import buffer_state, load_buffer_state, seed_buffer
from griddly_lit.rllib.run_state import NETWORK, restore_state, save_state
from griddly_lit.rllib.runner_metrics import (
    AGENT_INFO,
    EPISODES,
    GAMES_ENDED,
    MATCHES,
    EpisodeFacts,
)
from griddly_lit.rllib.runner_watch import RunnerWatch
from griddly_lit.rllib.user_code import user_code_by_value
from griddly_lit.rllib.watched_algorithm import build_watched

_WINDOW = 100
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class TrainingRun:
    """An RLlib algorithm, its results in this package's metric names.

    Args:
        config: From :func:`griddly_lit.rllib.config.algorithm_config`.

    Attributes:
        env_steps: Environment steps taken since the run began, those before a resume included.
        iterations: Iterations finished, those before a resume included.
        league: The pool of self-play; None before :meth:`play_league`.
    """

    def __init__(self, config: AlgorithmConfig) -> None:
        # RLlib announces its API stack at every build, and ray's core the restart of its actors.
        logging.getLogger("ray.rllib").setLevel(logging.ERROR)
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
        self._episodes: deque[EpisodeFacts] = deque(maxlen=_WINDOW)
        self._games = max(1, config.num_env_runners) * config.num_envs_per_env_runner
        self._have_ended: set[tuple[int, int]] = set()
        self.league: League | None = None

    def iterate(self) -> dict[str, float]:
        """Runs one iteration of sampling and learning.

        Returns:
            Metrics by name, ``train/…`` over the last 100 episodes; those without a value yet,
            such as a mean return before the first episode has ended, are left out.
        """
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
        # Each as (runner, game).
        self._have_ended.update(_series(runners.get(GAMES_ENDED), tuple))
        timers = result.get("timers", {})
        league_metrics = {} if self.league is None else self._iterate_league(self.league, runners)
        metrics = {
            **self._episode_metrics(runners),
            **{
                f"{AGENT_INFO}/{agent}/{name}": count
                for agent, counts in runners.get(AGENT_INFO, {}).items()
                for name, count in counts.items()
            },
            **league_metrics,
            **learned,
            "time/env_steps_per_second": (self.env_steps - steps_before) / elapsed,
            "time/sampling_seconds": timers.get(ENV_RUNNER_SAMPLING_TIMER),
            "time/learning_seconds": timers.get(LEARNER_UPDATE_TIMER),
        }
        return {
            name: float(value)
            for name, value in metrics.items()
            if value is not None and math.isfinite(value)
        }

    @property
    def window_is_full(self) -> bool:
        """Whether ``train/…`` go over 100 episodes, and every game has ended one.

        Before, the mean is that of the episodes that end first.
        """
        return len(self._episodes) == _WINDOW and len(self._have_ended) == self._games

    def names_of_episode_metrics(self) -> list[str]:
        """Returns the names of the metrics that come with the first episode that ends."""
        players = sum(len(policy.agents) for policy in self._policies)
        return list(self._means_of([EpisodeFacts((0.0,) * players, 1, (False,) * players)]))

    def _episode_metrics(self, runners: Mapping[str, Any]) -> dict[str, Any]:
        self._episodes.extend(_series(runners.get(EPISODES), EpisodeFacts))
        metrics: dict[str, Any] = {"train/episodes": runners.get(NUM_EPISODES_LIFETIME)}
        return {**metrics, **self._means_of(self._episodes)} if self._episodes else metrics

    def _means_of(self, episodes: Collection[EpisodeFacts]) -> dict[str, Any]:
        metrics: dict[str, Any] = {}
        returns = np.array([facts.returns for facts in episodes])
        won = np.array([facts.won for facts in episodes])
        metrics["train/return_mean"] = returns.sum(axis=1).mean()
        metrics["train/length_mean"] = np.mean([facts.length for facts in episodes])
        metrics["train/win_rate"] = won.any(axis=1).mean()
        # In self-play agents change sides, and the league tells of the learner.
        apart = self._policies[0].has_company and self.league is None
        for policy in self._policies if apart else ():
            columns = [agent - 1 for agent in policy.agents]
            metrics[f"train/{policy.name}/return_mean"] = returns[:, columns].mean()
            metrics[f"train/{policy.name}/win_rate"] = won[:, columns].mean()
            for agent in policy.agents:
                metrics[f"train/agent_{agent}/return_mean"] = returns[:, agent - 1].mean()
                metrics[f"train/agent_{agent}/win_rate"] = won[:, agent - 1].mean()
        return metrics

    def play_league(self, settings: SelfPlay, league: League | None = None) -> None:
        """Lets the runners play against the snapshots of a league.

        Args:
            settings: The rules.
            league: The one to go on with; by default a new one.
        """
        self.league = league or League(settings, self.weights()[LEARNER])
        self._tell_runners(self.league)

    def _iterate_league(self, league: League, runners: Mapping[str, Any]) -> dict[str, float]:
        matches = [Match(*match) for match in _series(runners.get(MATCHES), Match)]
        league.record(matches, self.env_steps, lambda: self.weights()[LEARNER])
        self._tell_runners(league)
        return league.metrics()

    def _tell_runners(self, league: League) -> None:
        chances = league.chances()
        # A runner that was restarted lacks them all.
        missing = self._of_runners(lambda runner: runner.sampler.seating.set_chances(chances))
        wanted = {snapshot for of_runner in missing for snapshot in of_runner}
        if wanted:
            weights = ray.put({n: dict(league.pool[n].weights) for n in wanted})
            self._of_runners(lambda runner: runner.sampler.seating.add_snapshots(ray.get(weights)))

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """Returns the learner's weights of every policy's network, by policy and name, on the CPU.

        Raises:
            DivergedError: They are not finite.
        """
        component = f"{COMPONENT_LEARNER}/{COMPONENT_RL_MODULE}"
        state = self.algorithm.learner_group.get_state(component, inference_only=True)
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
        taken = self._of_runners(lambda runner: runner.take_replays())
        return [replay for replays in taken for replay in replays]

    def state_dict(self) -> State:
        """Returns what training goes on with bit for bit, beside what :meth:`save` writes."""
        return {
            "window": [list(facts) for facts in self._episodes],
            "ended": sorted(map(list, self._have_ended)),
            "runners": self._of_runners(lambda runner: runner.state_dict()),
            "learners": self._of_learners(learner_state),
            "buffer": None if self._buffer is None else buffer_state(self._buffer),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> list[str]:
        """Takes over what :meth:`state_dict` gave, as far as there are as many processes.

        Returns:
            What begins anew instead.

        Raises:
            ValueError: It is no such state.
        """
        self._episodes.extend(
            EpisodeFacts(tuple(returns), int(length), tuple(won))
            for returns, length, won in state["window"]
        )
        anew = []
        states = state["runners"]
        runners = self._of_runners(lambda runner: runner.sampler.games.count)
        if [len(each["games"]["episodes"]) for each in states if each] == runners:
            self._have_ended.update((int(runner), int(game)) for runner, game in state["ended"])
            self._load_runners(states)
        else:
            anew.append("the games, as there are others than before")
        if self._buffer is not None:
            load_buffer_state(self._buffer, state["buffer"])
        if not self._load_learners(state["learners"]):
            anew.append("the random numbers of learners, as there are others than before")
        return anew

    def _load_runners(self, states: Sequence[Mapping[str, Any]]) -> None:
        group = self.algorithm.env_runner_group
        load = [partial(_load_runner, state=state) for state in states]
        if group.num_remote_env_runners() == 0:
            load[0](self.algorithm.env_runner)
        else:
            ids = group.healthy_env_runner_ids()
            group.foreach_env_runner(load, local_env_runner=False, remote_worker_ids=ids)
            raise_fault(group)

    def _of_learners(self, ask: Callable[[Any], Any], **which: Any) -> list[Any]:
        results = self.algorithm.learner_group.foreach_learner(ask, **which)
        return [result.get() for result in results]

    def _load_learners(self, states: Sequence[Mapping[str, Any]]) -> bool:
        group = self.algorithm.learner_group
        ids = [None] if group.is_local else group._worker_manager.healthy_actor_ids()
        if len(ids) != len(states):
            return False
        for learner, state in zip(ids, states, strict=True):
            which = {} if learner is None else {"remote_actor_ids": [learner]}
            self._of_learners(
                partial(load_learner_state, state=state, env_steps=self.env_steps), **which
            )
        return True

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
        self._of_runners(lambda runner: runner.set_state(ray.get(reference)))
        self.iterations = int(self.algorithm.iteration)
        self.env_steps = int(
            self.algorithm.metrics.peek((ENV_RUNNER_RESULTS, NUM_ENV_STEPS_SAMPLED_LIFETIME))
        )

    def share_out(
        self, do: Callable[[Any, Sequence[_Item]], Sequence[_Result]], items: Sequence[_Item]
    ) -> dict[int, _Result]:
        """Shares work out among the remote runners.

        Args:
            do: Called on a runner with its share, gives a result for each.
            items: The work.

        Returns:
            The results by number of the item; those of runners that die are missing, and all where
            there are no remote runners.
        """
        group = self.algorithm.env_runner_group
        runners = group.healthy_env_runner_ids()
        shares = [range(len(items))[number :: len(runners)] for number in range(len(runners))]
        wanted = [(runner, share) for runner, share in zip(runners, shares, strict=True) if share]
        if not wanted:
            return {}
        done: list[dict[int, _Result]] = group.foreach_env_runner(
            [partial(_do_share, do=do, items={n: items[n] for n in share}) for _, share in wanted],
            local_env_runner=False,
            remote_worker_ids=[runner for runner, _ in wanted],
        )
        return {number: result for results in done for number, result in results.items()}

    def _of_runners(self, ask: Callable[[Any], Any]) -> list[Any]:
        # The runner in this process samples only when there is no other.
        group = self.algorithm.env_runner_group
        alone = group.num_remote_env_runners() == 0
        answers: list[Any] = group.foreach_env_runner(ask, local_env_runner=alone)
        return answers

    def close(self) -> None:
        """Stops the algorithm and its processes."""
        try:
            self.algorithm.stop()
        finally:
            # Not before: what hangs would hold up the stop.
            if self._watch is not None:
                self._watch.close()


def _load_runner(runner: Any, state: Mapping[str, Any]) -> None:
    with runner.faults:
        runner.load_state_dict(state)


def _do_share(
    runner: Any, do: Callable[[Any, Sequence[Any]], Sequence[Any]], items: Mapping[int, Any]
) -> dict[int, Any]:
    return dict(zip(items, do(runner, list(items.values())), strict=True))


def _series(values: Any, kind: type[tuple[Any, ...]]) -> list[Any]:
    """Returns what was logged as an item series: RLlib gives one item as it is, and none as NaN."""
    if isinstance(values, kind):
        return [values]
    return values if isinstance(values, list) else []
