"""The folder of a run: when it is made, what its run.json says, and which run a resume goes on in."""

import json
import os
import subprocess
import sys

import pytest
import wandb
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger, WandbLogger

from griddly_lit import VideoRecording
from griddly_lit.callbacks import Callback
from griddly_lit.checkpoints import open_checkpoint
from griddly_lit.fitting import checkpoint_of_run
from griddly_lit.processes import is_alive, is_dead, place, started
from griddly_lit.whole_directory import remove_drafts_of_the_dead, whole_directory
from trainer.small import STEPS, spec, trainer


def read(folder):
    return json.loads((folder / "run.json").read_text())


def versions(root, name="griddly_lit_logs"):
    return sorted(path.name for path in (root / name).iterdir())


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, ray_once):
    """A run, resumed once by its own trainer and once by another."""
    root = tmp_path_factory.mktemp("fitted")

    class Look(Callback):
        def on_fit_start(self, trainer):
            self.files = {path.name: path.read_text() for path in root.glob("**/run.json")}
            self.lightning_writes = list(root.glob("**/metrics.csv"))

    look = Look()
    mine = trainer(root, callbacks=look, max_iterations=2)
    mine.fit()
    mine.budget.max_iterations = 3
    mine.fit(ckpt_path="last")
    result = trainer(root, max_iterations=4).fit(ckpt_path="last")
    return root, look, mine, result


def test_it_is_there_before_training_is(fitted):
    root, look, *_ = fitted
    assert versions(root) == ["version_0"]
    run = read(root / "griddly_lit_logs" / "version_0")
    assert run["seed"] == 1
    assert run["spec"]["levels"] == "random"
    assert run["settings"]["training"]["num_epochs"] == 1
    assert run["parent"] is None
    assert [each["version"] for each in run["loggers"]] == [0, 0]
    assert json.loads(look.files["run.json"])["id"] == run["id"]


def test_each_fit_is_a_session_of_it(fitted):
    root, *_ = fitted
    sessions = read(root / "griddly_lit_logs" / "version_0")["sessions"]
    assert [each["ended"]["env_steps"] for each in sessions] == [2 * STEPS, 3 * STEPS, 4 * STEPS]
    assert {each["ended"]["stop_reason"] for each in sessions} == {"max_iterations"}
    assert [each.get("from_env_steps") for each in sessions] == [None, 2 * STEPS, 3 * STEPS]
    assert sessions[0]["pid"] == os.getpid()
    assert sessions[0]["versions"]["ray"]
    assert len(sessions[0]["git"]["commit"]) == 40
    assert sessions[0]["command"] == sys.orig_argv


def test_the_resumed_run_has_one_curve(fitted):
    root, _, _, result = fitted
    folder = root / "griddly_lit_logs" / "version_0"
    header, *rows = (folder / "metrics.csv").read_text().splitlines()
    step = header.split(",").index("step")
    assert [int(row.split(",")[step]) for row in rows] == [STEPS * n for n in range(1, 5)]
    assert result.last_path == folder / "checkpoints" / "last"


def copy_of(fitted, tmp_path):
    import shutil

    root = tmp_path / "copy"
    shutil.copytree(fitted[0], root)
    return root, root / "griddly_lit_logs" / "version_0"


def test_best_and_other_roots_begin_runs_that_name_their_parent(fitted, tmp_path, caplog):
    root, folder = copy_of(fitted, tmp_path)
    before = (folder / "metrics.csv").read_text()
    run = read(folder)
    best = trainer(root, max_iterations=5).fit(ckpt_path="best")
    assert best.env_steps == 5 * STEPS
    assert versions(root) == ["version_0", "version_1"]
    elsewhere = tmp_path / "elsewhere"
    trainer(elsewhere, max_iterations=5).fit(ckpt_path=folder / "checkpoints" / "last")
    for child in (root / "griddly_lit_logs/version_1", elsewhere / "griddly_lit_logs/version_0"):
        told = read(child)
        assert told["parent"]["id"] == run["id"] != told["id"]
        assert told["parent"]["env_steps"] > 0
    assert (folder / "metrics.csv").read_text() == before
    assert "does not go on" not in caplog.text


def test_a_run_that_a_living_process_works_on_is_left_alone(fitted, tmp_path, caplog):
    root, folder = copy_of(fitted, tmp_path)
    run = read(folder)
    del run["sessions"][-1]["ended"]
    (folder / "run.json").write_text(json.dumps(run))
    trainer(root, max_iterations=5).fit(ckpt_path="last")
    assert f"run {run['id']}" in caplog.text
    assert f"process {os.getpid()} works on it" in caplog.text
    assert read(root / "griddly_lit_logs" / "version_1")["parent"]["id"] == run["id"]
    # The number is that of another process by now.
    run["sessions"][-1]["process_started"] = "1"
    (folder / "run.json").write_text(json.dumps(run))
    trainer(root, max_iterations=5).fit(ckpt_path=folder / "checkpoints" / "last")
    assert len(read(folder)["sessions"]) == 4


def test_a_run_without_run_json_is_a_parent_without_id(fitted, tmp_path):
    root, folder = copy_of(fitted, tmp_path)
    (folder / "run.json").unlink()
    trainer(root, max_iterations=5).fit(ckpt_path="last")
    parent = read(root / "griddly_lit_logs" / "version_1")["parent"]
    assert parent["id"] is None
    assert parent["checkpoint"] == str(folder / "checkpoints" / "last")


@pytest.mark.usefixtures("ray_once")
def test_loggers_of_the_user_go_on_in_their_files(tmp_path):
    def loggers(**options):
        return [CSVLogger(tmp_path, "csv", **options), TensorBoardLogger(tmp_path, "tb", **options)]

    mine = trainer(tmp_path, logger=loggers(), max_iterations=1)
    mine.fit()
    # Two fits are two runs, also where the loggers are the same.
    mine.fit()
    assert versions(tmp_path, "csv") == versions(tmp_path, "tb") == ["version_0", "version_1"]
    first = tmp_path / "csv" / "version_0"
    last = first / "checkpoints" / "last"
    trainer(tmp_path, logger=loggers(), max_iterations=2).fit(ckpt_path=last)
    named = trainer(tmp_path, logger=loggers(version=0), max_iterations=3)
    assert checkpoint_of_run(named, "last").path == last
    named.fit(ckpt_path="last")
    assert versions(tmp_path, "csv") == versions(tmp_path, "tb") == ["version_0", "version_1"]
    assert len((first / "metrics.csv").read_text().splitlines()) == 4
    assert len(read(first)["sessions"]) == 3
    assert open_checkpoint(last).env_steps == 3 * STEPS
    other = trainer(tmp_path, logger=loggers(version="other"), max_iterations=4)
    other.fit(ckpt_path=last)
    assert read(tmp_path / "csv" / "other")["parent"]["id"] == read(first)["id"]
    assert len((first / "metrics.csv").read_text().splitlines()) == 4


@pytest.mark.usefixtures("ray_once")
def test_a_failed_fit_says_so_and_a_fit_that_leaves_nothing_has_no_run(tmp_path):
    class Broken(Callback):
        def on_iteration_end(self, trainer):
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        trainer(tmp_path, logger=False, callbacks=Broken()).fit()
    (session,) = read(tmp_path)["sessions"]
    assert session["ended"]["error"] == "RuntimeError: mine"
    assert session["ended"]["env_steps"] == STEPS
    # Another seed's run lies there, and no other is looked for.
    assert checkpoint_of_run(trainer(tmp_path, logger=False, seed=2), "last", False) is None
    assert checkpoint_of_run(trainer(tmp_path, logger=False), "last").env_steps == STEPS
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    trainer(nothing, fast_dev_run=True).fit()
    trainer(nothing, logger=False, enable_checkpointing=False, max_iterations=1).fit()
    assert list(nothing.iterdir()) == []


@pytest.mark.usefixtures("ray_once")
def test_last_by_name_says_which_run_it_took(tmp_path, caplog):
    trainer(tmp_path, env=spec(levels=0), max_iterations=1).fit()
    trainer(tmp_path, max_iterations=1).fit()
    found = checkpoint_of_run(trainer(tmp_path, env=spec(levels=0)), "last")
    folder = tmp_path / "griddly_lit_logs" / "version_0"
    assert found.path == folder / "checkpoints" / "last"
    assert f"(run {read(folder)['id']}, seed 1)" in caplog.text


def test_drafts_of_dead_processes_are_removed_and_others_are_not(tmp_path):
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    ).stdout.strip()
    names = {
        f".last.{place()}.{dead}.0123abcd": False,
        f".env_steps=128.{place()}.{dead}.0123abcd": False,
        f".last.{place()}.{os.getpid()}.0123abcd": True,
        f".last.00000000.{dead}.0123abcd": True,
        ".last.old": True,
        f".last.{place()}.{dead}.mine": True,
    }
    for name in names:
        (tmp_path / name).mkdir()
    remove_drafts_of_the_dead(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {name for name in names if names[name]}
    (tmp_path / f".last.{place()}.{dead}.0123abcd").mkdir()
    with whole_directory(tmp_path / "last") as draft:
        (draft / "a").write_text("1")
    assert not (tmp_path / f".last.{place()}.{dead}.0123abcd").exists()


def test_a_process_is_known_by_place_number_and_start():
    me = os.getpid()
    assert is_alive(place(), me, started(me))
    assert not is_alive(place(), me, "1")
    assert not is_alive("elsewhere", me, started(me))
    assert not is_dead("elsewhere", 2**22 + 1)
    assert is_dead(place(), 2**22 + 1)


@pytest.mark.usefixtures("ray_once")
def test_videos_that_no_logger_keeps_are_those_of_one_run(tmp_path):
    def fit(iterations, ckpt_path=None):
        video = VideoRecording(every_env_steps=STEPS)
        mine = trainer(tmp_path, logger=False, video=video, max_iterations=iterations)
        mine.fit(ckpt_path=ckpt_path)

    fit(2)
    # As a process would have left them that was killed after the checkpoint.
    late = tmp_path / "videos" / "level_0" / f"step_{9 * STEPS:09d}.mp4"
    late.parent.mkdir(exist_ok=True)
    late.touch()
    fit(3, "last")
    names = [path.name for path in tmp_path.glob("videos/*/*")]
    assert late.name not in names
    assert names
    assert len(read(tmp_path)["sessions"]) == 2


@pytest.mark.usefixtures("ray_once")
def test_the_folder_is_that_of_the_wandb_run_before_it_is_open(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_MODE", "offline")

    class Look(Callback):
        def on_fit_start(self, trainer):
            self.folder, self.run = trainer.checkpoint_dir.parent, wandb.run

    def wandb_logger():
        return WandbLogger(project="griddly", save_dir=tmp_path, offline=True)

    looks = Look(), Look()
    logger = wandb_logger()
    first = trainer(tmp_path, logger=logger, callbacks=looks[0], max_iterations=1).fit()
    folder = looks[0].folder
    assert looks[0].run is None
    assert folder == tmp_path / "griddly" / logger.version == first.last_path.parents[1]
    (known,) = read(folder)["loggers"]
    assert known["id"] == logger.version
    # Offline, the logs go on in another W&B run; the folder is the same.
    again = trainer(tmp_path, logger=wandb_logger(), callbacks=looks[1], max_iterations=2)
    result = again.fit(ckpt_path="last")
    assert result.last_path == first.last_path
    (new,) = read(folder)["loggers"]
    assert (new["group"], len(read(folder)["sessions"])) == (known["id"], 2)
    assert new["id"] != known["id"]
    wandb.finish()
