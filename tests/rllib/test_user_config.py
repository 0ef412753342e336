"""A user's RLlib config keeps its settings, or says which one it cannot keep."""

import gymnasium
import pytest
from ray.rllib.algorithms.appo import APPOConfig
from ray.rllib.algorithms.dqn import DQNConfig
from ray.rllib.algorithms.impala import IMPALAConfig
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.callbacks.callbacks import RLlibCallback
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner

from conftest import CLUSTERS
from griddly_lit import GriddlyEnvSpec, SimpleConv
from griddly_lit.errors import AlgorithmError
from griddly_lit.policies import resolve_policies
from griddly_lit.rllib.config import Settings, algorithm_config


class Steps(RLlibCallback):
    def on_episode_step(self, **kwargs):
        """Would count."""


class Results(RLlibCallback):
    def on_train_result(self, **kwargs):
        """Counts."""


def config_of(algorithm, **settings):
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS)
    policies = resolve_policies(spec, "shared", SimpleConv())
    return algorithm_config(Settings(spec, policies, algorithm=algorithm, **settings))


def dqn():
    return DQNConfig().training(dueling=False, num_atoms=1)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (PPOConfig().env_runners(batch_mode="complete_episodes"), "batch_mode='complete_episodes'"),
        (
            PPOConfig().env_runners(env_to_module_connector=lambda env: None),
            "env_to_module_connector.*no connectors.*TorchModel",
        ),
        (
            PPOConfig().env_runners(module_to_env_connector=lambda env: None),
            "module_to_env_connector",
        ),
        (PPOConfig().callbacks(Steps), "on_episode_step.*does not call"),
        (PPOConfig().callbacks([Results, Steps]), "on_episode_step"),
        (PPOConfig().callbacks(on_episode_end=print), "on_episode_end"),
        (PPOConfig().callbacks(on_sample_end=print), "on_sample_end"),
        (dqn().training(noisy=True), "noisy=True.*epsilon"),
        (PPOConfig().evaluation(evaluation_interval=1), "evaluation_interval.*validate_every"),
        (PPOConfig().env_runners(env_runner_cls=SingleAgentEnvRunner), "SingleAgentEnvRunner"),
        (PPOConfig().environment("CartPole-v1"), "env=.*CartPole.*argument env"),
        (
            PPOConfig().environment(observation_space=gymnasium.spaces.Discrete(3)),
            "observation_space=Discrete",
        ),
        (PPOConfig().environment(clip_rewards=True), "clip_rewards=True"),
        # RLlib's own default is 2.
        (PPOConfig().env_runners(num_env_runners=3), "argument num_env_runners"),
        (PPOConfig().debugging(seed=3), "seed=3.*argument seed"),
        (PPOConfig().multi_agent(policies={"a", "b"}), "argument policies"),
        (PPOConfig().rl_module(model_config={"fcnet_hiddens": [8]}), "argument model"),
        (PPOConfig().training(model={"use_lstm": True}), "use_lstm.*argument model"),
    ],
)
def test_what_would_be_lost_is_named(config, message):
    with pytest.raises(AlgorithmError, match=message):
        config_of(config)


def test_what_would_be_lost_from_the_trainers_settings_is_named():
    with pytest.raises(AlgorithmError, match="noisy=True"):
        config_of("DQN", training={"noisy": True})


@pytest.mark.parametrize("config", [PPOConfig(), APPOConfig(), IMPALAConfig(), dqn()])
def test_defaults_lose_nothing(config):
    config_of(config)


def test_settings_that_have_their_effect_are_kept():
    mine = (
        PPOConfig()
        .training(lr=0.1, train_batch_size_per_learner=31 * 128, learner_connector=lambda *_: None)
        .callbacks(Results)
        .reporting(min_sample_timesteps_per_iteration=500, min_time_s_per_iteration=3)
        .env_runners(num_env_runners=2, rollout_fragment_length=31, explore=False)
    )
    config = config_of(mine, num_env_runners=2)
    assert config.callbacks_class is Results
    assert (config.lr, config.rollout_fragment_length, config.explore) == (0.1, 31, False)
    assert config.min_sample_timesteps_per_iteration == 500
    assert config.min_time_s_per_iteration == 3
    assert config._learner_connector is mine._learner_connector
    # What comes out may go in again.
    config_of(config, num_env_runners=2)
