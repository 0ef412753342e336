"""The recipes that are RLlib's and Tune's own, small."""

from pathlib import Path

import imageio.v3 as imageio
import pytest

from recipes.test_recipes import recipe
from tracking.wandb_log import offline_runs

pytestmark = pytest.mark.usefixtures("ray_once")

SMALL = {"num_workers": 1, "num_envs_per_worker": 2, "min_iter_time_s": 0}


def small(module):
    env_config = {"max_steps": 40, "record_video_config": {"frequency": 1000}}
    return {**SMALL, "env_config": {**module.CONFIG["env_config"], **env_config}}


def assert_shows_something(path):
    frames = imageio.imread(path)
    assert len(frames) > 1
    assert frames.max() > 50


def test_plain_rllib(capsys):
    small = {"train_batch_size_per_learner": 400, "minibatch_size": 100, "num_epochs": 1}
    env_config = {"max_steps": 40, "record_video_config": {"frequency": 1000}}
    result = recipe("plain_rllib").main(1, env_config=env_config, **small)
    assert "agent_info/1/move: " in capsys.readouterr().out
    (key,) = (key for key in result if key.startswith("videos/level_"))
    assert_shows_something(result[key])


def test_the_documented_config(tmp_path, monkeypatch):
    for name, value in {"MODE": "offline", "SILENT": "true", "DIR": str(tmp_path)}.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    module = recipe("tune_documented_config")
    documented = dict(module.CONFIG)
    analysis = module.main(100, str(tmp_path), train_batch_size=100, **small(module))
    assert documented == module.CONFIG
    (trial,) = analysis.trials
    result = trial.last_result
    videos = {key: path for key, path in result.items() if key.startswith("videos/")}
    assert videos
    for path in videos.values():
        assert Path(trial.path) in Path(path).parents
        assert_shows_something(path)
    assert result["agent_info/1/move"] > 0
    assert result["timesteps_total"] >= 100
    (run,) = offline_runs(tmp_path)
    row = run.history[-1]
    assert row["agent_info/1/move"] == result["agent_info/1/move"]
    for key in videos:
        assert_shows_something(run.files / row[key]["path"])


@pytest.mark.slow
def test_the_documented_config_of_several_agents(tmp_path):
    module = recipe("tune_documented_multi_agent")
    changes = {"train_batch_size": 100, "sgd_minibatch_size": 50, "num_sgd_iter": 1}
    analysis = module.main(100, str(tmp_path), **changes, **small(module))
    (trial,) = analysis.trials
    assert set(trial.last_result["learners"]) == {"__all_modules__", "shared"}
    assert all(trial.last_result[f"agent_info/{agent}/move"] > 0 for agent in (1, 2, 3, 4))
    (key,) = (key for key in trial.last_result if key.startswith("videos/level_"))
    assert_shows_something(trial.last_result[key])
