from pathlib import Path

import numpy as np
import pytest

from games import CORRIDOR, LEFT
from griddly_lit.engine import read_game
from griddly_lit.errors import ObserverError, OptionError, ReplayError
from griddly_lit.recording import RecordingSchedule, VideoRecording, draw, render_replay
from griddly_lit.recording.replay import open_game
from griddly_lit.recording.views import drawn_observer
from recording.episodes import assert_shows, pictures, play

CLUSTERS = "Single-Player/GVGAI/clusters_partially_observable.yaml"


def test_the_defaults_are_the_documented_ones():
    settings = VideoRecording()
    assert (settings.every_env_steps, settings.fps, settings.format) == (100_000, 10, "mp4")
    assert (settings.include_global, settings.include_agents) == (True, False)
    assert (settings.best, settings.worst) == (False, False)
    assert (settings.directory, settings.renderer) == (None, "numpy")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every_env_steps": 0}, "every_env_steps=0"),
        ({"every_env_steps": 1.5}, "every_env_steps=1.5"),
        ({"every_steps_per_env": 0}, "every_steps_per_env=0"),
        ({"every_env_steps": 10, "every_steps_per_env": 10}, "there is one interval"),
        ({"include_global": False}, "nothing to draw"),
        ({"include_agents": "yes"}, "include_agents='yes'"),
        ({"directory": 3}, "directory=3"),
        ({"fps": 0}, "fps=0"),
        ({"format": "avi"}, r"format='avi'.*mp4, gif"),
        ({"renderer": "opengl"}, r"renderer='opengl'.*numpy, vulkan"),
    ],
)
def test_values_out_of_range_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        VideoRecording(**options)


@pytest.mark.parametrize(
    ("lengths", "recorded"),
    [
        ([10] * 30, [0, 100, 200]),
        ([30] * 10, [0, 120, 210]),
        ([250, 40, 40, 40], [0, 250, 330]),
        ([1000, 10, 90, 10], [0, 1000, 1100]),
    ],
)
def test_the_first_episode_then_the_first_whole_one_after_each_interval(lengths, recorded):
    schedule = RecordingSchedule(100)
    starts = np.cumsum([0, *lengths])[:-1].tolist()
    assert [start for start in starts if schedule.wants(start)] == recorded


def test_environments_take_turns_also_where_a_run_is_resumed():
    for resumed_at in (0, 1_000):
        schedules = [RecordingSchedule(100, turn, 3) for turn in range(3)]
        recorded = [
            (start, turn)
            for start in range(resumed_at, resumed_at + 700, 20)
            for turn, schedule in enumerate(schedules)
            if schedule.wants(start)
        ]
        assert recorded[0] == (resumed_at, 0)
        assert [start for start, _ in recorded] == [resumed_at + n * 100 for n in range(7)]


def test_the_old_record_video_config_is_taken_as_it_was():
    assert VideoRecording.from_record_video_config({}) == VideoRecording(
        every_steps_per_env=1000, fps=10, directory="."
    )
    old = {
        "frequency": 20,
        "fps": 5,
        "directory": "/tmp/v",
        "include_global": False,
        "include_agents": True,
    }
    taken = VideoRecording.from_record_video_config(old)
    assert (taken.every_steps_per_env, taken.every_env_steps) == (20, None)
    assert (taken.fps, taken.directory) == (5, Path("/tmp/v"))
    assert (taken.include_global, taken.include_agents) == (False, True)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"frequencey": 5}, r"record_video_config\['frequencey'\].*'frequency'"),
        ({"include_agent": True}, "Did you mean 'include_agents'"),
        ({3: True}, "record_video_config={3: True}.*keys are texts"),
        ({"frequency": "often"}, "record_video_config: frequency='often'"),
        ({"frequency": None}, "frequency=None"),
        ({"frequency": 0}, "frequency=0"),
        ({"fps": "fast"}, "fps='fast'"),
        ({"include_agents": 1}, "include_agents=1"),
        ({"directory": 3}, "directory=3"),
        ([("fps", 3)], "a dictionary"),
    ],
)
def test_faults_of_an_old_record_video_config_are_named(config, message):
    with pytest.raises(OptionError, match=message):
        VideoRecording.from_record_video_config(config)


@pytest.mark.parametrize("view", ["global", 1])
def test_a_saved_replay_is_drawn_in_either_view(tmp_path, view):
    replay, _ = play(read_game(CLUSTERS), steps=40)
    replay.save(tmp_path / "replay.json")
    out = render_replay(tmp_path / "replay.json", tmp_path / "video.mp4", view)
    assert_shows(out, replay)
    assert_shows(render_replay(replay, tmp_path / "video.gif", view, fps=20), replay)


def test_each_agent_of_several_has_a_view_of_its_own(tmp_path):
    replay, _ = play(read_game("Multi-Agent/foragers.yaml"), steps=20)
    firsts = []
    for agent in replay.agents:
        assert_shows(render_replay(replay, tmp_path / f"{agent}.mp4", agent), replay)
        firsts.append(pictures(tmp_path / f"{agent}.mp4")[0].tobytes())
    assert len(set(firsts)) == 4


@pytest.mark.parametrize("view", ["everything", 0, 2, True])
def test_views_that_do_not_exist(tmp_path, view):
    replay, _ = play(CORRIDOR, steps=3)
    with pytest.raises(OptionError, match=r"no such view.*Available: global, 1"):
        render_replay(replay, tmp_path / "video.mp4", view)


def test_a_replay_that_differs_or_cannot_be_drawn_leaves_no_file(tmp_path):
    replay, _ = play(CORRIDOR, actions=np.full((20, 1, 1), LEFT))
    rewards = replay.rewards.copy()
    rewards[15] = 1
    differing = type(replay).from_dict({**replay.to_dict(), "rewards": rewards.tolist()})
    with pytest.raises(ReplayError, match="step 15"):
        render_replay(differing, tmp_path / "video.mp4")
    undrawable = type(replay).from_dict({**replay.to_dict(), "global_observer": "ASCII"})
    with pytest.raises(ObserverError, match="ASCII"):
        render_replay(undrawable, tmp_path / "video.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "observers", "expected"),
    [
        # Sprites of what the player sees, where the game has them.
        (read_game(CLUSTERS), {}, ("Sprite2D", "Sprite2D")),
        (read_game(CLUSTERS), {"global_observer": "Block2D"}, ("Block2D", "Sprite2D")),
        (read_game(CLUSTERS), {"player_observers": ["Block2D"]}, ("Sprite2D", "Block2D")),
        (read_game(CLUSTERS), {"global_observer": "Vector"}, ("Vector", "Sprite2D")),
        # Blocks where it has no sprites.
        (CORRIDOR, {}, ("Block2D", "Block2D")),
        # Colours where the sprites would show another window than the player's.
        (CORRIDOR, {"player_observers": ["Near"]}, ("Block2D", "Near")),
        # Colours where it has neither.
        (CORRIDOR.replace("Block2D", "Other"), {}, ("Vector", "Vector")),
    ],
)
def test_the_prettiest_observer_that_shows_the_same_is_drawn(text, observers, expected):
    document, _, _ = open_game(text.replace("Other:", "Other:\n      Type: BLOCK_2D", 1))
    replay, _ = play(
        text.replace("Other:", "Other:\n      Type: BLOCK_2D", 1), steps=3, **observers
    )
    assert drawn_observer(document, replay, None) == expected[0]
    assert drawn_observer(document, replay, 0) == expected[1]
    for view in ("global", 1):
        assert len(list(draw(replay, view))) == replay.length + 1
