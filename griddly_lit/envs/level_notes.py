"""What games are about to do, where another process reads it when this one has crashed or hangs."""

from __future__ import annotations

import json
import mmap
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from griddly_lit.envs.levels import Level

_HEAD = struct.Struct("@5q")
_BEATS, _AT, _BUSY, _FRAGMENTS, _ALIVE = range(5)
_ALIVE_EVERY_S = 0.5
_SLOT = 8192
_NOWHERE = -1
_LONGEST_LEVEL = 4000


class Noted(NamedTuple):
    """What a process had noted.

    Attributes:
        beats: Grows with everything that a game does while it samples, and with time while not.
        busy: Whether it samples.
        fragments: How many fragments it has finished.
        doing: What a game was about to do, as the end of a sentence; empty where none was.
    """

    beats: int
    busy: bool
    fragments: int
    doing: str


class NoNotes:
    """Notes nothing."""

    def draws(self, index: int) -> None:
        """A game is about to get its next level."""

    def begins(self, index: int, level: Level, seed: int) -> None:
        """A game is about to begin an episode."""

    def plays(self, index: int) -> None:
        """A game is about to take a step."""

    def rests(self) -> None:
        """All games have taken a step."""

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Counts a fragment when the block is done."""
        yield


class LevelNotes(NoNotes):
    """Notes what games are about to do, in memory that is a file's and outlives the process.

    Args:
        path: The file.
        count: Number of games.

    Raises:
        OSError: There is no room for the file, or no folder.
    """

    def __init__(self, path: Path, count: int) -> None:
        size = _HEAD.size + count * _SLOT
        # Under another name at first: whoever reads it finds it whole.
        draft = path.with_suffix(".draft")
        with draft.open("w+b") as file:
            # Memory of a file without room on its disk would crash who writes to it.
            os.posix_fallocate(file.fileno(), 0, size)
            self._memory = mmap.mmap(file.fileno(), size)
        self._head = memoryview(self._memory)[: _HEAD.size].cast("q")
        self._head[_AT] = _NOWHERE
        draft.rename(path)
        threading.Thread(target=self._live, name="griddly_lit notes", daemon=True).start()

    def draws(self, index: int) -> None:
        """A game is about to get its next level."""
        self._write(index, None)

    def begins(self, index: int, level: Level, seed: int) -> None:
        """A game is about to begin an episode."""
        shown = level if isinstance(level, int) else level[:_LONGEST_LEVEL]
        self._write(index, [shown, seed])

    def plays(self, index: int) -> None:
        """A game is about to take a step."""
        head = self._head
        head[_AT] = index
        head[_BEATS] += 1

    def rests(self) -> None:
        """All games have taken a step."""
        self._head[_AT] = _NOWHERE

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Counts a fragment when the block is done."""
        head = self._head
        head[_BUSY] = 1
        try:
            yield
            head[_FRAGMENTS] += 1
        finally:
            head[_BUSY] = 0

    def _live(self) -> None:
        while True:
            self._head[_ALIVE] += 1
            time.sleep(_ALIVE_EVERY_S)

    def _write(self, index: int, values: Any) -> None:
        text = json.dumps(values).encode()[: _SLOT - 1]
        place = _HEAD.size + index * _SLOT
        self._memory[place : place + len(text) + 1] = text + b"\0"
        self.plays(index)


def read_notes(path: Path) -> Noted | None:
    """Returns what the process that writes a file has noted last; None where there is no file."""
    try:
        with path.open("rb") as file:
            beats, at, busy, fragments, alive = _HEAD.unpack(file.read(_HEAD.size))
            doing = ""
            if at != _NOWHERE:
                file.seek(_HEAD.size + at * _SLOT)
                doing = _shown(file.read(_SLOT).partition(b"\0")[0])
    except (OSError, struct.error):
        return None
    return Noted(beats if busy else alive, bool(busy), fragments, doing)


def _shown(text: bytes) -> str:
    try:
        values = json.loads(text)
    except ValueError:
        return "as it played a level"
    if values is None:
        return "as it drew a level"
    level, seed = values
    shown = f"{level}" if isinstance(level, int) else f"\n{level}\n"
    return f"as it played level {shown} (engine's seed {seed})"
