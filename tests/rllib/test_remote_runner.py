"""A runner in another process acts with what the learner learned."""

import pytest
import torch

from games import CORRIDOR
from griddly_lit import GriddlyEnvSpec, ImpalaCNN
from griddly_lit.policies import resolve_policies
from griddly_lit.rllib.config import Settings, algorithm_config
from griddly_lit.rllib.run import TrainingRun

TRAINING = {"train_batch_size_per_learner": 64, "lr": 1e-2}


@pytest.mark.parametrize("algorithm", ["PPO", "APPO", "IMPALA"])
def test_weights_reach_a_remote_runner(algorithm, ray_once):
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR, levels=[0, 1], max_steps=10)
    policies = resolve_policies(spec, "shared", ImpalaCNN())
    small = {"minibatch_size": 32, "num_epochs": 1} if algorithm == "PPO" else {}
    settings = Settings(
        spec,
        policies,
        algorithm=algorithm,
        training={**TRAINING, **small},
        num_env_runners=1,
        num_envs_per_env_runner=4,
        seed=1,
    )
    config = algorithm_config(settings).reporting(min_sample_timesteps_per_iteration=256)
    run = TrainingRun(config)

    def acting():
        group = run.algorithm.env_runner_group
        (weights,) = group.foreach_env_runner(
            lambda runner: runner.module.network.state_dict(), local_env_runner=False
        )
        return weights

    try:
        first_acting, first_learned = acting(), run.weights()["default_policy"]
        assert all(torch.equal(first_acting[name], first_learned[name]) for name in first_learned)
        for _ in range(6):
            run.iterate()
        last_acting, last_learned = acting(), run.weights()["default_policy"]
    finally:
        run.close()

    def distance(one, other):
        return sum(float((one[name] - other[name]).abs().sum()) for name in one)

    learned = distance(first_learned, last_learned)
    assert learned > 0
    # It may be an update or two behind.
    assert distance(last_acting, last_learned) < 0.5 * learned
