"""How fast games are sampled in one process: griddly_lit, stock RLlib, and a loop by hand.

    python benchmarks/sampling.py [--multi-agent] [--model GAP] [--threads 2]
                                  [--precision bf16-mixed] [--quick]

All play with the same untrained model, by default SimpleConv, on as many torch threads, by default
one. They take turns, two training batches each of which the second is timed, and the medians over the
rounds are compared. A step is one agent's.

With one player, the game is clusters_partially_observable (random levels, 1000 steps at most). With
``--multi-agent``, they are foragers and robot_tag_4 (the first level, 500 steps at most), each with
four players and one policy for all of them. In robot_tag_4 players leave; only the steps of those who
still play are counted.

- griddly_lit: ``GriddlyEnvRunner`` with 128 games; with several players, 64.
- stock: RLlib's ``SingleAgentEnvRunner`` over ``GriddlyEnv``; with several players,
  ``MultiAgentEnvRunner`` over ``GriddlyMultiAgentEnv``. The number of games is the one that some
  rounds before found to be the fastest.
- bare: raw engine calls, the network and a categorical distribution for each part of an action,
  written into arrays as a PPO by hand would do it; resets included. See ``raw_games.py``.
- engine, network: the two parts of the bare loop by themselves, on the games and actions that it
  has just played, and on the observations that it has just seen.

The times of the runners include the metrics that RLlib asks for after every batch. Steps are those
in the episodes that a runner returns.

Ours asks the network once about each distinct observation of a batch; stock and the bare loop ask about
every one. So it depends on the game how fast ours is, and ``distinct_observations`` tells their share.

A runner's own cost is its wall time a step, less that of the engine and of the network. Taken with
a model it is less than nothing for ours, which spares the network. So it is measured a second time with
a network that does nothing in its place; that is the number that counts.

``--precision`` is ours alone: stock RLlib and the bare loop compute in float32 whatever it is.

Whole training iterations are timed as well, see ``training_speed.py``: ours, and RLlib's runner with its
number of games, its learner, and the same network in a module that keeps no values from acting and asks
the network about every observation, as RLlib's own.
"""

from __future__ import annotations

import argparse
import logging
import os
import warnings
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import torch
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.env.env_runner import EnvRunner
from ray.rllib.env.multi_agent_env_runner import MultiAgentEnvRunner
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner
from torch import nn

from griddly_lit import GriddlyEnvSpec
from griddly_lit.policies import resolve_policies
from griddly_lit.rllib.config import Settings, algorithm_config
from machine import circumstances, write_result
from raw_games import BareLoop, NoNetwork
from side_by_side import Part, Times, measure, show, speed_over
from stock import stock_config
from training_speed import train_side_by_side

SEED = 1

# What is added to the name of a part: it plays with the model, or with a network that does nothing.
KINDS = WITH_MODEL, WITHOUT = "", ", no network"


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        batch: Environment steps a batch.
        search_rounds: Rounds in which stock's best number of games is found.
        rounds: Rounds that are compared.
        training_rounds: Training iterations of each that are compared.
    """

    batch: int
    search_rounds: int
    rounds: int
    training_rounds: int


@dataclass(frozen=True)
class Contest:
    """Who is compared with whom, and what is wanted.

    Attributes:
        stock: RLlib's own env runner.
        games: Number of games of ours.
        stock_games: Numbers of games that stock is tried with.
        wanted: What each ratio is to be.
    """

    stock: type[EnvRunner]
    games: int
    stock_games: tuple[int, ...]
    wanted: dict[str, float]


ONE_PLAYER = Contest(
    stock=SingleAgentEnvRunner,
    games=128,
    stock_games=(8, 32, 64, 128, 256),
    wanted={"speed_over_stock": 2, "speed_over_bare": 0.8, "own_cost_over_stock": 0.2},
)
SEVERAL_PLAYERS = Contest(
    stock=MultiAgentEnvRunner,
    games=64,
    stock_games=(8, 32, 64, 128),
    wanted={
        "speed_over_stock": 3,
        "speed_over_bare": 0.8,
        "own_cost_over_stock": 1 / 8,
        "training_speed_over_stock": 1.4,
    },
)


class Contestants:
    """Makes what is timed; every one has the same weights.

    Attributes:
        config: The algorithm's config, with our runner.
    """

    def __init__(
        self, spec: GriddlyEnvSpec, contest: Contest, batch: int, model: str, precision: str
    ) -> None:
        self._spec = spec
        self._contest = contest
        self._batch = batch
        (self._policy,) = resolve_policies(spec, "shared", model)
        logits = self._policy.head.num_logits
        torch.manual_seed(SEED)
        self._networks: dict[str, nn.Module] = {
            WITH_MODEL: self._policy.model.build(self._policy.observation_shape, logits),
            WITHOUT: NoNetwork(logits),
        }
        self.config: AlgorithmConfig = algorithm_config(
            Settings(
                env=spec,
                policies=(self._policy,),
                training={"train_batch_size_per_learner": batch, "minibatch_size": batch // 4},
                num_envs_per_env_runner=contest.games,
                precision=precision,
                seed=SEED,
            )
        )

    def stock_config(self, count: int) -> AlgorithmConfig:
        """Returns the same config with RLlib's own runner of so many games, and its learner."""
        config = stock_config(self.config, self._contest.stock)
        return config.env_runners(num_envs_per_env_runner=count)

    def stock_runners(self) -> dict[str, Part]:
        """Returns the stock runner with several numbers of games."""
        return {
            f"stock {count}": self._runner(self.stock_config(count), WITH_MODEL)
            for count in self._contest.stock_games
        }

    def all(self, stock_games: int, kind: str) -> dict[str, Part]:
        """Returns all that the comparison needs, in the order of a round.

        Args:
            stock_games: Number of games of the stock runner.
            kind: Key of the network.
        """
        ours, network = self._contest.games, self._networks[kind]
        parts = {
            f"griddly_lit {ours}{kind}": self._runner(self.config, kind),
            f"stock {stock_games}{kind}": self._runner(self.stock_config(stock_games), kind),
        }
        for count in sorted({ours, stock_games}):
            bare = BareLoop(self._spec, network, count, self._batch, SEED)
            parts |= bare.parts(f"{count}{kind}")
        return parts

    def distinct_observations(self) -> float:
        """Returns how many of the tenth batch's observations are distinct, as a share of all."""
        sample = self._runner(self.config, WITH_MODEL)
        for _ in range(10):
            episodes, _ = sample.run()
        seen = [row.tobytes() for each in episodes for row in each.get_observations()[:-1]]
        return len(set(seen)) / len(seen)

    def _runner(self, config: AlgorithmConfig, kind: str) -> Part:
        """Returns what samples one batch as PPO asks for it."""
        runner: Any = config.env_runner_cls(config=config)
        alone = not self._policy.has_company
        module = runner.module if alone else runner.module[self._policy.name]
        module.network = self._networks[kind]
        return Part(
            lambda: (runner.sample(), runner.get_metrics()),
            lambda sampled: sum(episode.agent_steps() for episode in sampled[0]),
        )


def own_costs(times: Times, games: int, stock_games: int, kind: str) -> dict[str, float]:
    """Returns each loop's time less that of the engine and of the network."""

    def of(name: str, count: int) -> float:
        return median(
            whole - engine - network
            for whole, engine, network in zip(
                *(times[f"{each} {count}{kind}"] for each in (name, "engine", "network")),
                strict=True,
            )
        )

    return {
        "griddly_lit": of("griddly_lit", games),
        "stock": of("stock", stock_games),
        "bare": of("bare", games),
    }


def summarize(times: Times, games: int, stock_games: int) -> dict[str, Any]:
    """Returns the ratios that the benchmark is about."""
    ours, stock, bare = f"griddly_lit {games}", f"stock {stock_games}", f"bare {games}"
    own = own_costs(times, games, stock_games, WITHOUT)
    least = median(times[f"engine {games}"]) + median(times[f"network {games}"])
    return {
        "stock_games": stock_games,
        "steps_per_second": {name: 1e6 / median(times[name]) for name in (ours, stock, bare)},
        "speed_over_stock": speed_over(times, ours, stock),
        "speed_over_stock_at_no_own_cost": median(times[stock]) / least,
        "speed_over_bare": speed_over(times, ours, bare),
        "own_cost_over_stock": own["griddly_lit"] / own["stock"],
        "own_cost_us": own,
        "own_cost_us_with_network": own_costs(times, games, stock_games, WITH_MODEL),
    }


def show_summary(summary: dict[str, Any], wanted: dict[str, float]) -> None:
    """Prints the ratios beside what is wanted."""
    print(f"stock has {summary['stock_games']} games, its best")
    for ratio, value in wanted.items():
        print(f"{ratio.replace('_', ' ')}: {summary[ratio]:.3f}  (wanted: {value:g})")
    if "training_speed_over_stock" not in wanted:
        print(f"training speed over stock: {summary['training_speed_over_stock']:.3f}")
    print(f"distinct observations: {summary['distinct_observations']:.2f} of all")
    limit = summary["speed_over_stock_at_no_own_cost"]
    print(f"  with the engine and every observation through the network, it would be {limit:.2f}")
    own, rough = summary["own_cost_us"], summary["own_cost_us_with_network"]
    for name in own:
        print(f"  own cost of {name}: {own[name]:.1f} µs a step", end=" ")
        print(f"({rough[name]:.1f} µs taken with the model)")


def compare(
    game: str,
    spec: GriddlyEnvSpec,
    contest: Contest,
    effort: Effort,
    model: str,
    precision: str,
) -> dict[str, Any]:
    """Measures one game.

    Returns:
        ``summary``, and the times that it was made of.
    """
    contestants = Contestants(spec, contest, effort.batch, model, precision)
    search = measure(contestants.stock_runners(), effort.search_rounds, untimed=1)
    show(f"{game}: stock, to find its best number of games", search)
    best = min(contest.stock_games, key=lambda count: median(search[f"stock {count}"]))
    times: Times = {}
    for kind in KINDS:
        times |= measure(contestants.all(best, kind), effort.rounds, untimed=1)
    show(f"{game}: side by side", times)
    summary = summarize(times, contest.games, best)
    result = {"summary": summary, "us_per_step": times, "us_per_step_of_stock": search}
    summary["distinct_observations"] = contestants.distinct_observations()
    training = train_side_by_side(
        {"griddly_lit": contestants.config, "stock": contestants.stock_config(best)},
        effort.training_rounds,
        SEED,
    )
    show(f"{game}: training", training)
    summary["training_speed_over_stock"] = speed_over(training, "griddly_lit", "stock")
    result["us_per_step_of_training"] = training
    show_summary(summary, contest.wanted)
    return result


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description="How fast games are sampled in one process.")
    parser.add_argument("--multi-agent", action="store_true", help="games of four players")
    parser.add_argument("--model", choices=("SimpleConv", "GAP"), default="SimpleConv")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    parser.add_argument("--precision", choices=("32-true", "bf16-mixed"), default="32-true")
    parser.add_argument("--quick", action="store_true", help="a few rounds only")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger("ray.rllib").setLevel(logging.ERROR)
    torch.set_num_threads(arguments.threads)
    about = circumstances()
    if arguments.multi_agent:
        # A batch of four players takes several times as long.
        effort = Effort(1024, 1, 3, 2) if arguments.quick else Effort(2048, 2, 8, 5)
        name = "sampling_multi_agent"
        results = {
            game: compare(
                game,
                GriddlyEnvSpec(
                    yaml_file=f"Multi-Agent/{game}.yaml",
                    max_steps=500,
                    player_done_variable=done_variable,
                ),
                SEVERAL_PLAYERS,
                effort,
                arguments.model,
                arguments.precision,
            )
            for game, done_variable in (("foragers", None), ("robot_tag_4", "player_done"))
        }
        result = {
            key: {game: each[key] for game, each in results.items()} for key in results["foragers"]
        }
    else:
        effort = Effort(4096, 2, 3, 2) if arguments.quick else Effort(4096, 5, 25, 5)
        name = "sampling"
        spec = GriddlyEnvSpec(
            yaml_file="Single-Player/GVGAI/clusters_partially_observable.yaml",
            levels="random",
            max_steps=1000,
        )
        result = compare("clusters", spec, ONE_PLAYER, effort, arguments.model, arguments.precision)
    name += "" if arguments.model == "SimpleConv" else f"_{arguments.model.lower()}"
    name += "" if arguments.precision == "32-true" else "_bf16"
    name += "" if arguments.threads == 1 else f"_{arguments.threads}_threads"
    write_result(
        f"{name}_quick" if arguments.quick else name,
        {
            **about,
            "settings": {**asdict(effort), **vars(arguments)},
            **result,
        },
    )


if __name__ == "__main__":
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    main()
