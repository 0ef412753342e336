"""Old config dictionaries, translated."""

import pytest
import torch
from ray.rllib.algorithms.impala import IMPALAConfig
from ray.rllib.algorithms.ppo import PPO, PPOConfig
from ray.rllib.core.rl_module.torch.torch_rl_module import TorchRLModule
from ray.tune.result import TRIAL_INFO

from conftest import CLUSTERS
from griddly_lit.errors import AlgorithmError, GriddlyLitError, ModelError
from griddly_lit.from_griddly import (
    ActionTrackerCallback,
    GAPAgent,
    MultiCallbacks,
    PPOTrainer,
    RLlibEnv,
    SimpleConvAgent,
    VideoCallback,
)
from griddly_lit.rllib.plain.old_config import translated

ENV_CONFIG = {"yaml_file": CLUSTERS, "max_steps": 1000}
OLD = {
    "framework": "torch",
    "num_workers": 8,
    "num_envs_per_worker": 4,
    "num_gpus": 1,
    "callbacks": MultiCallbacks([VideoCallback, ActionTrackerCallback]),
    "model": {"custom_model": "GAP", "custom_model_config": {}},
    "env": RLlibEnv,
    "env_config": ENV_CONFIG,
    "entropy_coeff_schedule": [[0, 0.01], [100000000, 0.0]],
    "lr": 0.1,
    "lr_schedule": [[0, 0.0005], [100000000, 0.0]],
    "train_batch_size": 500,
    "gamma": 0.95,
    "seed": 7,
    TRIAL_INFO: object(),
    "__stdout_file__": None,
}
FORAGERS = {**OLD, "env_config": {"yaml_file": "Multi-Agent/foragers.yaml"}}


class MyModule(TorchRLModule):
    """A user's."""


class OldModel:
    """One of RLlib's old stack would be a TorchModelV2."""


def test_the_documented_config():
    config = translated(IMPALAConfig, OLD)
    assert (config.num_env_runners, config.num_envs_per_env_runner) == (8, 4)
    assert config.num_gpus_per_learner == 1
    assert config.lr == [[0, 0.0005], [100000000, 0.0]]
    assert config.entropy_coeff == [[0, 0.01], [100000000, 0.0]]
    assert (config.train_batch_size_per_learner, config.gamma, config.seed) == (500, 0.95, 7)
    assert config.callbacks_class == [VideoCallback, ActionTrackerCallback]
    assert config.rl_module_spec.module_class is GAPAgent
    assert (config.env, config.env_config) == (RLlibEnv, ENV_CONFIG)
    assert not config.is_multi_agent


def test_settings_of_ppo():
    settings = {"sgd_minibatch_size": 64, "num_sgd_iter": 3, "lambda": 0.9, "min_iter_time_s": 2}
    config = translated(PPOConfig, {**OLD, **settings, "model": {"custom_model": SimpleConvAgent}})
    assert (config.minibatch_size, config.num_epochs, config.lambda_) == (64, 3, 0.9)
    assert config.min_time_s_per_iteration == 2
    assert config.rl_module_spec.module_class is SimpleConvAgent


def test_several_players_share_a_policy_unless_the_config_says_otherwise():
    config = translated(PPOConfig, FORAGERS)
    assert config.is_multi_agent
    assert list(config.policies) == [config.policy_mapping_fn(3, None)] == ["shared"]
    policies = {"odd": (None, None, None, {}), "even": (None, None, None, {})}
    for mapping in (
        lambda agent: "odd" if agent % 2 else "even",
        lambda agent, episode, worker=None, **_: "odd" if agent % 2 else "even",
    ):
        given = {"policies": policies, "policy_mapping_fn": mapping, "policies_to_train": ["odd"]}
        config = translated(PPOConfig, {**FORAGERS, "multiagent": given})
        assert set(config.policies) == {"odd", "even"}
        assert [config.policy_mapping_fn(agent, None) for agent in (1, 2)] == ["odd", "even"]


def test_an_rl_module_of_the_users_is_taken():
    config = translated(PPOConfig, {**OLD, "model": {"custom_model": MyModule}})
    assert config.rl_module_spec.module_class is MyModule


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_worker": 3}, "num_worker.*Did you mean 'num_workers'"),
        ({"monitor": True}, "monitor.*any more.*record_video_config"),
        ({"record_video_config": {"frequency": 9}}, "record_video_config.*into env_config"),
        ({"framework": "tf"}, "framework.*'tf'.*torch"),
        ({"model": {}}, "custom_model.*None.*takes no grids.*GAP"),
        ({"model": {"custom_model": "Gap"}}, "custom_model.*'Gap'.*no model of this name.*GAP"),
        ({"model": {"custom_model": OldModel}}, "custom_model.*RLModule now"),
        ({"model": {"custom_model": "GAP", "use_lstm": True}}, "use_lstm.*do not read"),
        ({"model": "GAP"}, "model.*custom_model"),
        ({"env_config": {"yaml_fil": CLUSTERS}}, "yaml_fil.*yaml_file"),
    ],
)
def test_what_does_not_fit_is_named(change, message):
    with pytest.raises(GriddlyLitError, match=message):
        translated(PPOConfig, {**OLD, **change})


def test_no_dictionary():
    with pytest.raises(AlgorithmError, match="as it was"):
        translated(PPOConfig, 3)


def test_the_trainers_are_rllibs_algorithms():
    assert issubclass(PPOTrainer, PPO)
    request = PPOTrainer.default_resource_request({**OLD, "num_workers": 2, "num_gpus": 0})
    assert request.required_resources["CPU"] == 3
    with pytest.raises(ModelError):
        PPOTrainer.default_resource_request({**OLD, "num_gpus": 0, "model": {}})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.usefixtures("ray_once")
def test_a_gpu_that_is_not_there_is_not_waited_for(caplog):
    request = PPOTrainer.default_resource_request(OLD)
    assert not request.required_resources.get("GPU")
    assert "['num_gpus']=1: Ray has no GPU" in caplog.text
