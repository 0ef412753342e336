"""Every recipe runs, small."""

import importlib.util
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[2] / "recipes"
SMALL = {
    "training": {"train_batch_size_per_learner": 128, "minibatch_size": 64, "num_epochs": 1},
    "num_envs_per_env_runner": 8,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}

pytestmark = pytest.mark.usefixtures("ray_once")


def recipe(name):
    module_spec = importlib.util.spec_from_file_location(f"recipe_{name}", RECIPES / f"{name}.py")
    module = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    return module


def test_every_recipe_is_tested():
    tested = {"clusters", "from_env_config", "own_model", "resume", "demo"}
    tested |= {"wandb_videos_and_actions", "render_a_replay"}
    tested |= {"robot_tag", "foragers", "two_policies", "rts_self_play"}
    assert {path.stem for path in RECIPES.glob("*.py")} == tested


@pytest.mark.parametrize("name", ["clusters", "from_env_config"])
def test_documented_configurations(name, capsys):
    recipe(name).main(fast_dev_run=True, enable_progress_bar=False, enable_model_summary=False)
    assert "stopped by fast_dev_run" in capsys.readouterr().out


def test_the_two_documented_configurations_are_one():
    dictionary = recipe("from_env_config").ENV_CONFIG
    assert dictionary["random_level_on_reset"] is True
    assert dictionary["max_steps"] == 1000
    assert "clusters_partially_observable" in dictionary["yaml_file"]


def test_own_model(tmp_path, capsys):
    module = recipe("own_model")
    # A checkpoint names the class by its module, which a script run by path has not.
    module.main(**SMALL, max_env_steps=128, default_root_dir=tmp_path, enable_checkpointing=False)
    assert "level 4: return" in capsys.readouterr().out


def test_resume(tmp_path, capsys, caplog):
    recipe("resume").main(128, 256, **SMALL, default_root_dir=tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["128", "256"]
    assert "training begins anew" in caplog.text


def test_wandb_videos_and_actions(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / name))
    recipe("wandb_videos_and_actions").main(
        **SMALL,
        max_env_steps=512,
        validate_every_env_steps=256,
        validation_episodes=1,
        default_root_dir=tmp_path,
    )
    assert "metrics.csv" in capsys.readouterr().out
    assert list(tmp_path.glob("wandb/offline-run-*/files/media/videos/**/*.mp4"))
    assert list(tmp_path.glob("wandb_videos_and_actions/version_0/videos/**/*.mp4"))


def test_render_a_replay(tmp_path):
    recipe("render_a_replay").main(folder=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= {
        "agent.gif",
        "agent.mp4",
        "episode.json",
        "global.mp4",
    }


@pytest.mark.parametrize("name", ["robot_tag", "two_policies"])
def test_several_players(name, tmp_path, capsys):
    recipe(name).main(**SMALL, max_env_steps=128, default_root_dir=tmp_path, logger=False)
    assert "agent 4: return" in capsys.readouterr().out
    assert list(tmp_path.glob("checkpoints/last"))


@pytest.mark.parametrize("policies", ["shared", "independent"])
def test_foragers(policies, tmp_path, capsys):
    recipe("foragers").main(policies, **SMALL, max_env_steps=128, default_root_dir=tmp_path)
    assert "agent 4: return" in capsys.readouterr().out


def test_rts_self_play(tmp_path, capsys):
    recipe("rts_self_play").main(**SMALL, max_env_steps=128, default_root_dir=tmp_path)
    assert "over the policy before training" in capsys.readouterr().out
