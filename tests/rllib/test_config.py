import pytest
from ray.rllib.algorithms.dqn import DQNConfig
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.algorithms.sac import SACConfig

from conftest import CLUSTERS, ZELDA
from griddly_lit import GriddlyEnvSpec, SimpleConv
from griddly_lit.errors import AlgorithmError, OptionError
from griddly_lit.policies import resolve_policies
from griddly_lit.rllib.algorithms import training_settings
from griddly_lit.rllib.config import Settings, algorithm_config
from griddly_lit.rllib.env_runner import GriddlyEnvRunner


def config_of(game=CLUSTERS, **settings):
    spec = GriddlyEnvSpec(yaml_file=game)
    policies = resolve_policies(spec, "shared", SimpleConv())
    return algorithm_config(Settings(spec, policies, **settings))


def test_settings_reach_the_config():
    config = config_of(
        training={"lr": 1e-3}, num_env_runners=2, num_envs_per_env_runner=16, num_learners=1, seed=7
    )
    assert isinstance(config, PPOConfig)
    assert config.env_runner_cls is GriddlyEnvRunner
    assert (config.lr, config.gamma, config.seed) == (1e-3, 0.995, 7)
    assert (config.num_env_runners, config.num_envs_per_env_runner, config.num_learners) == (
        2,
        16,
        1,
    )


def test_a_config_of_the_users_keeps_its_settings():
    mine = PPOConfig().training(lr=0.1, clip_param=0.05)
    config = config_of(algorithm=mine, training={"lr": 0.2})
    assert (config.lr, config.clip_param) == (0.2, 0.05)
    # The user's object is left alone, and our defaults do not get in.
    assert mine.lr == 0.1
    assert config.entropy_coeff == PPOConfig().entropy_coeff


def test_training_settings_restore_a_config():
    config = config_of(training={"lr": 1e-3, "num_epochs": 7})
    settings = training_settings(config)
    assert settings["lr"] == 1e-3
    assert settings["num_epochs"] == 7
    again = config_of(training=settings)
    assert training_settings(again) == settings


@pytest.mark.parametrize(
    ("error", "message", "settings"),
    [
        (
            AlgorithmError,
            "algorithm='PP0'.*Did you mean 'PPO'.*Available: PPO, APPO",
            {"algorithm": "PP0"},
        ),
        (AlgorithmError, "SACConfig: no model here", {"algorithm": SACConfig()}),
        (AlgorithmError, r"training\['learning_rate'\]", {"training": {"learning_rate": 1.0}}),
        (
            AlgorithmError,
            r"training\['clip_parm'\].*Did you mean 'clip_param'",
            {"training": {"clip_parm": 0.1}},
        ),
        (AlgorithmError, "clip_param", {"algorithm": "DQN", "training": {"clip_param": 0.1}}),
        (AlgorithmError, "dueling=True", {"algorithm": DQNConfig()}),
        (AlgorithmError, r"parts \(2, 5\)", {"algorithm": "DQN", "game": ZELDA}),
        (
            AlgorithmError,
            r"parts \(2, 5\)",
            {"algorithm": "DQN", "game": "Multi-Agent/foragers.yaml"},
        ),
        (
            AlgorithmError,
            r"training\['shared'\]\['gamma'\].*one gamma for all.*training\['gamma'\].*clip_param",
            {"training": {"shared": {"gamma": 0.9}}, "game": "Multi-Agent/foragers.yaml"},
        ),
        (OptionError, "precision='16'.*32-true, bf16-mixed", {"precision": "16"}),
        (OptionError, "accelerator='tpu'", {"accelerator": "tpu"}),
    ],
)
def test_bad_settings_are_named(error, message, settings):
    with pytest.raises(error, match=message):
        config_of(**settings)


def test_gpu_needs_a_gpu(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(OptionError, match="torch sees no GPU"):
        config_of(accelerator="gpu")
    assert config_of(accelerator="auto").num_gpus_per_learner == 0
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert config_of(accelerator="auto").num_gpus_per_learner == 1
    assert config_of(accelerator="cpu").num_gpus_per_learner == 0
