"""The files of a directory that a manifest lists, checked against it before they are read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from griddly_lit.decoding import decoding, parse_json
from griddly_lit.errors import CheckpointError

_USE_ANOTHER = "Use another checkpoint"
_MOST_TEXT_BYTES = 2**28


class CheckedFiles:
    """Reads files of a directory as they were when its manifest was written, and no others.

    Args:
        directory: Where they are.
        listed: Size and SHA-256 of each by its path inside the directory.

    Raises:
        CheckpointError: A file is missing, cut short or altered, or lies outside the directory.
    """

    def __init__(self, directory: Path, listed: Mapping[str, Any]) -> None:
        self._directory = directory
        self._shown = f"checkpoint={str(directory)!r}"
        self.names = frozenset(listed)
        root = directory.resolve()
        for name, fingerprint in listed.items():
            file = directory / name
            inside = root.joinpath(name)
            # Resolved, a name that holds "..", is absolute, or goes through a link is another one.
            if "\0" in name or Path(name).is_absolute() or inside != inside.resolve():
                raise self._error(f"its file {name} is a link or lies outside its directory")
            if not file.is_file():
                raise self._error(f"its file {name} is missing")
            size = fingerprint[0] if isinstance(fingerprint, list) and fingerprint else None
            if size != file.stat().st_size or fingerprint_of(file) != fingerprint:
                raise self._error(f"its file {name} is altered or cut short")

    def path(self, name: str) -> Path:
        """Returns the path of a file that is listed."""
        if name not in self.names:
            raise self._error(f"its manifest does not list {name}")
        return self._directory / name

    def text(self, name: str) -> str:
        """Returns the text of a file."""
        file = self.path(name)
        with self.decoding(name):
            if file.stat().st_size > _MOST_TEXT_BYTES:
                raise ValueError("it is too large")
            return file.read_text("utf-8")

    def json(self, name: str) -> Any:
        """Returns the value of a JSON file."""
        text = self.text(name)
        with self.decoding(name):
            return parse_json(text)

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Returns the tensors of a safetensors file, on the CPU."""
        with self.decoding(name):
            try:
                return load_file(self.path(name))
            except SafetensorError as error:
                raise ValueError(str(error)) from error

    def decoding(self, name: str) -> Any:
        """Turns what goes wrong with a file's content into a CheckpointError."""
        rule = f"its file {name} holds what no version of griddly_lit writes"
        return decoding(CheckpointError, self._shown, rule, _USE_ANOTHER)

    def _error(self, rule: str) -> CheckpointError:
        return CheckpointError(self._shown, rule, _USE_ANOTHER)


def files_below(directory: Path) -> Iterator[Path]:
    """Yields all files of a directory and its folders, in order."""
    return (file for file in sorted(directory.rglob("*")) if file.is_file())


def fingerprint_of(file: Path) -> list[Any]:
    """Returns a file's size and SHA-256, as a manifest lists them."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        for block in iter(lambda: stream.read(2**20), b""):
            digest.update(block)
        return [os.fstat(stream.fileno()).st_size, digest.hexdigest()]
