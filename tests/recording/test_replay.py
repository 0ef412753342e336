import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from games import CORRIDOR, LEFT, RIGHT
from griddly_lit.engine import bundled_games, read_game
from griddly_lit.errors import ReplayError
from griddly_lit.recording import EpisodeReplay
from recording.episodes import play

WIN = np.full((3, 1, 1), RIGHT)
STEPS = 400

REPLAY_ALL = """
import json, sys
from pathlib import Path
from griddly_lit.recording import EpisodeReplay

hashes = {}
for file in sorted(Path(sys.argv[1]).glob("*.json")):
    replay = EpisodeReplay.load(file)
    for game in replay.play_through():
        if game.steps == replay.length:
            hashes[file.name] = str(game.state()["Hash"])
print(json.dumps(hashes))
"""


def test_every_bundled_game_replays_to_the_same_end_in_another_process(tmp_path):
    expected = {}
    for game in bundled_games():
        steps = episode = 0
        while steps < STEPS:
            replay, state = play(read_game(game), seed=7 + episode, steps=STEPS - steps)
            name = f"{game.replace('/', '-')}-{episode}.json"
            replay.save(tmp_path / name)
            expected[name] = str(state)
            steps += replay.length
            episode += 1
    other = subprocess.run(
        [sys.executable, "-c", REPLAY_ALL, tmp_path], capture_output=True, text=True
    )
    assert other.returncode == 0, other.stderr
    assert len({name.rsplit("-", 1)[0] for name in expected}) == 32
    assert json.loads(other.stdout) == expected


def test_a_win_is_kept_whole_in_a_small_file(tmp_path):
    replay, _ = play(CORRIDOR, actions=WIN)
    assert (replay.terminated, replay.truncated, replay.outcomes) == (True, False, ("win",))
    assert replay.returns.tolist() == [3.0]
    assert replay.agents == (1,)
    replay.save(tmp_path / "new" / "win.json")
    loaded = EpisodeReplay.load(tmp_path / "new" / "win.json")
    assert loaded == replay
    assert hash(loaded) == hash(replay)
    assert loaded.actions.dtype == np.uint8
    loaded.replay()
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["win.json"]
    assert (tmp_path / "new" / "win.json").stat().st_size < len(CORRIDOR) + 1000


def test_level_strings_and_truncation_replay():
    level = "WWWWW\nWA.GW\nWWWWW"
    replay, _ = play(CORRIDOR, level, actions=np.full((4, 1, 1), LEFT), max_steps=4)
    assert (replay.terminated, replay.truncated, replay.outcomes) == (False, True, ())
    EpisodeReplay.from_dict(json.loads(json.dumps(replay.to_dict()))).replay()


def test_a_replay_travels_light_between_processes():
    replay, _ = play(read_game("Single-Player/GVGAI/sokoban.yaml"), steps=1000)
    travelled = pickle.dumps(replay)
    assert pickle.loads(travelled) == replay
    # The game's text, a byte an action, four a reward.
    assert len(travelled) < len(replay.text) + 5 * replay.length + 2000


def test_play_through_shows_every_state_and_closes_the_game():
    replay, _ = play(CORRIDOR, actions=WIN)
    steps = []
    for game in replay.play_through():
        steps.append((game.steps, game.observation().sum()))
    assert [step for step, _ in steps] == [0, 1, 2, 3]
    with pytest.raises(Exception, match="closed"):
        game.state()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rewards": [[0], [1], [3]]}, r"step 1: rewards: \[0.0\] now, \[1.0\] was recorded"),
        ({"outcomes": ("lose",)}, r"step 2: outcomes: \('win',\) now"),
        ({"terminated": False, "outcomes": ()}, "step 2: terminated: True"),
        ({"actions": [[[1]], [[1]], [[1]]]}, "step 2: rewards"),
        ({"actions": [[[3]], [[9]], [[3]]]}, "step 1: action=.* 0 … n-1"),
        ({"level": 1}, "step 2: rewards"),
        ({"level": 2}, "reset: level=2: the game has no such level"),
        ({"level": "WWW\nWA"}, "reset: level=.*rows"),
    ],
)
def test_a_replay_that_does_not_repeat_itself_names_the_step(change, message):
    replay, _ = play(CORRIDOR, actions=WIN)
    changed = EpisodeReplay.from_dict({**replay.to_dict(), **change})
    assert changed != replay
    with pytest.raises(ReplayError, match=message):
        changed.replay()


def test_an_episode_that_goes_on_after_its_recorded_end_is_told():
    replay, _ = play(CORRIDOR, actions=WIN)
    longer = {**replay.to_dict(), "actions": [[[3]]] * 4, "rewards": [[0], [0], [3], [0]]}
    with pytest.raises(ReplayError, match="step 2: terminated: True now, False was recorded"):
        EpisodeReplay.from_dict(longer).replay()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"actions": []}, "actions of shape"),
        ({"actions": [[[1.5]]] * 3}, "float64"),
        ({"actions": [[[-1]]] * 3}, "0 or more"),
        ({"actions": [[[1]], [[1, 2]], [[1]]]}, "do not fit"),
        ({"rewards": [[0, 0]] * 3}, r"there are \(3, 1\)"),
        ({"seed": 2**32}, "seed=4294967296"),
        ({"seed": "one"}, "seed='one'"),
        ({"level": None}, "level=None"),
        ({"outcomes": []}, "win, lose or end"),
        ({"outcomes": ["draw"]}, "win, lose or end"),
        ({"truncated": True}, "one way only"),
        ({"terminated": False, "outcomes": [], "truncated": True}, "max_steps=None"),
        ({"player_observers": []}, "1 player"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_values_that_do_not_fit_are_refused(change, message):
    replay, _ = play(CORRIDOR, actions=WIN)
    with pytest.raises(ReplayError, match=message):
        EpisodeReplay.from_dict({**replay.to_dict(), **change})


def test_missing_cut_altered_and_foreign_files_are_named(tmp_path):
    file = tmp_path / "win.json"
    with pytest.raises(ReplayError, match=r"win.json.*No such file"):
        EpisodeReplay.load(file)
    play(CORRIDOR, actions=WIN)[0].save(file)
    whole = file.read_text()
    file.write_text(whole[:-20])
    with pytest.raises(ReplayError, match="cut short"):
        EpisodeReplay.load(file)
    file.write_text(whole.replace('"seed":1', '"seed":2'))
    with pytest.raises(ReplayError, match="altered"):
        EpisodeReplay.load(file)
    file.write_text('{"format": "something else"}')
    with pytest.raises(ReplayError, match="griddly_lit replay 1"):
        EpisodeReplay.load(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReplayError, match="no replay"):
        EpisodeReplay.load(file)


def test_a_failed_save_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    file = tmp_path / "win.json"
    replay, _ = play(CORRIDOR, actions=WIN)
    replay.save(file)
    before = file.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("griddly_lit.whole_file.os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        play(CORRIDOR, seed=2, actions=WIN)[0].save(file)
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["win.json"]
