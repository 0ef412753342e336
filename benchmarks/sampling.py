"""How fast games are sampled in one process: griddly_lit, stock RLlib, and a loop by hand.

    python benchmarks/sampling.py [--quick]

All play clusters_partially_observable (random levels, 1000 steps at most) with the same untrained
SimpleConv, on one torch thread. They take turns, one training batch each, and the medians over the
rounds are compared: on a busy machine only what ran side by side is comparable.

- griddly_lit: ``GriddlyEnvRunner`` with 128 games.
- stock: RLlib's ``SingleAgentEnvRunner`` over ``GriddlyEnv``. The number of games is the one that
  some rounds before found to be the fastest.
- bare: raw engine calls, the network and a categorical distribution, written into arrays as a PPO
  by hand would do it; resets included.
- engine, network: the two parts of the bare loop by themselves, on the games and actions that it
  has just played, and on the observations that it has just seen.

The times of the runners include the metrics that RLlib asks for after every batch.

A runner's own cost is its wall time a step, less that of the engine and of the network. Taken with
SimpleConv it is a small difference of large, noisy numbers. So it is measured a second time with a
network that does nothing in the place of SimpleConv; that is the number that counts.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.env.env_runner import EnvRunner
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from griddly_lit import GriddlyEnvSpec, SimpleConv
from griddly_lit.engine import binding
from griddly_lit.rllib.config import Settings, algorithm_config
from griddly_lit.rllib.env_runner import GriddlyEnvRunner
from machine import circumstances, write_result

GAMES = 128
STOCK_GAMES = (8, 32, 64, 128, 256)
BATCH = 4096
MAX_STEPS = 1000
SEED = 1

Times = dict[str, list[float]]


class NoNetwork(nn.Module):
    """Gives what an untrained policy gives, at no cost."""

    def __init__(self, logits: int) -> None:
        super().__init__()
        self._logits = torch.zeros(1, logits)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        logits = self._logits.expand(len(observations), -1).contiguous()
        return logits, logits[:, 0]


class RawGames:
    """Games as a script would drive the engine, each reset when it ends."""

    def __init__(self, spec: GriddlyEnvSpec, count: int) -> None:
        gdy = binding.load_gdy(spec.text)
        self._levels = spec.game.level_count
        self._rng = np.random.default_rng(SEED)
        self._games = [binding.create_game(gdy) for _ in range(count)]
        self._players = [game.register_player("player", "Vector") for game in self._games]
        self._steps = [0] * count
        self.observations = np.zeros((count, *spec.observation_shapes[0]), dtype=np.uint8)
        self.rewards = np.zeros(count, dtype=np.float32)
        self.dones = np.zeros(count, dtype=np.bool_)
        for index, game in enumerate(self._games):
            game.init(False)
            self._reset(index)

    def _reset(self, index: int) -> None:
        game = self._games[index]
        game.load_level(int(self._rng.integers(self._levels)))
        game.seed(int(self._rng.integers(2**32)))
        game.reset()
        self._steps[index] = 0
        self._observe(index)

    def _observe(self, index: int) -> None:
        self.observations[index] = np.asarray(self._players[index].observe()).T

    def step(self, actions: NDArray[np.int32]) -> None:
        """Plays actions (N, 1, 1)."""
        for index, game in enumerate(self._games):
            rewards, done, _ = game.step_parallel(actions[index])
            self._steps[index] += 1
            done = done or self._steps[index] == MAX_STEPS
            self.rewards[index] = rewards[0]
            self.dones[index] = done
            if done:
                self._reset(index)
            else:
                self._observe(index)


@torch.no_grad()
def act(network: nn.Module, observations: NDArray[np.uint8]) -> tuple[Tensor, ...]:
    """Returns actions, their log-probabilities, logits and values."""
    logits, values = network(torch.from_numpy(observations))
    distribution = torch.distributions.Categorical(logits=logits, validate_args=False)
    actions = distribution.sample()
    return actions, distribution.log_prob(actions), logits, values


class BareLoop:
    """Sampling by hand, and its two parts."""

    def __init__(self, spec: GriddlyEnvSpec, network: nn.Module, count: int) -> None:
        steps = BATCH // count
        self._network = network
        self._games = RawGames(spec, count)
        # Plays what the loop played: same seeds, same actions, so the same episodes.
        self._twin = RawGames(spec, count)
        self._observations = np.zeros((steps, *self._games.observations.shape), dtype=np.uint8)
        self._actions = np.zeros((steps, count, 1, 1), dtype=np.int32)
        self._log_probs = np.zeros((steps, count), dtype=np.float32)
        self._logits = np.zeros((steps, count, sum(spec.action_nvec)), dtype=np.float32)
        self._values = np.zeros((steps, count), dtype=np.float32)
        self._rewards = np.zeros((steps, count), dtype=np.float32)
        self._dones = np.zeros((steps, count), dtype=np.bool_)

    def run(self) -> None:
        """Samples one batch."""
        games = self._games
        for step in range(len(self._actions)):
            self._observations[step] = games.observations
            actions, log_probs, logits, values = act(self._network, games.observations)
            self._actions[step, :, 0, 0] = actions
            self._log_probs[step] = log_probs
            self._logits[step] = logits
            self._values[step] = values
            games.step(self._actions[step])
            self._rewards[step] = games.rewards
            self._dones[step] = games.dones

    def run_engine(self) -> None:
        """Plays the batch again without a network."""
        for actions in self._actions:
            self._twin.step(actions)

    def run_network(self) -> None:
        """Acts on the batch's observations again without games."""
        for observations in self._observations:
            act(self._network, observations)


class Contestants:
    """Makes what is timed; every one has the same weights."""

    def __init__(self, spec: GriddlyEnvSpec) -> None:
        self._spec = spec
        torch.manual_seed(SEED)
        self._network = SimpleConv().build(spec.observation_shapes[0], sum(spec.action_nvec))
        self._no_network = NoNetwork(sum(spec.action_nvec))
        self._config: AlgorithmConfig = algorithm_config(
            Settings(
                env=spec,
                model=SimpleConv(),
                training={"train_batch_size_per_learner": BATCH},
                seed=SEED,
            )
        )

    def runner(self, cls: type[EnvRunner], count: int, free: bool = False) -> Callable[[], Any]:
        """Returns what samples one batch as PPO asks for it.

        Args:
            cls: The env runner's class.
            count: Number of games.
            free: Put a network that does nothing in the place of SimpleConv.
        """
        config = self._config.copy(copy_frozen=False).env_runners(
            env_runner_cls=cls, num_envs_per_env_runner=count
        )
        runner: Any = cls(config=config)
        runner.module.network = self._no_network if free else self._network

        def run() -> Any:
            return runner.sample(), runner.get_metrics()

        return run

    def stock_runners(self) -> dict[str, Callable[[], Any]]:
        """Returns the stock runner with several numbers of games."""
        return {f"stock {n}": self.runner(SingleAgentEnvRunner, n) for n in STOCK_GAMES}

    def all(self, stock_games: int) -> dict[str, Callable[[], Any]]:
        """Returns all that the comparison needs, in the order of a round."""
        parts = {
            f"griddly_lit {GAMES}": self.runner(GriddlyEnvRunner, GAMES),
            f"stock {stock_games}": self.runner(SingleAgentEnvRunner, stock_games),
        }
        for count in sorted({GAMES, stock_games}):
            bare = BareLoop(self._spec, self._network, count)
            parts[f"bare {count}"] = bare.run
            parts[f"engine {count}"] = bare.run_engine
            parts[f"network {count}"] = bare.run_network
        parts |= {
            f"griddly_lit {GAMES}, no network": self.runner(GriddlyEnvRunner, GAMES, free=True),
            f"stock {stock_games}, no network": self.runner(
                SingleAgentEnvRunner, stock_games, free=True
            ),
        }
        for count in sorted({GAMES, stock_games}):
            bare = BareLoop(self._spec, self._no_network, count)
            parts[f"bare {count}, no network"] = bare.run
            parts[f"engine {count}, no network"] = bare.run_engine
            parts[f"network {count}, no network"] = bare.run_network
        return parts


def measure(parts: dict[str, Callable[[], Any]], rounds: int) -> Times:
    """Returns microseconds an environment step of every part, one value a round."""
    times: Times = {name: [] for name in parts}
    for number in range(-1, rounds):  # the first round warms up
        for name, run in parts.items():
            began = time.perf_counter()
            batch = run()
            elapsed = time.perf_counter() - began
            del batch
            if number >= 0:
                times[name].append(1e6 * elapsed / BATCH)
    return times


def own_costs(times: Times, stock_games: int, suffix: str = "") -> dict[str, float]:
    """Returns each loop's time less that of the engine and of the network."""

    def of(name: str, count: int) -> float:
        return median(
            whole - engine - network
            for whole, engine, network in zip(
                times[f"{name} {count}{suffix}"],
                times[f"engine {count}{suffix}"],
                times[f"network {count}{suffix}"],
                strict=True,
            )
        )

    return {
        "griddly_lit": of("griddly_lit", GAMES),
        "stock": of("stock", stock_games),
        "bare": of("bare", GAMES),
    }


def summarize(times: Times, stock_games: int) -> dict[str, Any]:
    """Returns the ratios that the benchmark is about."""
    ours = median(times[f"griddly_lit {GAMES}"])
    own = own_costs(times, stock_games, ", no network")
    return {
        "stock_games": stock_games,
        "speed_over_stock": median(times[f"stock {stock_games}"]) / ours,
        "speed_over_bare": median(times[f"bare {GAMES}"]) / ours,
        "own_cost_over_stock": own["griddly_lit"] / own["stock"],
        "own_cost_us": own,
        "own_cost_us_with_network": own_costs(times, stock_games),
    }


def show(title: str, times: Times) -> None:
    """Prints a table of times."""
    table = Table("games", "µs a step", "min – max", "steps/s", title=title, show_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, values in times.items():
        middle = median(values)
        spread = f"{min(values):.1f} – {max(values):.1f}"
        table.add_row(name, f"{middle:.1f}", spread, f"{1e6 / middle:,.0f}")
    Console().print(table, "")


def show_summary(summary: dict[str, Any]) -> None:
    """Prints the ratios."""
    own, rough = summary["own_cost_us"], summary["own_cost_us_with_network"]
    print(f"speed over stock with {summary['stock_games']} games, its best:", end=" ")
    print(f"{summary['speed_over_stock']:.2f}  (wanted: 2)")
    print(f"speed over the bare loop: {summary['speed_over_bare']:.2f}  (wanted: 0.8)")
    print(f"own cost over stock's: {summary['own_cost_over_stock']:.3f}  (wanted: 0.2)")
    for name in own:
        print(f"  {name}: {own[name]:.1f} µs a step ({rough[name]:.1f} µs taken with SimpleConv)")


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description="How fast games are sampled in one process.")
    parser.add_argument("--quick", action="store_true", help="a few rounds only")
    quick = parser.parse_args().quick
    search_rounds, rounds = (2, 3) if quick else (5, 25)
    warnings.filterwarnings("ignore")
    logging.getLogger("ray.rllib").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    about = circumstances()
    contestants = Contestants(
        GriddlyEnvSpec(
            yaml_file="Single-Player/GVGAI/clusters_partially_observable.yaml",
            levels="random",
            max_steps=MAX_STEPS,
        )
    )
    search = measure(contestants.stock_runners(), search_rounds)
    show("stock, to find its best number of games", search)
    best = min(STOCK_GAMES, key=lambda count: median(search[f"stock {count}"]))
    times = measure(contestants.all(best), rounds)
    show("side by side", times)
    summary = summarize(times, best)
    show_summary(summary)
    write_result(
        "sampling_quick" if quick else "sampling",
        {
            **about,
            "settings": {"rounds": rounds, "batch": BATCH, "torch_threads": 1},
            "summary": summary,
            "us_per_env_step": times,
            "us_per_env_step_of_stock": search,
        },
    )


if __name__ == "__main__":
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    main()
