"""Encoding: pictures into an mp4 or GIF file, one at a time."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from griddly_lit.arguments import checked_int
from griddly_lit.errors import GriddlyLitError, OptionError
from griddly_lit.whole_file import whole_file

FORMATS = ("mp4", "gif")
# A GIF counts time in hundredths of a second.
MOST_FPS = 100
# Smaller pictures are magnified by a whole number, so that a video of 5 × 5 cells can be watched.
_SHORTEST_SIDE = 160
_INPUT = ("-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24")
_OUTPUT = {
    # yuv420p is what browsers play; faststart lets them begin before all is loaded.
    "mp4": (
        *("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"),
        *("-movflags", "+faststart", "-f", "mp4"),
    ),
    # A palette for each picture: one for all of them would need all of them in memory.
    "gif": (
        "-filter_complex",
        "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=none",
        *("-filter_complex_threads", "1", "-f", "gif"),
    ),
}


class VideoError(GriddlyLitError, RuntimeError):
    """A video could not be encoded or written."""


def write_video(path: str | Path, frames: Iterable[NDArray[np.uint8]], fps: int) -> int:
    """Encodes pictures as they come, so that a long video takes no more memory than a short one.

    An mp4 is H.264 in yuv420p; a GIF has up to 256 colours a picture. Pictures whose shorter side
    is below 160 pixels are magnified by a whole number. Where mp4 needs an even size, the last row
    or column is repeated.

    Args:
        path: The file, ending in ``.mp4`` or ``.gif``. Its folder is made, and what is there
            already is replaced once the video is whole.
        frames: RGB pictures of one size, uint8 (H, W, 3), at least one.
        fps: Pictures a second, 1 … 100.

    Returns:
        The number of pictures.

    Raises:
        OptionError: The ending or ``fps`` is not supported.
        VideoError: The encoder failed, the disk is full, or the pictures are not as they should be.
    """
    path = Path(path)
    kind = check_video_path(path)
    check_fps(fps)
    try:
        with whole_file(path) as draft:
            return _encode(path, draft, kind, frames, fps)
    except OSError as error:
        raise VideoError(
            f"video={str(path)!r}", f"it cannot be written ({error})", _ROOM
        ) from error


def check_video_path(path: Path) -> str:
    """Returns the format that a file's ending names; OptionError if it is none of ours."""
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise OptionError(
            f"video={str(path)!r}", "its ending names no format", "Use one of these", FORMATS
        )
    return kind


def check_fps(fps: int) -> int:
    """Returns ``fps``; OptionError unless it is an integer in 1 … 100."""
    return checked_int("fps", fps, 1, MOST_FPS)


_ROOM = "Check that its folder can be written to and that there is room on the disk"


def _encode(
    path: Path, draft: Path, kind: str, frames: Iterable[NDArray[np.uint8]], fps: int
) -> int:
    pictures = iter(frames)
    first = next(pictures, None)
    if first is None:
        raise VideoError(f"video={str(path)!r}", "there is no picture", "Give at least one")
    shape = _checked(first, first.shape).shape
    count = 0
    with tempfile.TemporaryFile() as complaints:
        encoder = _start(draft, kind, _prepared(first, kind).shape, fps, complaints)
        assert encoder.stdin is not None
        try:
            for picture in itertools.chain([first], pictures):
                encoder.stdin.write(_prepared(_checked(picture, shape), kind).data)
                count += 1
        except BrokenPipeError:
            pass  # It ended early: its exit code and what it said are told below.
        except BaseException:
            encoder.kill()
            raise
        finally:
            with contextlib.suppress(BrokenPipeError):
                encoder.stdin.close()
            code = encoder.wait()
        if code != 0:
            complaints.seek(0)
            lines = complaints.read().decode("utf-8", "replace").splitlines()
            said = "; ".join(lines[:3]) or "it said nothing"
            raise VideoError(
                f"video={str(path)!r}", f"the encoder failed with code {code} ({said})", _ROOM
            )
    return count


def _start(
    draft: Path, kind: str, shape: tuple[int, ...], fps: int, complaints: IO[bytes]
) -> subprocess.Popen[bytes]:
    height, width = shape[:2]
    size = ("-s", f"{width}x{height}", "-framerate", str(fps), "-i", "pipe:0")
    output = ("-an", "-threads", "1", *_OUTPUT[kind], str(draft))
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *_INPUT, *size, *output]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaints
    )


def _checked(picture: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape != (*shape[:2], 3):
        raise VideoError(
            f"picture of shape {picture.shape}, {picture.dtype}",
            f"a video's pictures are uint8 of one shape, here {(*shape[:2], 3)}",
            "Draw all of them with one renderer on one level",
        )
    return picture


def magnified(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns a picture whose shorter side has 160 pixels or more, by a whole number of times."""
    times = -(-_SHORTEST_SIDE // min(picture.shape[:2]))
    return picture.repeat(times, axis=0).repeat(times, axis=1) if times > 1 else picture


def _prepared(picture: NDArray[np.uint8], kind: str) -> NDArray[np.uint8]:
    picture = magnified(picture)
    height, width = picture.shape[:2]
    if kind == "mp4" and (height % 2 or width % 2):
        picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(picture)
