"""Every snippet of the documentation runs, in the order of its page, with budgets cut."""

import re
import shlex
from pathlib import Path

import pytest
import torch
import wandb

import griddly_lit
from griddly_lit.cli import main
from griddly_lit.models import resolve
from griddly_lit.rllib.algorithms import ALGORITHMS
from griddly_lit.tracking.publish import outlets

ROOT = Path(__file__).parents[2]
# tests/cli/test_docs.py runs the lines of the command line's page.
PAGES = sorted(path for path in ROOT.glob("docs/*.md") if path.stem != "command_line")
SNIPPET = re.compile(r"(<!-- not run: .+ -->\n)?^```(python|bash)\n(.*?)^```", re.M | re.S)
BUDGET = re.compile(r"((?:every|max)_env_steps|snapshot_every)=[\d_]+")
STEP_LIMIT = re.compile(r"\bmax_steps=[\d_]+")


def snippets(page):
    """Returns (language, code) of what is to be run."""
    found = SNIPPET.findall(page.read_text("utf-8"))
    # One iteration, in which the episodes of all games end.
    return [
        (language, STEP_LIMIT.sub("max_steps=12", BUDGET.sub(r"\1=1000", code)))
        for mark, language, code in found
        if not mark
    ]


def run_lines(code):
    for line in code.splitlines():
        program, *words = shlex.split(line, comments=True) or [""]
        if program == "griddly-lit":
            assert main(words) == 0, line


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working directory, offline, in which nothing is registered for other tests."""
    for module, table in ((resolve, "_NAMED"), (outlets, "_OUTLETS")):
        monkeypatch.setattr(module, table, dict(getattr(module, table)))
    known = set(ALGORITHMS)
    # What is learned does not matter here.
    monkeypatch.setitem(ALGORITHMS["PPO"].training, "num_epochs", 1)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / name))
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    wandb.finish()
    for name in set(ALGORITHMS) - known:
        del ALGORITHMS[name]


@pytest.mark.usefixtures("ray_once")
@pytest.mark.parametrize("page", [path for path in PAGES if snippets(path)], ids=lambda p: p.stem)
def test_snippets(page, folder):
    names = {"__name__": "__main__"}
    for language, code in snippets(page):
        if language == "python":
            exec(compile(code, str(page), "exec"), names)
        else:
            run_lines(code)
    check = AFTER.get(page.stem)
    assert check is None or check(names, folder), page


# What a page promises that its snippets do not assert themselves.
AFTER = {
    "first_run": lambda names, folder: (
        (folder / "curve.png").is_file()
        and (folder / "episode.mp4").stat().st_size > 1000
        and names["trainer"].env_steps == 1024
    ),
    "from_griddly": lambda names, _: (
        names["config"].env_config["track_actions"] is True and names["Pushes"]()
    ),
    "loggers": lambda _, folder: (
        (folder / "again.gif").is_file()
        and list(folder.glob("logs/csv/version_0/videos/level_*/*.mp4"))
        and list(folder.glob("logs/tensorboard/version_0/events.out.tfevents.*"))
        and list(folder.glob("wandb/offline-run-*/files/media/videos/videos/level_*.mp4"))
        and list(folder.glob("wandb/offline-run-*/files/media/table/val/actions*.table.json"))
    ),
    "memory": lambda names, _: (
        names["state"].shape == (2 * 64,) and names["trainer"].model.max_seq_len == 16
    ),
    "own_model": lambda names, _: (
        names["again"].model.kwargs == {"width": 16}
        and all(
            torch.equal(value, names["again"].networks["default_policy"].state_dict()[name])
            for name, value in names["trainer"].networks["default_policy"].state_dict().items()
        )
    ),
}


def test_few_are_not_run():
    marks = {p.stem: len(re.findall(r"<!-- not run: ", p.read_text("utf-8"))) for p in PAGES}
    assert {name: count for name, count in marks.items() if count} == {"comparing": 1, "trust": 1}


def test_the_reference_has_every_public_name():
    told = re.findall(
        r"^::: griddly_lit\.(?!errors)(\w+)$", (ROOT / "docs/api.md").read_text("utf-8"), re.M
    )
    assert sorted(told) == sorted({*griddly_lit.__all__, "GriddlyParallelEnv"} - {"__version__"})
