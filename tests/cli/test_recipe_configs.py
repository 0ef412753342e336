"""``recipes/*.yaml`` say the same as the recipe beside each."""

import importlib.util
import sys
from pathlib import Path

import pytest

from griddly_lit import GriddlyEnvSpec
from griddly_lit.cli import main
from griddly_lit.cli.command_line import read_words
from griddly_lit.cli.given import given_options
from griddly_lit.cli.values import Values

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "recipes"
CONFIGS = sorted(path.stem for path in RECIPES.glob("*.yaml"))


class Made(Exception):  # noqa: N818
    """Ends a recipe when it makes its trainer."""


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch):
    # Where the README has people run them, and so that `recipes.own_model` is found.
    monkeypatch.chdir(ROOT)
    # A WandbLogger that is offline sets it for the whole process.
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])


def of_config(name):
    """Returns the spec, model and options that a config makes."""
    line = read_words(["fit", f"--config=recipes/{name}.yaml"])
    made = Values(line.command, given_options(line, line.command)).made()
    env = {key[4:]: made.pop(key) for key in list(made) if key.startswith("env.")}
    made.pop("ckpt_path", None)
    return GriddlyEnvSpec(**env), made.pop("model"), made


def of_recipe(name, monkeypatch):
    """Returns those that the recipe beside it makes its trainer with."""

    def trainer(spec, model, **options):
        raise Made(spec, model, options)

    spec = importlib.util.spec_from_file_location(f"recipes.{name}", RECIPES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, f"recipes.{name}", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "GriddlyTrainer", trainer)
    with pytest.raises(Made) as made:
        module.main()
    return made.value.args


def plain(options):
    """Returns options that can be compared."""
    return {
        name: [(type(each), each.save_dir, each.name) for each in value]
        if name == "logger"
        else str(value)
        if name == "default_root_dir"
        else value
        for name, value in options.items()
    }


def named(model):
    """Returns a model as its name where that says it all."""
    if isinstance(model, dict):
        return {policy: named(each) for policy, each in model.items()}
    return model if isinstance(model, str) or repr(model)[-2:] != "()" else type(model).__name__


def test_every_recipe_that_a_config_can_say_has_one():
    cannot = {"from_env_config", "render_a_replay", "own_parts", "sweep", "plain_rllib"}
    cannot |= {"tune_documented_config", "tune_documented_multi_agent"}
    assert set(CONFIGS) == {path.stem for path in RECIPES.glob("*.py")} - cannot


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_makes_what_its_recipe_makes(name, monkeypatch):
    spec, model, options = of_recipe(name, monkeypatch)
    ours = of_config(name)
    assert ours[0].text == spec.text
    path = {"yaml_file": None}
    assert {**ours[0].to_dict(), **path} == {**spec.to_dict(), **path}
    assert named(ours[1]) == named(model)
    defaults = {"policies": "shared"}
    assert {**defaults, **plain(ours[2])} == {**defaults, **plain(options)}


@pytest.mark.usefixtures("ray_once")
def test_a_config_runs(tmp_path, capfd):
    words = [
        "--config=recipes/own_model.yaml",
        f"--default_root_dir={tmp_path}",
        "--max_env_steps=128",
        "--training.train_batch_size_per_learner=128",
        "--training.minibatch_size=64",
        "--training.num_epochs=1",
        "--num_envs_per_env_runner=8",
        "--enable_progress_bar=false",
    ]
    assert main(["fit", *words, "--model.width=8"]) == 0
    assert "level 4: return" not in capfd.readouterr().out
    (last,) = tmp_path.glob("**/checkpoints/last")
    alone = [f"--ckpt_path={last}", "--episodes_per_level=1", "--logger=false"]
    # A stranger's checkpoint runs no code that it names.
    assert main(["test", *alone]) == 2
    assert "trust" in capfd.readouterr().err
    assert main(["test", *alone, "--trust=recipes"]) == 0
    shown = capfd.readouterr().out
    assert "level 4: return" in shown
    own = ["--model=TorchModel", "--model.module_class=recipes.own_model.Residual"]
    assert main(["test", *alone, *own]) == 0
    assert capfd.readouterr().out == shown
