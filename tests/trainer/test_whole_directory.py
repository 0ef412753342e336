"""A checkpoint that is replaced is there at every moment, also where the process is killed."""

import subprocess
import sys

import pytest

from griddly_lit import whole_directory as module
from griddly_lit.errors import CheckpointError
from griddly_lit.whole_directory import finish_interrupted, whole_directory

# Replaces one directory by another in a child that is killed before its n-th call to the system,
# for each n, and prints what each has left.
KILLED = """
import os, signal, sys
from pathlib import Path
from griddly_lit import whole_directory as module

def refuse(one, other):
    raise OSError("no exchange here")

if sys.argv[2] == "aside":
    module._exchange = refuse
root = Path(sys.argv[1])

def write(path, text):
    with module.whole_directory(path) as draft:
        (draft / "inner").mkdir()
        (draft / "a").write_text(text)
        (draft / "inner" / "b").write_text(text)

def die_before(step):
    left = [step]
    def hook(event, arguments):
        if event == "open" or event.split(".")[0] in ("os", "shutil", "ctypes"):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)

for step in range(1, 1000):
    path = root / str(step) / "last"
    write(path, "old")
    child = os.fork()
    if not child:
        die_before(step)
        write(path, "new")
        os._exit(0)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    there = path.exists()
    module.finish_interrupted(path)
    print(int(there), (path / "a").read_text(), (path / "inner" / "b").read_text())
    if not killed:
        break
"""


@pytest.mark.parametrize("how", ["exchange", "aside"])
def test_kill_at_every_step(tmp_path, how):
    shown = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), how],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert len(lines) > 20
    texts = [first for _, first, second in lines if first == second]
    assert len(texts) == len(lines)
    # It is the old one up to some step, then the new one.
    assert texts == sorted(texts, reverse=True)
    assert {"old", "new"} == set(texts)
    if how == "exchange":
        assert all(there == "1" for there, *_ in lines)
    else:
        assert any(there == "0" for there, *_ in lines)


def write(path, text):
    with whole_directory(path) as draft:
        (draft / "a").write_text(text)


def test_what_stepped_aside_comes_back(tmp_path):
    write(tmp_path / "last", "old")
    (tmp_path / "last").rename(tmp_path / ".last.old")
    finish_interrupted(tmp_path / "last")
    assert (tmp_path / "last" / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_an_old_draft_is_removed_and_a_young_one_is_not(tmp_path, monkeypatch):
    (tmp_path / ".last.0").mkdir()
    write(tmp_path / "last", "1")
    assert (tmp_path / ".last.0").is_dir()
    monkeypatch.setattr(module, "_LEFT_AFTER_S", -1.0)
    write(tmp_path / "last", "2")
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_links_and_files_are_not_replaced(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    for name, what in (("file", "a file"), ("link", "a link"), ("broken", "a link")):
        with pytest.raises(CheckpointError, match=f"there is {what} at its place"):
            write(tmp_path / name, "1")
    assert (tmp_path / "file").read_text() == "mine"


def test_nothing_is_left_of_a_failure(tmp_path):
    write(tmp_path / "last", "old")
    with (
        pytest.raises(CheckpointError, match="cannot be written: full"),
        whole_directory(tmp_path / "last"),
    ):
        raise OSError("full")
    assert (tmp_path / "last" / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["last"]
