"""Reads an offline W&B run back from its log, for tests.

A ``run-*.wandb`` file is a LevelDB log of protobuf records: a header of 7 bytes, then blocks of
32,768 bytes, in which a record lies whole or in parts.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import ArtifactRecord, Record

_FILE_HEADER = 7
_BLOCK = 32_768
_PART = struct.Struct("<IHB")  # checksum, length, type
_WHOLE, _FIRST, _LAST = 1, 2, 4


@dataclass
class OfflineRun:
    """What one offline run has logged."""

    files: Path
    started: float = 0.0
    run_id: str = ""
    group: str = ""
    notes: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[ArtifactRecord] = field(default_factory=list)
    # The metric (or glob) that has another one as its x axis.
    step_metrics: dict[str, str] = field(default_factory=dict)
    exit_code: int | None = None

    def row(self, key: str) -> dict[str, Any]:
        """Returns the one row of the history that holds the key."""
        (row,) = (row for row in self.history if key in row)
        return row

    def table(self, key: str) -> dict[str, Any]:
        """Returns the columns and data of a logged table."""
        return json.loads((self.files / self.row(key)[key]["path"]).read_text())


def offline_runs(save_dir: Path) -> list[OfflineRun]:
    """Reads every finished offline run under a directory, the oldest first."""
    # `latest-run` is a link to one of them, and does not match.
    logs = save_dir.glob("wandb/offline-run-*/run-*.wandb")
    return sorted((_read_finished(log) for log in logs), key=lambda run: run.started)


def _read_finished(log: Path) -> OfflineRun:
    # finish() returns a moment before W&B's other process has written all of the log.
    deadline = time.monotonic() + 10
    while (run := read_run(log)).exit_code is None:
        assert time.monotonic() < deadline, f"The run of {log} is not finished"
        time.sleep(0.02)
    return run


def read_run(log: Path) -> OfflineRun:
    """Reads an offline run, finished or not."""
    run = OfflineRun(files=log.parent / "files")
    for record in _records(log.read_bytes()):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run.run_id = record.run.run_id
            run.group, run.notes = record.run.run_group, record.run.notes
            run.started = record.run.start_time.ToNanoseconds() / 1e9
            _set(run.config, record.run.config.update)
        elif kind == "config":
            _set(run.config, record.config.update)
        elif kind == "history":
            run.history.append({})
            _set(run.history[-1], record.history.item)
        elif kind == "artifact":
            run.artifacts.append(record.artifact)
        elif kind == "metric":
            name = record.metric.name or record.metric.glob_name
            run.step_metrics[name] = record.metric.step_metric
        elif kind == "exit":
            run.exit_code = record.exit.exit_code
    return run


def _records(data: bytes) -> Iterator[Record]:
    position, body = _FILE_HEADER, b""
    while position + _PART.size <= len(data):
        left = _BLOCK - position % _BLOCK
        if left < _PART.size:
            position += left  # the rest of a block that is too small for a part is padding
            continue
        _, length, kind = _PART.unpack_from(data, position)
        position += _PART.size
        part = data[position : position + length]
        position += length
        if len(part) < length:
            return  # not all written yet
        body = part if kind in (_WHOLE, _FIRST) else body + part
        if kind in (_WHOLE, _LAST):
            yield Record.FromString(body)


def _set(target: dict[str, Any], items: Any) -> None:
    for item in items:
        *path, last = item.nested_key or [item.key]
        inner = target
        for name in path:
            inner = inner.setdefault(name, {})
        inner[last] = json.loads(item.value_json)
