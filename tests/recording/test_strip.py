"""The strip under a video's pictures, read back letter by letter."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import ImageFont

from games import CORRIDOR, RIGHT
from griddly_lit.engine import read_game
from griddly_lit.errors import OptionError
from griddly_lit.recording import (
    EpisodeReplay,
    VideoRecorder,
    VideoRecording,
    draw,
    render_replay,
)
from griddly_lit.recording.strip import with_strip
from recording.episodes import pictures, play

LETTERS = [chr(code) for code in range(32, 127)]
FORAGERS = read_game("Multi-Agent/foragers.yaml")


def mask(letter):
    drawn = np.zeros((12, 6), bool)
    image = ImageFont.load_default_imagefont().getmask(letter)
    pixels = np.array(image, dtype=bool).reshape(image.size[::-1])[:12, :6]
    drawn[: pixels.shape[0], : pixels.shape[1]] = pixels
    return drawn


MASKS = np.stack([mask(letter) for letter in LETTERS])


def lines(picture, height, scale=1):
    """Returns what stands under the first ``height`` rows of a picture."""
    strip = picture[height:].max(axis=2)[::scale, ::scale]
    bright = strip > 115
    found = []
    for top in range(1, len(bright) - 12, 12):
        cells = [bright[top : top + 12, x : x + 6] for x in range(3, bright.shape[1] - 6, 6)]
        text = "".join(LETTERS[(cell != MASKS).sum(axis=(1, 2)).argmin()] for cell in cells)
        found.append(text.rstrip())
    return found


def win(**options):
    """Three steps to the goal, which gives 3."""
    replay, _ = play(CORRIDOR, actions=np.full((3, 1, 1), RIGHT), **options)
    assert replay.outcomes == ("win",)
    return replay


@pytest.mark.parametrize("suffix", ["mp4", "gif"])
@pytest.mark.parametrize("view", ["global", 1])
def test_step_return_and_outcome_can_be_read_from_the_file(tmp_path, suffix, view):
    replay = win(env_steps=100_000)
    out = render_replay(replay, tmp_path / f"video.{suffix}", view, fps=5, strip=True)
    seen = pictures(out)
    # The corridor is 48 × 24 pixels, drawn 7 times as large, and the letters twice.
    assert seen.shape[2] == 336
    said = [lines(picture, 168, 2) for picture in seen]
    assert said == [
        ["trained 100,000  step 0", "return 0"],
        ["trained 100,000  step 1", "return 0"],
        ["trained 100,000  step 2", "return 0"],
        # The end is there for a second.
        *[["trained 100,000  step 3", "return 3 win"]] * 5,
    ]
    plain = pictures(render_replay(replay, tmp_path / f"plain.{suffix}", view))
    assert np.abs(seen[:4, :168].astype(int) - plain).mean() < 3


def test_a_replay_keeps_the_steps_of_training_and_older_files_have_none(tmp_path):
    replay = win(env_steps=4_096)
    replay.save(tmp_path / "replay.json")
    assert EpisodeReplay.load(tmp_path / "replay.json") == replay
    out = render_replay(tmp_path / "replay.json", tmp_path / "video.gif", strip=True)
    assert lines(pictures(out)[0], 168, 2)[0] == "trained 4,096  step 0"
    values = json.loads(json.dumps(replay.to_dict()))
    del values["env_steps"]
    older = EpisodeReplay.from_dict(values)
    assert older.env_steps is None
    out = render_replay(older, tmp_path / "older.gif", strip=True)
    assert lines(pictures(out)[-1], 168, 2) == ["step 3  return 3 win"]


def said_at(replay, view, index, height, scale=1):
    shown = list(with_strip(draw(replay, view), replay, view, 1))
    assert len(shown) == replay.length + 1
    assert len({picture.shape for picture in shown}) == 1
    return lines(shown[index], height, scale)


def test_several_agents_have_a_return_and_an_outcome_each():
    replay, _ = play(FORAGERS, steps=60, max_steps=60, env_steps=0)
    returns = [f"{value:g}" for value in replay.returns]
    assert len(set(returns)) > 1
    assert said_at(replay, "global", -1, 240) == [
        "trained 0  step 60  return of",
        *(f"agent {n}: {value} step limit" for n, value in enumerate(returns, 1)),
    ]
    assert said_at(replay, 2, -1, 240) == [
        "trained 0  step 60",
        f"agent 2: return {returns[1]} step limit",
    ]
    going_on, _ = play(FORAGERS, steps=3)
    assert said_at(going_on, "global", -1, 240) == [
        "step 3  return of",
        "agent 1: 0  agent 2: 0  agent 3: 0",
        "agent 4: 0",
    ]


def test_the_outcome_is_of_the_agent_that_is_shown():
    replay, _ = play(FORAGERS, steps=2)
    ended = dataclasses.replace(replay, terminated=True, outcomes=("win", "lose", "end", "lose"))
    frames = [np.zeros((240, 240, 3), np.uint8)] * 3
    for agent, outcome in enumerate(ended.outcomes, 1):
        *_, last = with_strip(frames, ended, agent, 1)
        assert lines(last, 240) == [f"step 2  agent {agent}: return 0 {outcome}"]


@pytest.mark.parametrize("shape", [(8, 8), (9, 33), (24, 8), (72, 72), (333, 1001), (1400, 500)])
def test_it_can_be_read_under_pictures_of_any_size(shape):
    replay = dataclasses.replace(win(), env_steps=1_234_567_890)
    frames = [np.full((*shape, 3), 200, np.uint8)] * 4
    *_, last = with_strip(frames, replay, "global", 1)
    times = max(1, -(-160 // min(shape)))
    height, width = shape[0] * times, shape[1] * times
    # The picture stands whole in the middle, with black beside it.
    bright = last[:height] == 200
    assert bright.sum() == height * width * 3
    left = (last.shape[1] - width) // 2
    assert bright[:, left : left + width].all()
    scale = -(-max(height, width) // 320)
    # Shrunk to 320 pixels, as TensorBoard's copy is, letters keep most of their size.
    assert scale * 320 / max(last.shape[:2]) > 0.7
    text = " ".join(lines(last, height, scale)).split()
    assert text == ["trained", "1,234,567,890", "step", "3", "return", "3", "win"]


def test_numbers_keep_their_place_and_fractions_their_digits():
    rewards = np.full((3, 1), 0.1)
    replay = dataclasses.replace(win(), rewards=rewards)
    frames = [np.zeros((320, 320, 3), np.uint8)] * 4
    said = [lines(frame, 320) for frame in with_strip(frames, replay, "global", 1)]
    assert said[-1] == ["step 3  return 0.3 win"]
    assert len({line[0].index("return") for line in said}) == 1


def test_the_recorder_writes_it_with_the_run_s_steps(tmp_path):
    recorder = VideoRecorder(VideoRecording(strip=True, include_agents=True, fps=2), tmp_path)
    recorder.submit(win(), 128)
    recorder.submit(win(env_steps=64), 128)
    recorder.close(60)
    videos = recorder.finished()
    assert [video.key.removeprefix("videos/level_0") for video in videos] == ["", "/agent_1"] * 2
    for video, trained in zip(videos, (128, 128, 64, 64), strict=True):
        seen = pictures(video.path)
        assert len(seen) == 5
        assert lines(seen[-1], 168, 2) == [f"trained {trained}  step 3", "return 3 win"]


def test_it_is_off_unless_it_is_asked_for(tmp_path):
    assert not VideoRecording().strip
    assert not VideoRecording.from_record_video_config({}).strip
    out = render_replay(win(), tmp_path / "video.gif")
    assert pictures(out).shape[:3] == (4, 168, 336)
    with pytest.raises(OptionError, match="strip='yes'"):
        VideoRecording(strip="yes")
    with pytest.raises(OptionError, match="strip=1"):
        render_replay(win(), tmp_path / "video.gif", strip=1)
