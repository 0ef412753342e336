import weakref

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
import pytest

from griddly_lit.errors import OptionError
from griddly_lit.recording import VideoError, write_video
from recording.episodes import pictures


def moving_square(count, height, width):
    for index in range(count):
        picture = np.full((height, width, 3), (20, 60, 120), dtype=np.uint8)
        x = index % max(1, width - 1)
        picture[: height // 2 + 1, x : x + max(1, width // 4)] = (250, 200, 40)
        yield picture


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((200, 300), (200, 300)),
        ((201, 303), (202, 304)),
        ((120, 120), (240, 240)),
        ((5, 7), (160, 224)),
        ((1, 1), (160, 160)),
        ((159, 400), (318, 800)),
    ],
)
def test_mp4_of_any_size_has_every_picture_and_is_not_blurred(tmp_path, size, shown):
    path = tmp_path / "new" / "video.mp4"
    assert write_video(path, moving_square(12, *size), fps=10) == 12
    seen = pictures(path)
    assert seen.shape == (12, *shown, 3)
    if min(size) > 1:
        times = -(-160 // min(size))
        wanted = np.stack(list(moving_square(12, *size))).repeat(times, 1).repeat(times, 2)
        error = np.abs(seen[:, : wanted.shape[1], : wanted.shape[2]].astype(int) - wanted)
        assert error.mean() < 6
    assert [file.name for file in path.parent.iterdir()] == ["video.mp4"]


@pytest.mark.parametrize("fps", [1, 10, 60])
def test_mp4_is_what_browsers_play(tmp_path, fps):
    path = tmp_path / "video.mp4"
    write_video(path, moving_square(20, 161, 200), fps)
    meta = next(imageio_ffmpeg.read_frames(str(path)))
    assert meta["codec"] == "h264"
    assert meta["pix_fmt"].startswith("yuv420p")
    assert meta["fps"] == fps
    assert meta["duration"] == pytest.approx(20 / fps, rel=0.01)
    # The index lies before the pictures.
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("size", [(161, 203), (9, 9)])
def test_gif_has_every_picture_in_its_colours(tmp_path, size):
    path = tmp_path / "video.gif"
    assert write_video(path, moving_square(15, *size), fps=20) == 15
    seen = pictures(path)
    times = -(-160 // min(size))
    wanted = np.stack(list(moving_square(15, *size))).repeat(times, 1).repeat(times, 2)
    assert seen.shape == wanted.shape
    assert np.abs(seen.astype(int) - wanted).max() <= 4
    assert iio.immeta(path)["duration"] == 50
    assert iio.immeta(path)["loop"] == 0


@pytest.mark.parametrize("suffix", ["mp4", "gif"])
def test_a_still_episode_keeps_its_length(tmp_path, suffix):
    path = tmp_path / f"video.{suffix}"
    still = [np.full((200, 200, 3), 90, dtype=np.uint8)] * 30
    write_video(path, still, fps=10)
    if suffix == "mp4":
        assert len(pictures(path)) == 30
    else:
        # Equal pictures may be stored as one that stands longer.
        durations = [iio.immeta(path, index=n)["duration"] for n in range(len(pictures(path)))]
        assert sum(durations) == 3000


def test_pictures_are_let_go_as_they_come(tmp_path):
    alive = weakref.WeakSet()
    most = 0

    class Picture(np.ndarray):
        """An array that can be counted."""

        __hash__ = object.__hash__

    def counted():
        nonlocal most
        for picture in moving_square(200, 200, 200):
            made = picture.view(Picture)
            alive.add(made)
            most = max(most, len(alive))
            yield made

    write_video(tmp_path / "video.mp4", counted(), fps=10)
    assert most <= 4


def test_a_fault_while_drawing_leaves_the_old_video_and_no_draft(tmp_path):
    path = tmp_path / "video.mp4"
    write_video(path, moving_square(5, 200, 200), fps=10)
    before = path.read_bytes()

    def broken():
        yield from moving_square(3, 200, 200)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_video(path, broken(), fps=10)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["video.mp4"]


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "no picture"),
        ([np.zeros((200, 200), np.uint8)], r"shape \(200, 200\)"),
        ([np.zeros((200, 200, 3))], "float64"),
        ([np.zeros((200, 200, 3), np.uint8), np.zeros((200, 202, 3), np.uint8)], "one shape"),
    ],
)
def test_pictures_that_make_no_video_are_refused(tmp_path, frames, message):
    with pytest.raises(VideoError, match=message):
        write_video(tmp_path / "video.mp4", frames, fps=10)
    assert list(tmp_path.iterdir()) == []


def test_endings_and_speeds_are_checked(tmp_path):
    with pytest.raises(OptionError, match=r"video.avi.*Available: mp4, gif"):
        write_video(tmp_path / "video.avi", [], fps=10)
    for fps in (0, 101, 2.5, True):
        with pytest.raises(OptionError, match="fps="):
            write_video(tmp_path / "video.mp4", [], fps=fps)


def test_encoder_faults_are_named(tmp_path, monkeypatch):
    path = tmp_path / "file" / "video.mp4"
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(VideoError, match=r"video.mp4.*cannot be written.*room on the disk"):
        write_video(path, moving_square(3, 200, 200), fps=10)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "false")
    with pytest.raises(VideoError, match="the encoder failed with code 1 .it said nothing"):
        write_video(tmp_path / "video.mp4", moving_square(100, 200, 200), fps=10)
    assert not (tmp_path / "video.mp4").exists()
