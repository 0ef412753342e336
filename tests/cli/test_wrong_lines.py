"""Wrong command lines: one clear message each, and exit code 2."""

import pytest

from griddly_lit.cli import main
from griddly_lit.errors import WorkerError

GAME = "--env.yaml_file=Single-Player/GVGAI/sokoban.yaml"

LINES = {
    "nothing": ("", "no command is given", "Available: fit, validate"),
    "unknown command": ("fitt", "there is no such command", "Did you mean 'fit'?"),
    "no game": ("fit --model GAP", "--env.yaml_file: it is missing", "--config"),
    "no model": (f"fit {GAME}", "--model: it is missing", "--config"),
    "misspelt option": ("fit --max_env_step 5", "no such option", "Did you mean 'max_env_steps'?"),
    "option without its group": ("fit --max_steps 5", "no such", "Did you mean 'env.max_steps'?"),
    "group as an option": ("fit --env sokoban", "no such option", "Write --env.yaml_file=…"),
    "option of another command": ("fit --episodes_per_level 5", "griddly-lit fit has no such", ""),
    "stray word": ("fit run.yaml", "run.yaml: griddly-lit fit takes no such word", "--name value"),
    "wrong type": ("fit --env.max_steps many", "env.max_steps='many': it is int, or null", ""),
    "wrong type of a setting": ("fit --video.fps fast", "video.fps='fast': it is int", ""),
    "open bracket": ("fit --training {lr", "training='{lr': it is Mapping[str, Any]", ""),
    "no YAML": ("fit --env.yaml_file=*.yaml --model GAP", "yaml_file='*.yaml'", "no such file"),
    "no value": ("fit --max_env_steps --seed 1", "--max_env_steps: a value is missing", ""),
    "help of no class": ("fit --model.help Gap", "there is no such class", "Did you mean 'GAP'?"),
    "help of no object": ("fit --seed.help int", "no such option that takes an object", ""),
    "value for an object": ("fit --video 5", "video='5': it is VideoRecording, or null", ""),
    "unknown choice": ("fit --valid_actions maks", "valid_actions='maks'", "Did you mean 'mask'?"),
    "unknown setting": ("fit --video.fsp 5", "VideoRecording has no such", "Did you mean 'fps'?"),
    "unknown model": (f"fit {GAME} --model GAPP", "model='GAPP'", "Did you mean 'GAP'?"),
    "setting of no model": ("fit --model GAP --model.wdth 3", "GAP has no such setting", ""),
    "module not found": (
        "fit --model no.such.Net",
        "it cannot be imported",
        "package.module.Class",
    ),
    "missing setting": ("fit --env.levels GeneratedLevels", "it needs generator", ""),
    "unknown logger": ("fit --logger WandLogger", "no such class", "Did you mean 'WandbLogger'?"),
    "unknown algorithm": (f"fit {GAME} --model GAP --algorithm PPPO", "PPPO", "PPO"),
    "unknown training": (f"fit {GAME} --model GAP --training.lrr 1", "lrr", "Did you mean 'lr'?"),
    "level out of range": (f"fit {GAME} --env.levels 99 --model GAP", "level", "0"),
    "unknown game": ("fit --env.yaml_file none.yaml --model GAP", "there is no such file", ""),
    "negative": (f"fit {GAME} --model GAP --max_env_steps -5", "max_env_steps=-5", "at least 1"),
    "bad checkpoint": (
        "test --ckpt_path nowhere",
        "there is no such directory",
        "checkpoints/last",
    ),
    "checkpoint by name alone": ("test --ckpt_path best", "--env.yaml_file: it is missing", ""),
    "missing config": ("fit --config none.yaml", "it cannot be read (No such file", ""),
    "config without a path": ("fit --config", "a value is missing", "Write --config=…"),
    "no such shell": ("--print_completion cmd", "print_completion='cmd'", "bash"),
    "info of nothing": ("info", "GAME is missing", "griddly-lit info --help"),
    "info of no game": ("info none.yaml", "there is no such file", "sokoban.yaml"),
    "no replay": ("render none.json out.mp4", "none.json", ""),
    "unknown ending": ("render none.json out.avi", "out.avi", "mp4"),
    "not positional": ("render a.json b.mp4 c", "griddly-lit render takes no such word", ""),
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def message(words, capfd):
    """Returns the exit code and what was written to standard error."""
    code = main(words)
    return code, capfd.readouterr().err


@pytest.mark.parametrize("name", LINES)
def test_a_wrong_line_is_one_message(name, capfd):
    line, *parts = LINES[name]
    code, error = message(line.split(), capfd)
    assert code == 2, error
    assert error.startswith("griddly-lit: error: ")
    assert error.count("\n") == 1
    for part in parts:
        assert part in error


CONFIGS = {
    "broken YAML": ("env: [1", "it is no YAML (line"),
    "no mapping": ("- 1", "it has no options as keys"),
    "unknown key": ("modle: GAP", "run.yaml: modle: griddly-lit fit has no such option. Did you"),
    "unknown key in a group": ("env: {max_step: 5}", "env.max_step: griddly-lit fit has no such"),
    "wrong type": ("seed: one", "seed='one': it is int, or null"),
    "float for an integer": ("num_envs_per_env_runner: 8.5", "num_envs_per_env_runner=8.5: it is"),
    "setting of a class": (
        "policies: {class_path: SelfPlay, init_args: {pool: 3}}",
        "SelfPlay has no such setting. Did you mean 'pool_size'?",
    ),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_wrong_config_is_one_message(name, tmp_path, capfd):
    text, part = CONFIGS[name]
    (tmp_path / "run.yaml").write_text(text)
    code, error = message(["fit", "--config", "run.yaml"], capfd)
    assert code == 2
    assert part in error
    assert error.count("\n") == 1


def test_debug_shows_where(capfd):
    code, error = message(["info", "none.yaml", "--debug"], capfd)
    assert code == 2
    assert "Traceback" in error
    assert error.splitlines()[-1].startswith("griddly-lit: error: ")


@pytest.mark.parametrize(
    ("raised", "code", "text"),
    [
        (RuntimeError("the disk is gone"), 1, "error: RuntimeError: the disk is gone"),
        (
            WorkerError("runner 1", "it died", "Look there"),
            1,
            "error: runner 1: it died. Look there.",
        ),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_what_fails_at_work_has_a_code_of_its_own(raised, code, text, monkeypatch, capfd):
    def fails(game):
        raise raised

    monkeypatch.setattr("griddly_lit.cli.running._FUNCTIONS", {"info": fails})
    assert message(["info", "x"], capfd) == (code, f"griddly-lit: {text}\n")
