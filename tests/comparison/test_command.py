"""``griddly-lit compare``: its file says what the call says."""

import re
from pathlib import Path

import pytest

from griddly_lit import LSTM, GriddlyEnvSpec, SimpleConv
from griddly_lit.cli import main
from griddly_lit.cli.command_line import read_words
from griddly_lit.cli.given import given_options
from griddly_lit.cli.values import Values

STUDY = """
models:
  plain: SimpleConv
  memory:
    class_path: SimpleConv
    init_args:
      memory: {class_path: LSTM, init_args: {units: 16}}
envs:
  clusters:
    yaml_file: Single-Player/GVGAI/clusters_partially_observable.yaml
    levels: [0, 1]
    test_levels: [4]
    max_steps: 40
seeds: [2, 7]
max_env_steps: 1000
out: somewhere
training: {lr: 1e-3}
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    return str(path)


def test_models_and_games_by_name(config):
    line = read_words(["compare", "--config", config, "--dry_run"])
    made = Values(line.command, given_options(line, line.command)).made()
    assert made["models"] == {"plain": "SimpleConv", "memory": SimpleConv(memory=LSTM(16))}
    spec = made["envs"]["clusters"]
    assert isinstance(spec, GriddlyEnvSpec)
    assert (spec.test_levels, spec.max_steps) == ((4,), 40)
    assert made["seeds"] == [2, 7]
    assert made["training"] == {"lr": 1e-3}
    assert made["dry_run"] is True


def test_the_pages_file(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "comparing.md").read_text("utf-8")
    path = tmp_path / "study.yaml"
    path.write_text(re.search(r"^```yaml\n(.*?)^```", page, re.M | re.S)[1], "utf-8")
    line = read_words(["compare", "--config", str(path)])
    made = Values(line.command, given_options(line, line.command)).made()
    assert made["models"]["memory"] == SimpleConv(memory=LSTM(256))
    assert made["envs"]["clusters"].test_levels == (4,)
    assert (made["seeds"], made["max_env_steps"]) == (10, 200_000)


def test_what_is_missing_is_named(capsys):
    assert main(["compare", "--seeds", "2"]) == 2
    assert "--models: it is missing" in capsys.readouterr().err
