"""Plain RLlib: our environments, modules and callbacks on its own env runners."""

from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
import torch
import wandb
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from ray.rllib.algorithms.appo import APPOConfig
from ray.rllib.algorithms.impala import IMPALAConfig
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.callbacks.callbacks import RLlibCallback
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.core.rl_module.rl_module import RLModuleSpec

from conftest import CLUSTERS, ZELDA
from griddly_lit import (
    GAP,
    ActionTrackerCallback,
    GAPModule,
    GriddlyEnv,
    ImpalaCNNModule,
    RLlibEnv,
    RLlibMultiAgentEnv,
    SimpleConv,
    SimpleConvModule,
    VideoCallback,
)
from griddly_lit.errors import ModelError, OptionError, PolicyError
from griddly_lit.rllib.user_code import user_code_by_value
from tracking.wandb_log import offline_runs

pytestmark = pytest.mark.usefixtures("ray_once")

ENV = {
    "yaml_file": CLUSTERS,
    "random_level_on_reset": True,
    "max_steps": 25,
    "record_actions": True,
    "record_video_config": {"frequency": 100, "include_agents": True},
}
TAG = {
    "yaml_file": "Multi-Agent/robot_tag_4.yaml",
    "max_steps": 25,
    "player_done_variable": "player_done",
    "record_actions": True,
    "record_video_config": {"frequency": 1000},
}
SMALL = {"train_batch_size_per_learner": 200, "minibatch_size": 100, "num_epochs": 1}


class Events(RLlibCallback):
    """Counts the events that a user's callback sees."""

    def on_episode_step(self, *, episode, metrics_logger, **_):
        for event in episode.get_infos(-1)["History"]:
            # The environment, player 0, moves what is pushed.
            metrics_logger.log_value("moves", event["PlayerId"] == 1, reduce="sum")


def config_of(env, env_config, module=GAPModule, config_class=PPOConfig, model_config=None):
    return (
        config_class()
        .environment(env, env_config=env_config)
        .env_runners(num_env_runners=0, num_envs_per_env_runner=2)
        .rl_module(rl_module_spec=RLModuleSpec(module_class=module, model_config=model_config))
        .reporting(min_time_s_per_iteration=0)
    )


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """Three iterations with a runner of its own, and an offline W&B run."""
    folder = tmp_path_factory.mktemp("single")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_SILENT", "true")
        run = wandb.init(project="griddly", dir=folder, mode="offline")
        config = config_of(RLlibEnv, ENV).training(**SMALL)
        config.callbacks([VideoCallback, ActionTrackerCallback, Events])
        with user_code_by_value(config):
            algorithm = config.env_runners(num_env_runners=1).build_algo()
        try:
            results = [algorithm.train() for _ in range(3)]
        finally:
            algorithm.stop()
            run.finish()
    return algorithm, results, offline_runs(folder)[0]


def test_results_have_action_counts(single):
    _, results, _ = single
    for result in results:
        counts = {key: value for key, value in result.items() if key.startswith("agent_info/")}
        assert set(counts) == {f"agent_info/1/{name}" for name in ("move", "win", "lose", "end")}
        assert "agent_info" not in result["env_runners"]
        # Every event of every step was in info, too.
        assert counts["agent_info/1/move"] == result["env_runners"]["moves"] > 0


def test_results_have_videos_of_the_trials_folder(single):
    algorithm, results, _ = single
    videos = [
        {key: path for key, path in result.items() if key.startswith("videos/")}
        for result in results
    ]
    assert videos[0]
    for key, path in {**videos[0], **videos[2]}.items():
        assert Path(path).is_relative_to(Path(algorithm.logdir) / key.split("/agent")[0])
        assert imageio.imread(path).max() > 50
    agents = {key for key in videos[0] if key.endswith("/agent_1")}
    assert {f"{key}/agent_1" for key in videos[0] if key not in agents} == agents
    # One episode at first, then the first whole one after each 100 steps of the first environment,
    # of which an iteration takes 100.
    assert [len(each) for each in videos] == [2, 2, 2]


def test_an_open_wandb_run_gets_both(single):
    _, results, run = single
    told = {key: value for row in run.history for key, value in row.items()}
    assert told["agent_info/1/move"] == results[-1]["agent_info/1/move"]
    (key,) = (key for key in results[0] if key.startswith("videos/") and "agent" not in key)
    (row,) = (row for row in run.history[:4] if key in row)
    assert imageio.imread(run.files / row[key]["path"]).max() > 50
    assert row["trainer/global_step"] == 200
    assert run.step_metrics[key] == run.step_metrics["agent_info/1/move"] == "trainer/global_step"


def test_several_players():
    config = config_of(RLlibMultiAgentEnv, TAG, SimpleConvModule).training(**SMALL)
    config.multi_agent(policies={"shared"}, policy_mapping_fn=lambda agent, episode, **_: "shared")
    algorithm = config.callbacks([ActionTrackerCallback, VideoCallback]).build_algo()
    try:
        result = algorithm.train()
    finally:
        algorithm.stop()
    assert all(result[f"agent_info/{agent}/tag"] > 0 for agent in (1, 2, 3, 4))
    assert imageio.imread(result["videos/level_0"]).max() > 50
    assert np.isfinite(result["learners"]["shared"]["total_loss"])


@pytest.mark.parametrize("config_class", [APPOConfig, IMPALAConfig])
def test_algorithms_that_learn_from_old_samples(config_class):
    env_config = {"yaml_file": ZELDA, "max_steps": 25}
    config = config_of(RLlibEnv, env_config, SimpleConvModule, config_class)
    config.training(train_batch_size_per_learner=50)
    config.learners(num_learners=0).reporting(min_sample_timesteps_per_iteration=100)
    algorithm = config.build_algo()
    try:
        results = [algorithm.train() for _ in range(3)]
    finally:
        algorithm.stop()
    assert np.isfinite(results[-1]["learners"]["default_policy"]["total_loss"])


@pytest.mark.parametrize(
    ("module_class", "model"), [(SimpleConvModule, SimpleConv()), (GAPModule, GAP())]
)
@pytest.mark.parametrize("actions", [Discrete(5), MultiDiscrete([2, 5])])
def test_modules_are_the_documented_networks(module_class, model, actions):
    observations = Box(0, 255, (6, 7, 4), np.uint8)
    module = module_class(
        observation_space=observations, action_space=actions, model_config={}, inference_only=False
    )
    batch = {Columns.OBS: torch.randint(0, 2, (3, 6, 7, 4), dtype=torch.uint8)}
    logits = 5 if actions == Discrete(5) else 7
    out = module.forward_train(batch)
    assert out[Columns.ACTION_DIST_INPUTS].shape == (3, logits)
    assert torch.equal(module.compute_values(batch), out[Columns.EMBEDDINGS])
    with torch.no_grad():
        acting = module.forward_exploration(batch)
    assert torch.allclose(acting[Columns.ACTION_DIST_INPUTS], out[Columns.ACTION_DIST_INPUTS])
    assert {name: p.shape for name, p in module.network.named_parameters()} == {
        name: p.shape for name, p in model.build((6, 7, 4), logits).named_parameters()
    }


@pytest.mark.parametrize(
    "model_config", [{}, None, {"vf_share_layers": True}, DefaultModelConfig()]
)
def test_a_model_config_of_defaults_is_fine(model_config):
    space = Box(0, 255, (5, 5, 3), np.uint8)
    module = ImpalaCNNModule(
        observation_space=space, action_space=Discrete(4), model_config=model_config
    )
    assert module.head.num_logits == 4


@pytest.mark.parametrize(
    ("observations", "actions", "model_config", "message"),
    [
        ((5, 5, 3), Discrete(4), {"use_lstm": True}, "use_lstm.*nothing reads"),
        ((5, 5, 3), Discrete(4), DefaultModelConfig(use_lstm=True), "use_lstm"),
        ((75,), Discrete(4), {}, r"observation_space=.*\(H, W, C\)"),
        ((5, 5, 3), Box(0, 1, (2,)), {}, "action_space=.*Discrete"),
    ],
)
def test_what_a_module_cannot_do_is_named(observations, actions, model_config, message):
    with pytest.raises(ModelError, match=f"GAPModule.*{message}"):
        GAPModule(
            observation_space=Box(0, 255, observations, np.uint8),
            action_space=actions,
            model_config=model_config,
        )


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        (lambda: config_of(GriddlyEnv, ENV), OptionError, "dictionary.*Take griddly_lit.RLlibEnv"),
        (lambda: config_of(RLlibEnv, TAG), PolicyError, "names no policies.*multi_agent"),
        (lambda: config_of(RLlibMultiAgentEnv, TAG), PolicyError, "names no policies"),
        (
            lambda: config_of(RLlibEnv, {"yaml_file": ZELDA}).callbacks(VideoCallback),
            OptionError,
            "record_video_config.*Set env_config",
        ),
        (
            lambda: config_of(RLlibEnv, {"yaml_file": ZELDA}).callbacks(ActionTrackerCallback),
            OptionError,
            "record_actions.*Set env_config",
        ),
    ],
)
def test_what_a_plain_user_gets_wrong(config, error, message):
    with pytest.raises(error, match=message):
        config().build_algo()
