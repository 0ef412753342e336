"""The options of the commands are those of the classes."""

import dataclasses
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from griddly_lit import GriddlyEnvSpec, GriddlyTrainer
from griddly_lit.cli import main
from griddly_lit.cli.commands import COMMANDS, ENV, TRAINER

NOTHING_HEAVY = """
import sys
from pathlib import Path
started = []
sys.addaudithook(lambda event, _: started.append(event) if event in STARTS else None)
STARTS = {"subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec", "os.system"}
from griddly_lit.cli import main
code = main(sys.argv[1:])
heavy = {"torch", "ray", "lightning", "wandb", "scipy", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
assert not started, started
sys.exit(code)
"""


def test_the_trainer_declares_them():
    signature = inspect.signature(GriddlyTrainer)
    assert TRAINER.names() == set(signature.parameters)
    for option in TRAINER.options():
        default = signature.parameters[option.name].default
        assert option.default == (None if default is inspect.Parameter.empty else default)
        assert option.doc


def test_the_spec_declares_them():
    fields = {field.name: field for field in dataclasses.fields(GriddlyEnvSpec) if field.init}
    assert ENV.names() == set(fields)
    for option in ENV.options():
        assert option.default == fields[option.name.removeprefix("env.")].default
        assert option.doc


@pytest.mark.parametrize("name", ["fit", "validate", "test", "play"])
def test_the_methods_declare_them(name):
    method = inspect.signature(getattr(GriddlyTrainer, name))
    assert COMMANDS[name].action.names() == set(method.parameters) - {"self"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_lists_all_options(name, capsys):
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    command = COMMANDS[name]
    for option in command.options.values():
        assert (option.name if option.name in command.positionals else f"--{option.name} ") in shown
    # Types are written out, so that nobody has to look for what `Levels` is.
    assert not re.search(r"\((Levels|Model|Policies|View)[,)]", shown)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--model.help", "TorchModel"], "--model.once_each"),
        (["--video.help", "VideoRecording"], "--video.include_agents"),
        (["--env.levels.help=PrioritizedLevels"], "--env.levels.capacity"),
        (["--logger.help", "CSVLogger"], "--logger.save_dir"),
    ],
)
def test_help_of_a_class(words, part, capsys):
    assert main(["fit", *words]) == 0
    assert part in capsys.readouterr().out


def test_it_is_a_module_too():
    command = [sys.executable, "-m", "griddly_lit"]
    assert subprocess.run([*command, "--version"], capture_output=True).stdout
    assert subprocess.run([*command, "fitt"], capture_output=True).returncode == 2


def test_help_of_all(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)
    assert main(["--version"]) == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["fit", "--help"],
        ["fit", "--print_config", "--model", "GAP", "--env.max_steps", "5", "--logger=false"],
    ],
)
def test_nothing_is_started(words):
    done = subprocess.run(
        [sys.executable, "-c", NOTHING_HEAVY, *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "max_steps" in done.stdout or "fit" in done.stdout


def printed(capsys, *words):
    assert main(["fit", *words, "--print_config"]) == 0
    return capsys.readouterr().out


def test_print_config_round_trip(tmp_path, capsys):
    text = printed(
        capsys,
        "--model=TorchModel",
        "--model.module_class=recipes.own_model.Residual",
        "--model.width=32",
        "--env.levels=SequentialLevels",
        "--env.levels.levels=[0, 1]",
        "--policies=SelfPlay",
        "--policies.snapshot_every=500",
        "--training.lr=1e-3",
        "--training.shared.lr=5e-4",
        "--valid_actions=off",
        "--track_actions",
        "--max_time=00:00:10:00",
        "--callbacks=[{class_path: EarlyStopping, init_args: {monitor: train/return_mean}}]",
    )
    values = yaml.safe_load(text)
    assert values["model"] == {
        "class_path": "griddly_lit.TorchModel",
        "init_args": {"module_class": "recipes.own_model.Residual"},
        "dict_kwargs": {"width": 32},
    }
    assert values["training"] == {"lr": 1e-3, "shared": {"lr": 5e-4}}
    assert values["valid_actions"] == "off"
    assert values["track_actions"] is True
    assert values["max_time"] == "00:00:10:00"
    assert values["env"]["levels"]["class_path"] == "griddly_lit.SequentialLevels"
    (tmp_path / "again.yaml").write_text(text)
    assert printed(capsys, "--config", str(tmp_path / "again.yaml")) == text


def test_the_shell_goes_over_the_files(tmp_path, capsys):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(
        "model: {class_path: TorchModel, init_args: {module_class: recipes.own_model.Residual}}\n"
        "training: {lr: 1e-3, gamma: 0.9}\nvalid_actions: off\nseed: 1\n"
    )
    second.write_text("training: {gamma: 0.99}\nseed: 2\n")
    files = [f"--config={path}" for path in (first, second)]
    values = yaml.safe_load(printed(capsys, *files, "--model.width=8", "--training.lr=3e-4"))
    assert values["training"] == {"lr": 3e-4, "gamma": 0.99}
    assert values["seed"] == 2
    assert values["model"]["dict_kwargs"] == {"width": 8}
    assert values["valid_actions"] == "off"
    values = yaml.safe_load(printed(capsys, *files, "--model", "GAP", "--training", "{lr: 1.0}"))
    assert values["model"] == "GAP"
    assert values["training"] == {"lr": 1.0}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_completion(shell, capsys):
    assert main(["--print_completion", shell]) == 0
    script = capsys.readouterr().out
    assert "griddly-lit" in script
    assert "env.max_steps" in script


def test_a_setting_may_be_of_a_class(monkeypatch, capfd):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    model = ["--model=nested_model.Remembering", "--model.memory=Long"]
    values = yaml.safe_load(printed(capfd, *model, "--model.memory.units=256"))
    assert values["model"]["init_args"]["memory"] == {
        "class_path": "nested_model.Long",
        "init_args": {"units": 256},
    }
    for wrong, part in (
        ("--model.memory.unts=3", "model.memory.unts: Long has no such setting. Did you mean 'un"),
        ("--model.memory.units=many", "model.memory.units='many': it is int"),
        ("--model.memory=Longer", "model.memory='Longer': there is no such class"),
    ):
        assert main(["fit", *model, wrong, "--print_config"]) == 2
        assert part in capfd.readouterr().err
