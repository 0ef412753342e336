import logging
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from games import CORRIDOR, LEFT
from griddly_lit.engine import read_game
from griddly_lit.recording import VideoRecorder, VideoRecording, recorder
from griddly_lit.whole_file import draft_of
from recording.episodes import assert_shows, pictures, play

SOKOBAN = read_game("Single-Player/GVGAI/sokoban.yaml")


@pytest.fixture
def notes(caplog):
    """What was told to the user, line by line."""
    with caplog.at_level(logging.INFO, "griddly_lit"):
        yield _Notes(caplog)


class _Notes:
    def __init__(self, caplog):
        self._caplog = caplog

    def __iter__(self):
        return (record.getMessage() for record in self._caplog.records)

    def only(self):
        (note,) = self
        return note


@contextmanager
def recording(directory, **options):
    made = VideoRecorder(VideoRecording(**options), directory)
    try:
        yield made
    finally:
        made.close(60)


def short(**options):
    """A few steps against a wall and along it."""
    return play(CORRIDOR, 1, seed=3, steps=6, **options)[0]


def long(steps=1900):
    return play(SOKOBAN, seed=5, steps=steps)[0]


def wait_for(condition, timeout_s=60):
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.002)


def files_in(directory):
    return sorted(str(p.relative_to(directory)) for p in Path(directory).rglob("*") if p.is_file())


def children(pid):
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def test_global_and_agent_videos_come_back_with_their_keys_and_steps(tmp_path, notes):
    foragers = play(read_game("Multi-Agent/foragers.yaml"), steps=15)[0]
    generated = play(CORRIDOR, "WWWWWW\nWA...W\nWWWWWW", steps=5)[0]
    with recording(tmp_path, include_agents=True, fps=5) as made:
        made.submit(foragers, 0)
        made.submit(generated, 4096)
        made.submit(generated, 4096)
        made.submit(generated, 8192, key="videos/test/best")
    finished = {video.path.relative_to(tmp_path).as_posix(): video for video in made.finished()}
    expected = {
        "level_0/step_000000000.mp4": "videos/level_0",
        **{
            f"level_0/agent_{n}/step_000000000.mp4": f"videos/level_0/agent_{n}"
            for n in (1, 2, 3, 4)
        },
        "level_generated/step_000004096.mp4": "videos/level_generated",
        "level_generated/agent_1/step_000004096.mp4": "videos/level_generated/agent_1",
        "level_generated/step_000004096_2.mp4": "videos/level_generated",
        "level_generated/agent_1/step_000004096_2.mp4": "videos/level_generated/agent_1",
        "test/best/step_000008192.mp4": "videos/test/best",
        "test/best/agent_1/step_000008192.mp4": "videos/test/best/agent_1",
    }
    assert {name: video.key for name, video in finished.items()} == expected
    assert files_in(tmp_path) == sorted(expected)
    for name, video in finished.items():
        assert video.fps == 5
        assert f"step_{video.env_steps:09d}" in name
        assert_shows(video.path, foragers if "level_0" in name else generated)
    assert list(notes) == []
    assert made.finished() == []


def test_the_caller_never_waits_and_finished_videos_come_one_by_one(tmp_path):
    with recording(tmp_path) as made:
        began = time.perf_counter()
        made.submit(long(300), 0)
        made.submit(short(), 1)
        assert made.finished() == []
        assert time.perf_counter() - began < 1.0
        videos = []
        wait_for(lambda: videos.extend(made.finished()) or len(videos) == 1)
        assert made.finished() == []
        wait_for(lambda: videos.extend(made.finished()) or len(videos) == 2)
    assert [video.env_steps for video in videos] == [0, 1]
    assert made.pid is None


def test_the_child_is_small_and_of_the_lowest_priority(tmp_path):
    with recording(tmp_path) as made:
        made.submit(short(), 0)
        wait_for(made.finished)
        assert os.getpriority(os.PRIO_PROCESS, made.pid) == 19
        assert os.getsid(made.pid) == made.pid
        resident = int(Path(f"/proc/{made.pid}/statm").read_text().split()[1])
        assert resident * resource.getpagesize() < 150e6
    code = f"""
import json, sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from griddly_lit.recording.worker import perform
from recording.episodes import play
from games import CORRIDOR
job = {{"replay": play(CORRIDOR, steps=3)[0].to_dict(), "view": "global", "renderer": "numpy",
       "path": {str(tmp_path / "video.gif")!r}, "strip": True, "fps": 3, "most_frames": 9}}
assert perform(job) == {{"frames": 6, "notes": []}}
print(*{{name.partition(".")[0] for name in sys.modules}})
"""
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr
    heavy = {"ray", "torch", "lightning", "pytorch_lightning", "wandb", "scipy", "matplotlib"}
    assert not heavy & set(loaded.stdout.split())


def test_killing_the_child_in_mid_video_costs_that_video_only(tmp_path, notes):
    with recording(tmp_path) as made:
        made.submit(long(), 0)
        draft = draft_of(tmp_path / "level_0" / "step_000000000.mp4")
        wait_for(draft.exists)
        os.kill(made.pid, signal.SIGKILL)
        made.submit(short(), 1)
        wait_for(lambda: list(notes))
        made.submit(long(1500), 2)
        draft = draft_of(tmp_path / "level_0" / "step_000000002.mp4")
        wait_for(draft.exists)
        os.kill(made.pid, signal.SIGKILL)
        made.submit(short(), 3)
    videos = made.finished()
    assert [video.env_steps for video in videos] == [1, 3]
    for video in videos:
        assert_shows(video.path, short())
    assert files_in(tmp_path) == ["level_1/step_000000001.mp4", "level_1/step_000000003.mp4"]
    note = notes.only()
    assert "the process that draws died (SIGKILL) over videos/level_0 at step 0" in note
    assert "Training goes on" in note


def test_killing_the_encoder_in_mid_video_costs_that_video_only(tmp_path, notes):
    with recording(tmp_path) as made:
        made.submit(long(), 0)
        draft = draft_of(tmp_path / "level_0" / "step_000000000.mp4")
        wait_for(draft.exists)
        (encoder,) = children(made.pid)
        os.kill(encoder, signal.SIGKILL)
        made.submit(short(), 1)
    assert [video.env_steps for video in made.finished()] == [1]
    assert files_in(tmp_path) == ["level_1/step_000000001.mp4"]
    assert "the encoder failed with code -9" in notes.only()


def test_an_encoder_that_cannot_work_is_told_once(tmp_path, notes, monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "false")
    with recording(tmp_path) as made:
        for step in range(3):
            made.submit(short(), step)
    assert made.finished() == []
    assert files_in(tmp_path) == []
    assert "videos/level_1 at step 0 is missing" in notes.only()


def test_a_file_that_may_not_grow_is_told_and_later_ones_come(tmp_path, notes):
    with recording(tmp_path) as made:
        made.submit(short(), 0)
        wait_for(made.finished)
        _, hard = resource.prlimit(made.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(made.pid, resource.RLIMIT_FSIZE, (1000, hard))
        made.submit(short(), 1)
        wait_for(lambda: list(notes))
        resource.prlimit(made.pid, resource.RLIMIT_FSIZE, (hard, hard))
        made.submit(short(), 2)
    assert [video.env_steps for video in made.finished()] == [2]
    assert "the encoder failed" in notes.only()
    assert files_in(tmp_path) == ["level_1/step_000000000.mp4", "level_1/step_000000002.mp4"]


@pytest.fixture
def full_disk(tmp_path):
    """A disk of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk takes root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_told_once_and_leaves_whole_files(full_disk, notes):
    with recording(full_disk) as made:
        made.submit(short(), 0)
        made.submit(long(), 1)
        made.submit(long(), 2)
        made.submit(short(), 3)
    assert [video.env_steps for video in made.finished()] == [0, 3]
    note = notes.only()
    assert "videos/level_0 at step 1 is missing" in note
    assert "No space left on device" in note
    assert files_in(full_disk) == ["level_1/step_000000000.mp4", "level_1/step_000000003.mp4"]
    for video in files_in(full_disk):
        assert_shows(full_disk / video, short())


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path, notes):
    (tmp_path / "file").write_text("in the way")
    with recording(tmp_path / "file") as made:
        made.submit(short(), 0)
        made.submit(short(), 1)
    assert made.finished() == []
    assert "is missing" in notes.only()


def test_faults_of_different_kinds_are_told_once_each(tmp_path, notes):
    undrawable = short(global_observer="ASCII")
    rewards = np.ones((6, 1))
    with recording(tmp_path) as made:
        for step in range(2):
            made.submit(undrawable, step)
            made.submit(short(rewards=rewards), step)
        made.submit(short(), 2)
    assert [video.env_steps for video in made.finished()] == [2]
    drawing, differing = notes
    assert "observer='ASCII'" in drawing
    assert "replay, step 0: rewards" in differing


def test_an_episode_too_long_is_cut_with_a_note(tmp_path, notes, monkeypatch):
    monkeypatch.setattr(recorder, "MOST_FRAMES", 5)
    exact = play(CORRIDOR, actions=np.full((4, 1, 1), LEFT))[0]
    with recording(tmp_path) as made:
        made.submit(exact, 0)
        made.submit(short(), 1)
        made.submit(short(), 2)
    assert [len(pictures(video.path)) for video in made.finished()] == [5, 5, 5]
    assert (
        "videos/level_1 at step 1 shows the first 5 pictures of an episode of 6 steps"
        in notes.only()
    )


def test_what_comes_too_fast_is_left_out_with_a_note(tmp_path, notes, monkeypatch):
    monkeypatch.setattr(recorder, "MOST_WAITING", 2)
    with recording(tmp_path) as made:
        for step in range(20):
            made.submit(short(), step)
    assert 2 <= len(made.finished()) <= 4
    assert "Raise every_env_steps" in notes.only()


def test_closing_gives_up_what_takes_too_long_and_leaves_nobody_behind(tmp_path, notes):
    with recording(tmp_path) as made:
        made.submit(short(), 0)
        for step in range(1, 10):
            made.submit(long(), step)
        wait_for(draft_of(tmp_path / "level_0" / "step_000000001.mp4").exists)
        group = [made.pid, *children(made.pid)]
        began = time.monotonic()
        made.close(0.2)
        assert time.monotonic() - began < 5
    assert made.pid is None
    assert len(group) == 2
    wait_for(lambda: all(_is_gone(pid) for pid in group), timeout_s=10)
    assert "given up" in notes.only()
    assert [video.env_steps for video in made.finished()] == [0]
    assert files_in(tmp_path) == ["level_1/step_000000000.mp4"]


def test_the_child_ends_with_its_parent(tmp_path):
    code = f"""
import os, sys, time
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from griddly_lit.recording import VideoRecorder, VideoRecording
from recording.episodes import play
from games import CORRIDOR
recorder = VideoRecorder(VideoRecording(), {str(tmp_path)!r})
recorder.submit(play(CORRIDOR, steps=3)[0], 0)
while not recorder.finished():
    time.sleep(0.01)
print(recorder.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    child = int(done.stdout)
    wait_for(lambda: _is_gone(child), timeout_s=10)


def _is_gone(pid):
    """Whether a process ended; an orphan stays a zombie where nobody reaps it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.slow
def test_memory_is_flat_over_200_recorded_episodes(tmp_path):
    replay = play(SOKOBAN, steps=30)[0]

    def resident(pid):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()

    seen = []
    with recording(tmp_path) as made:
        for step in range(200):
            made.submit(replay, step)
            wait_for(made.finished)
            if step in (49, 199):
                seen.append((resident(os.getpid()), resident(made.pid)))
    (parent_before, child_before), (parent_after, child_after) = seen
    assert parent_after - parent_before < 3e6
    assert child_after - child_before < 3e6
