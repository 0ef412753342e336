"""Videos and action events of a training run, on a machine without a graphics driver."""

import csv
import json
import os
import signal
import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest

from griddly_lit import Callback, EpisodeReplay, VideoRecording, render_replay
from griddly_lit.engine import Game, load_gdy
from griddly_lit.errors import LevelError, OptionError
from trainer.small import spec, trainer

SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from griddly_lit import VideoRecording
from trainer.small import trainer
video = VideoRecording(every_env_steps=30, include_agents=True)
mine = trainer(Path({root!r}), video=video, track_actions=True, max_iterations=4)
result = mine.fit()
import json
import os
import signal
print(json.dumps(result.metrics))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("videos")
    tests = str(__file__).rsplit("/", 2)[0]
    shown = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(tests=tests, root=str(root))],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "VK_DRIVER_FILES": "/nonexistent",
            "VK_ICD_FILENAMES": "/nonexistent",
        },
    )
    (folder,) = (root / "griddly_lit_logs").iterdir()
    return folder, json.loads(shown.stdout.splitlines()[-1])


def test_videos_decode_and_show_something(run):
    folder, _ = run
    with (folder / "media.csv").open() as stream:
        media = [row for row in csv.DictReader(stream) if row["kind"] == "video"]
    # 16 steps of the first game an iteration, episodes of at most 20: the first one, and the
    # first whole one after its 30th step.
    assert len(media) >= 4
    keys = {row["key"] for row in media}
    assert all(key.startswith("videos/level_") for key in keys)
    assert {key + "/agent_1" for key in keys if "agent" not in key} <= keys
    for row in media:
        frames = iio.imread(folder / row["path"])
        # The reset and at most 20 steps.
        assert 2 <= len(frames) <= 21
        assert frames.mean() > 10
        assert frames.std() > 10
        assert np.abs(frames[0].astype(int) - frames[-1]).max() > 50


def test_actions_and_outcomes_are_counted(run):
    folder, metrics = run
    with (folder / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        # 128 steps, of which no-ops (a quarter) are no events.
        assert 50 < float(row["agent_info/1/move"]) < 128
        assert float(row["agent_info/1/win"]) == 0
    assert {"agent_info/1/lose", "agent_info/1/end"} <= set(metrics)
    # Events of the game itself are not the agent's.
    assert not any(name.startswith("agent_info/0") for name in metrics)


@pytest.mark.usefixtures("ray_once")
def test_validation_and_test_publish_extremes_and_tables(tmp_path):
    video = VideoRecording(best=True, worst=True, directory=tmp_path / "kept")
    mine = trainer(
        tmp_path,
        env=spec(test_levels=[4]),
        video=video,
        track_actions=True,
        validate_every_env_steps=256,
        validation_episodes=2,
    )
    result = mine.fit()
    assert {"val/return_mean", "val/level_0/return_mean"} <= set(result.metrics)
    mine.test(episodes_per_level=2)
    (folder,) = (tmp_path / "griddly_lit_logs").iterdir()
    for prefix in ("val", "test"):
        for name in ("best", "worst"):
            assert list((tmp_path / "kept" / prefix / name).glob("*.mp4"))
            assert list((folder / "videos" / prefix / name).glob("*.mp4"))
        (table,) = (folder / "tables" / prefix / "actions").glob("*.csv")
        with table.open() as stream:
            (row,) = csv.DictReader(stream)
        assert row["agent"] == "1"
        assert int(row["move"]) > 0


def test_play_makes_a_video_and_a_replay(tmp_path):
    mine = trainer(tmp_path, logger=False)
    replay = mine.play(3, tmp_path / "episode.mp4")
    assert replay.level == 3
    assert len(iio.imread(tmp_path / "episode.mp4")) == replay.length + 1
    replay.save(tmp_path / "episode.json")
    again = EpisodeReplay.load(tmp_path / "episode.json")
    assert again == replay
    again.replay()
    render_replay(tmp_path / "episode.json", tmp_path / "agent.gif", view=1)
    assert (tmp_path / "agent.gif").stat().st_size > 0
    with pytest.raises(LevelError, match="level=9"):
        mine.play(9, tmp_path / "x.mp4")
    with pytest.raises(OptionError):
        mine.play(0, tmp_path / "x.avi")
    with pytest.raises(OptionError, match="max_steps=None"):
        trainer(tmp_path, env=spec(max_steps=None), logger=False).play(0, tmp_path / "x.mp4")


def test_play_repeats_a_seed_and_may_take_the_best_actions(tmp_path):
    mine = trainer(tmp_path, logger=False)

    def actions(**options):
        return mine.play(3, tmp_path / "episode.gif", **options).actions.tolist()

    assert actions() == actions(seed=mine.seed)
    assert actions(seed=7) == actions(seed=7) != actions()
    replay = mine.play(3, tmp_path / "episode.gif", seed=7, deterministic=True)
    assert replay.seed == mine.play(3, tmp_path / "episode.gif", seed=7).seed
    game = Game(load_gdy(mine.env.text), mine.env.game, max_steps=mine.env.max_steps)
    game.reset(3, replay.seed)
    for taken in replay.actions:
        assert taken == np.atleast_1d(mine.act(padded(game.observation(), mine.env)))
        game.step(taken)
    for options in ({"seed": -1}, {"seed": 2**32}, {"seed": "x"}, {"deterministic": 1}):
        with pytest.raises(OptionError, match=next(iter(options))):
            actions(**options)


def padded(observation, env):
    whole = np.zeros(env.observation_shapes[0], dtype=np.uint8)
    whole[: observation.shape[0], : observation.shape[1]] = observation
    return whole


@pytest.mark.usefixtures("ray_once")
def test_a_fault_in_the_video_folder_does_not_stop_training(tmp_path, caplog):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    video = VideoRecording(every_env_steps=20, directory=blocked)
    result = trainer(tmp_path, video=video, max_iterations=4).fit()
    assert result.stop_reason == "max_iterations"
    told = [record for record in caplog.records if "Videos:" in record.getMessage()]
    assert len(told) == 1
    assert "Training goes on" in told[0].getMessage()
    assert blocked.read_text() == "a file where the folder should be"


@pytest.mark.usefixtures("ray_once")
def test_killing_the_drawing_process_does_not_stop_training(tmp_path, caplog):
    class Kill(Callback):
        killed = 0

        def on_iteration_end(self, trainer):
            videos = trainer._report._videos
            if videos is not None and videos._recorder.pid is not None and not self.killed:
                os.kill(videos._recorder.pid, signal.SIGKILL)
                self.killed = 1

    kill = Kill()
    video = VideoRecording(every_env_steps=20, directory=tmp_path / "kept")
    result = trainer(tmp_path, video=video, max_iterations=12, callbacks=kill).fit()
    assert kill.killed
    assert result.stop_reason == "max_iterations"
    assert "started again" in caplog.text
    # What is left is whole: files that decode, and no drafts.
    files = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert files
    assert all(path.suffix == ".mp4" for path in files)
    assert all(len(iio.imread(path)) > 1 for path in files)
