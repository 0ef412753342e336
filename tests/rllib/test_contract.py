"""The parts of RLlib that this package stands on, in one place for the next upgrade of ray."""

import pytest

from games import CORRIDOR
from griddly_lit import GriddlyEnvSpec, ImpalaCNN
from griddly_lit.policies import resolve_policies
from griddly_lit.rllib.config import Settings, algorithm_config
from griddly_lit.rllib.episode_window import EpisodeWindow
from griddly_lit.rllib.run import TrainingRun
from griddly_lit.rllib.runner_metrics import EpisodeFacts
from griddly_lit.rllib.series import series


@pytest.fixture(scope="module")
def run(ray_once):
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR, levels=[0, 1], max_steps=10)
    training = {"train_batch_size_per_learner": 256, "minibatch_size": 128, "num_epochs": 1}
    run = TrainingRun(
        algorithm_config(
            Settings(
                spec,
                resolve_policies(spec, "shared", ImpalaCNN()),
                training=training,
                num_envs_per_env_runner=8,
                seed=1,
            )
        )
    )
    yield run
    run.close()


def test_rllib_reports_under_the_keys_that_are_read(run):
    result = run.algorithm.train()
    runners = result["env_runners"]
    assert runners["num_env_steps_sampled_lifetime"] == 256
    assert runners["num_episodes_lifetime"] > 0
    assert runners["episode_len_mean"] > 0
    assert "episode_return_mean" in runners
    assert result["training_iteration"] == 1
    learner = result["learners"]["default_policy"]
    assert {"total_loss", "entropy", "mean_kl_loss", "policy_loss", "vf_loss"} <= set(learner)
    assert {"env_runner_sampling_timer", "learner_update_timer"} <= set(result["timers"])


def test_iterations_give_metrics_in_our_names(run):
    before = run.algorithm.iteration
    metrics = run.iterate()
    assert run.iterations == before + 1
    assert run.env_steps == 256 * run.iterations
    for name in (
        "train/return_mean",
        "train/length_mean",
        "train/win_rate",
        "train/episodes",
        *(
            f"learner/default_policy/{name}"
            for name in (
                "loss",
                "policy_loss",
                "value_loss",
                "entropy",
                "kl",
                "clip_fraction",
                "explained_variance",
                "grad_norm",
                "lr",
            )
        ),
        "time/env_steps_per_second",
        "time/sampling_seconds",
        "time/learning_seconds",
    ):
        assert isinstance(metrics[name], float), name
    assert metrics["learner/default_policy/kl"] > 0
    assert 0 <= metrics["learner/default_policy/clip_fraction"] <= 1
    assert metrics["learner/default_policy/lr"] == pytest.approx(7e-4)
    # The divergence that RLlib does not compute here, and would report as 0.
    assert "learner/default_policy/kl_loss" not in metrics


def test_runner_and_learner_hold_the_same_weights(run):
    run.iterate()
    acting = run.algorithm.env_runner.module.network.state_dict()
    learned = run.weights()["default_policy"]
    assert learned.keys() == acting.keys()
    assert all((learned[name] == acting[name]).all() for name in acting)


def test_the_state_names_what_repeats_the_episodes_in_flight(run):
    (runner,) = run.state_dict()["runners"]
    assert len(runner["games"]["episodes"]) == 8
    for episode in runner["games"]["episodes"]:
        assert episode["level"] in (0, 1)
        assert 0 <= episode["seed"] < 2**32
        assert len(episode["actions"]) < 10


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_series_of_any_length_arrives(run, count):
    from ray.rllib.utils.metrics.metrics_logger import MetricsLogger

    runner, root = MetricsLogger(root=False), MetricsLogger(root=True)
    facts = [EpisodeFacts((float(n),), n, (False,)) for n in range(count)]
    for fact in facts:
        runner.log_value("episodes", fact, reduce="item_series")
    runner.log_value("other", 1, reduce="sum")
    root.aggregate([runner.reduce()], key="env_runners")
    arrived = series(root.compile()["env_runners"].get("episodes"), EpisodeFacts)
    assert arrived == facts
    window = EpisodeWindow(run._policies, 1, by_side=True)
    window.add(arrived, [])
    metrics = window.metrics()
    assert metrics.get("train/return_mean") == (sum(range(count)) / count if count else None)
