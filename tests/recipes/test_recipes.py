"""Every recipe runs, small."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from griddly_lit import GeneratedLevels, GriddlyEnvSpec
from griddly_lit.engine import Game, load_gdy

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
    # Dataclasses look up the module that they stand in.
    sys.modules[module_spec.name] = module
    module_spec.loader.exec_module(module)
    return module


def test_every_recipe_is_tested():
    tested = {"clusters", "from_env_config", "own_model", "resume", "demo"}
    tested |= {"wandb_videos_and_actions", "render_a_replay"}
    # tests/slow/test_sweep.py has the sweep.
    tested |= {"own_parts", "sweep"}
    tested |= {"plain_rllib", "tune_documented_config", "tune_documented_multi_agent"}
    tested |= {"robot_tag", "foragers", "two_policies", "rts_self_play", "generated_levels"}
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


def test_own_parts(tmp_path):
    trainer = recipe("own_parts").main(tmp_path, **SMALL, max_env_steps=1024)
    lines = [line.split(",") for line in (tmp_path / "lines.csv").read_text().splitlines()]
    assert {"train/return_mean", "videos/level_0", "learner/default_policy/entropy"} <= {
        line[1] for line in lines
    }
    assert trainer.settings()["algorithm"] == "SPO"
    assert trainer.settings()["model"] == {"name": "Perceptron", "width": 256}
    assert list(tmp_path.glob("videos/level_0/*.mp4"))


def test_the_sweep_of_wandb_is_a_command_line(capsys):
    from griddly_lit.cli import main

    sweep = yaml.safe_load((RECIPES / "sweeps" / "wandb.yaml").read_text(encoding="utf-8"))
    first = {
        name: values.get("min") or values["values"][-1]
        for name, values in sweep["parameters"].items()
    }
    program, *words = sweep["command"]
    assert program == "griddly-lit"
    assert words.pop() == "${args}"
    words = [word.replace("recipes/", f"{RECIPES}/") for word in words]
    args = [f"--{name}={value}" for name, value in first.items()]
    assert main([*words, *args, "--print_config"]) == 0
    config = yaml.safe_load(capsys.readouterr().out)
    assert config["training"] == {"lr": 0.0001, "entropy_coeff": 0.003}
    assert config["model"] == "GAP"
    assert sweep["metric"]["name"] == "train/return_mean"


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


def test_generated_levels(tmp_path, capsys):
    recipe("generated_levels").main(
        **SMALL, max_env_steps=128, default_root_dir=tmp_path, logger=False
    )
    assert "100 other levels: return" in capsys.readouterr().out


def test_generated_clusters_can_be_won():
    module = recipe("generated_levels")
    levels = GeneratedLevels(module.Clusters, largest=module.LARGEST)
    spec = GriddlyEnvSpec(yaml_file="Single-Player/GVGAI/clusters.yaml", levels=levels)
    maker, game = module.Clusters({}), Game(load_gdy(spec.text), spec.game)
    for seed in range(40):
        game.reset(maker.generate(np.random.default_rng(seed)), 0)
        for push in maker.plan:
            for direction in [
                *way(game, push.stand, module.DIRECTIONS),
                *[push.direction] * push.steps,
            ]:
                result = game.step([[ACTIONS[direction]]])
        assert result.outcomes == ("win",)


# Left, up, right and down, by (rows, columns).
ACTIONS = {(0, -1): 1, (-1, 0): 2, (0, 1): 3, (1, 0): 4}


def way(game, goal, directions):
    """Returns the steps of the avatar to a cell, round everything that stands about."""
    cells = {}
    for each in game.state()["Objects"]:
        column, row = each["Location"]
        cells[row, column] = each["Name"]
    (start,) = (cell for cell, name in cells.items() if name == "avatar")
    ways, cells_to_visit = {start: []}, [start]
    for cell in cells_to_visit:
        for direction in directions:
            beside = cell[0] + direction[0], cell[1] + direction[1]
            if beside not in ways and cells.get(beside) in (None, "_empty"):
                ways[beside] = [*ways[cell], direction]
                cells_to_visit.append(beside)
    return ways[goal]
