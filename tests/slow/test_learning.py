"""Agents learn: minutes each, run by ``make test-slow``."""

import pytest

from conftest import SPIDER_NEST
from griddly_lit import Callback, GriddlyEnvSpec, GriddlyTrainer

pytestmark = pytest.mark.slow


class StopAt(Callback):
    """Ends training when the mean return over 100 episodes reaches a goal."""

    def __init__(self, goal):
        self.goal = goal
        self.best = float("-inf")

    def on_iteration_end(self, trainer):
        if trainer.metrics.get("train/episodes", 0) >= 100:
            self.best = max(self.best, trainer.metrics["train/return_mean"])
        trainer.should_stop = self.best >= self.goal


def learn(spec, model, max_env_steps, **options):
    trainer = GriddlyTrainer(
        spec,
        model,
        max_env_steps=max_env_steps,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    return trainer.fit().metrics["train/return_mean"]


# Not every seed gets there: benchmarks/results/defaults.json has the share.
@pytest.mark.timeout(3600)
def test_ppo_with_simple_conv_learns_spider_nest():
    spec = GriddlyEnvSpec(yaml_file=SPIDER_NEST, max_steps=500)
    ends = [learn(spec, "SimpleConv", 250_000, seed=seed) for seed in (1, 2, 3)]
    print(f"spider-nest: {ends}")
    assert sum(end >= 1.5 for end in ends) >= 2


# A random policy wins about 0.15 a episode of 50 steps here.
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("algorithm", "num_env_runners"), [("APPO", 1), ("IMPALA", 1), ("APPO", 0), ("DQN", 0)]
)
def test_other_algorithms_learn_through_the_same_runner(algorithm, num_env_runners):
    spec = GriddlyEnvSpec(
        yaml_file="Single-Player/Mini-Grid/minigrid-doggo.yaml", levels=1, max_steps=50
    )
    stop = StopAt(0.9)
    learn(
        spec,
        "ImpalaCNN",
        200_000,
        seed=1,
        algorithm=algorithm,
        num_env_runners=num_env_runners,
        callbacks=stop,
    )
    assert stop.best >= 0.9
