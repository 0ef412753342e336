"""Studies of real runs: one of two models and two seeds, and what a user gets wrong."""

import json
import math
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas
import pytest
from torch import nn

from griddly_lit import GAP, GriddlyEnvSpec, SimpleConv, TorchModel, compare
from griddly_lit.comparison.calls import call_differences
from griddly_lit.errors import OptionError

SMALL = {
    "max_env_steps": 512,
    "validate_every_env_steps": 256,
    "validation_episodes": 2,
    "test_episodes": 2,
    "trainer": {"num_envs_per_env_runner": 8},
    "training": {"train_batch_size_per_learner": 256, "minibatch_size": 128},
    "enable_progress_bar": False,
}


class Broken(nn.Module):
    """A network that fails once it has learned."""

    def __init__(self, observation_shape, num_logits):
        super().__init__()
        self.linear = nn.Linear(math.prod(observation_shape), num_logits + 1)

    def forward(self, observations):
        if len(observations) == 128:  # a minibatch
            raise RuntimeError("a network of mine broke")
        out = self.linear(observations.float().flatten(1))
        return out[:, :-1], out[:, -1]


def games():
    return {
        "clusters": GriddlyEnvSpec(
            yaml_file="Single-Player/GVGAI/clusters_partially_observable.yaml",
            levels=[0, 1],
            test_levels=[4],
            max_steps=25,
        ),
        "bait": GriddlyEnvSpec(
            yaml_file="Single-Player/GVGAI/bait_partially_observable.yaml", levels=0, max_steps=25
        ),
    }


def clusters():
    return {"clusters": games()["clusters"]}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def study(out, ray_once):
    return compare({"SimpleConv": SimpleConv(), "GAP": GAP()}, clusters(), [3, 5], out=out, **SMALL)


def test_the_table_holds_what_every_run_measured(study, out):
    assert len(study.failed) == 0
    assert len(study.runs) == 1 + 4
    tests = study.table[study.table["metric"] == "test/return_mean"]
    assert len(tests) == 5
    steps = study.table[study.table["metric"] == "val/held_out/return_mean"]
    assert set(steps["env_steps"]) == {0, 256, 512}
    assert not study.table["metric"].str.startswith("time/").any()
    csv = pandas.read_csv(out / "results.csv", float_precision="round_trip")
    pandas.testing.assert_frame_equal(csv, study.table, check_dtype=False, check_exact=True)
    assert study.scores["GAP"][0].shape == (2,)
    again = compare.load(out)
    assert again.scores.keys() == {"SimpleConv", "GAP"}
    assert (study.runs["parameters"][study.runs["model"] == "GAP"] > 1e6).all()


def test_the_report_stands_alone_and_says_that_seeds_are_few(study, out):
    page, text = (out / "report.html").read_text(), (out / "report.md").read_text()
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "<script" not in page
    assert page.count("<svg") >= 1
    for each in ("Too few seeds (2)", "SimpleConv", "clusters", "Generalisation gap", "move"):
        assert each in page
        assert each in text
    for figure in re.findall(r"\((figures/.+\.svg)\)", text):
        assert (out / figure).is_file()


def test_going_on_runs_nothing_twice_and_refuses_other_settings(study, out, ray_once):
    before = {p: p.stat().st_mtime_ns for p in out.glob("cells/*/*/*/result.json")}
    table = (out / "results.csv").read_bytes()
    models = {"SimpleConv": SimpleConv(), "GAP": GAP()}
    told = str(compare(models, clusters(), [3, 5], out=out, dry_run=True, **SMALL))
    assert "4 runs, 4 of them done" in told
    compare(models, clusters(), [3, 5], out=out, **SMALL)
    assert {p: p.stat().st_mtime_ns for p in out.glob("cells/*/*/*/result.json")} == before
    assert (out / "results.csv").read_bytes() == table
    with pytest.raises(OptionError, match=r"other settings \(.*max_env_steps"):
        compare(models, clusters(), [3, 5], out=out, **{**SMALL, "max_env_steps": 1024})


@pytest.mark.slow
def test_a_failed_run_is_told_and_stops_no_other(tmp_path, ray_once, caplog):
    models = {"GAP": GAP(), "broken": TorchModel(Broken, once_each=False)}
    study = compare(models, clusters(), 1, out=tmp_path, **SMALL)
    ((_, failed),) = study.failed.iterrows()
    assert failed["model"] == "broken"
    assert "a network of mine broke" in failed["error"]
    assert "a network of mine broke" in caplog.text
    assert np.isnan(study.scores["broken"][0]).all()
    assert "1 run failed" in (tmp_path / "report.html").read_text()


def test_failed_runs_make_no_pairs():
    scores = {"a": [np.array([1.0, 2.0, np.nan])], "b": [np.array([0.0, 0.5, 9.0])]}
    (found,) = call_differences(scores)
    assert (found.model, found.gap.value) == ("a", pytest.approx(1.25))
    assert not found.is_called


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"models": []}, "nothing to compare"),
        ({"models": ["GAP", "GAP"]}, "same name"),
        ({"models": {"a/b": "GAP"}}, "name a folder"),
        ({"models": {"random": "GAP"}}, "name a folder"),
        ({"envs": {"x": "zelda"}}, "a game is a GriddlyEnvSpec"),
        ({"seeds": 0}, "one at least"),
        ({"seeds": [1, 1]}, "they are different"),
        ({"max_env_steps": 0}, "max_env_steps=0"),
        ({"trainer": {"seed": 1}}, "the study decides"),
        ({"trainer": {"num_env_runer": 1}}, "num_env_runners"),
        ({"training": {"lrr": 1}}, "lr"),
        ({"reference": {"zelda": 1.0}}, "there is no such game"),
    ],
)
def test_wrong_arguments_are_named_before_anything_runs(changed, told, tmp_path):
    given = {"models": ["GAP"], "envs": games(), "seeds": 1, "out": tmp_path / "new", **SMALL}
    with pytest.raises(ValueError, match=told):
        compare(**{**given, **changed})
    assert not (tmp_path / "new").exists()


def test_there_is_no_study_to_load(tmp_path):
    with pytest.raises(OptionError, match="no study"):
        compare.load(tmp_path)


_SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from comparison.test_compare import SMALL, games
from griddly_lit import GAP, SimpleConv, compare
if __name__ == "__main__":
    small = {{**SMALL, "max_env_steps": 2048}}
    compare({{"SimpleConv": SimpleConv(), "GAP": GAP()}}, games(), 1, out=sys.argv[1], runs_at_once=2, **small)
"""


@pytest.mark.slow
def test_a_study_killed_half_way_comes_to_the_same_tables(tmp_path):
    script = tmp_path / "study.py"
    script.write_text(_SCRIPT.format(tests=str(Path(__file__).parents[1])))
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen([sys.executable, str(script), str(killed)])
    while len(list(killed.glob("cells/*/*/*/result.json"))) < 4 or not list(
        killed.glob("cells/*/*/*/run/checkpoints/last")
    ):
        assert process.poll() is None
        time.sleep(0.2)
    process.kill()
    process.wait()
    done = {p: json.loads(p.read_text()) for p in killed.glob("cells/*/*/*/result.json")}
    for folder in (killed, whole):
        subprocess.run([sys.executable, str(script), str(folder)], check=True)
    assert all(json.loads(path.read_text()) == result for path, result in done.items())
    assert (killed / "results.csv").read_bytes() == (whole / "results.csv").read_bytes()
