"""Directories that are written whole or not at all, also where the process is killed.

A new one is made as a draft beside its place, and is on the disk before it is moved there.
"""

from __future__ import annotations

import ctypes
import glob
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from safetensors import SafetensorError

from griddly_lit.errors import CheckpointError
from griddly_lit.processes import is_dead, place

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_LEFT_AFTER_S = 3600.0
_DRAFT = re.compile(r"\..+\.(?P<place>[0-9a-f]{8})\.(?P<pid>\d{1,9})\.[0-9a-f]{8}")


@contextmanager
def whole_directory(path: Path) -> Iterator[Path]:
    """Gives an empty draft, which takes the place of ``path`` when the block ends without an error.

    What is at ``path`` already is replaced, at no moment of which is there nothing.

    Raises:
        CheckpointError: There is a link or a file at ``path``, or no room for it.
    """
    check_replaceable(path)
    try:
        with _draft_of(path) as draft:
            yield draft
    except (OSError, SafetensorError) as error:
        raise _not_written(path, error) from error


@contextmanager
def _draft_of(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    finish_interrupted(path)
    _remove_leftovers(path)
    draft = path.parent / f".{path.name}.{place()}.{os.getpid()}.{uuid.uuid4().hex[:8]}"
    try:
        draft.mkdir()
        yield draft
        _flush(draft)
        _replace(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _not_written(path: Path, error: Exception) -> CheckpointError:
    room = next(folder for folder in path.absolute().parents if folder.is_dir())
    free = shutil.disk_usage(room).free / 2**20
    before = "; what was there before is whole" if path.is_dir() else ""
    return CheckpointError(
        f"checkpoint={str(path)!r}",
        f"it cannot be written: {error}, with {free:,.1f} MiB free in {room}{before}",
        "Make room, or give another default_root_dir",
    )


def link_directory(source: Path, path: Path) -> None:
    """Makes ``path`` an equal of ``source`` that takes no room: its files are hard links.

    Neither may be written into afterwards. Where the file system has no links, files are copied.
    """
    with whole_directory(path) as draft:
        shutil.copytree(source, draft, copy_function=_link, dirs_exist_ok=True)


def check_replaceable(path: Path) -> None:
    """Raises CheckpointError when there is a link or a file where a directory belongs."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        what = "a link" if path.is_symlink() else "a file"
        raise CheckpointError(
            f"checkpoint={str(path)!r}",
            f"there is {what} at its place, and a checkpoint is a directory",
            "Move it away",
        )


def finish_interrupted(path: Path) -> None:
    """Brings back the directory that had stepped aside when a process was killed."""
    aside = aside_of(path)
    if aside.is_dir() and not path.exists():
        # A file system that can only be read keeps it where it is.
        with suppress(OSError):
            aside.rename(path)


def aside_of(path: Path) -> Path:
    """Returns where a directory steps aside for a new one, where the two cannot be swapped."""
    return path.parent / f".{path.name}.old"


def _replace(draft: Path, path: Path) -> None:
    if not path.exists():
        draft.rename(path)
    else:
        try:
            _exchange(draft, path)
        except OSError:
            # This file system or C library cannot swap: the old one steps aside for the new.
            aside = aside_of(path)
            shutil.rmtree(aside, ignore_errors=True)
            path.rename(aside)
            draft.rename(path)
            shutil.rmtree(aside, ignore_errors=True)
    _sync(path.parent)


def _exchange(one: Path, other: Path) -> None:
    """Swaps two directories in one step."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise OSError("this C library has no renameat2")
    names = os.fsencode(one), os.fsencode(other)
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one))


def remove_drafts_of_the_dead(folder: Path) -> None:
    """Removes the drafts in a folder whose processes have ended; what steps aside stays."""
    for entry in folder.glob(".*.*.*.*"):
        if _is_of_the_dead(entry):
            shutil.rmtree(entry, ignore_errors=True)


def _remove_leftovers(path: Path) -> None:
    """Removes what killed processes have left of ``path``; another one may be writing now."""
    for entry in path.parent.glob(f".{glob.escape(path.name)}.*"):
        with suppress(FileNotFoundError):
            # Of a process elsewhere nothing is known but the time.
            is_old = time.time() - entry.stat().st_mtime > _LEFT_AFTER_S
            if is_old or _is_of_the_dead(entry):
                shutil.rmtree(entry, ignore_errors=True)


def _is_of_the_dead(entry: Path) -> bool:
    match = _DRAFT.fullmatch(entry.name)
    return match is not None and is_dead(match["place"], int(match["pid"]))


def _flush(directory: Path) -> None:
    for folder, _, files in os.walk(directory):
        for name in files:
            _sync(Path(folder, name))
        _sync(Path(folder))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
