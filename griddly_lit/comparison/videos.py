"""Videos of a study: each model's best and worst episode of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from griddly_lit.comparison.study import Study


class Clip(NamedTuple):
    """One video: what it shows, and its file."""

    title: str
    path: Path


def clips(study: Study) -> Iterator[Clip]:
    """Yields the videos of the first seed that has any, game by game."""
    for env in study.envs:
        for kind in ("best", "worst"):
            for model in study.models:
                folders = (
                    study.out / "cells" / model / env / f"seed_{seed}" / "run" / "videos"
                    for seed in study.seeds
                )
                found = (
                    path
                    for folder in folders
                    for path in sorted(folder.rglob("*"))
                    if path.suffix in (".mp4", ".gif")
                    and {"test", kind}
                    <= set(
                        path.relative_to(folder)
                        .as_posix()
                        .replace("_", "/")
                        .replace(".", "/")
                        .split("/")
                    )
                )
                path = next(found, None)
                if path is not None:
                    yield Clip(f"{env}, {kind}: {model}", path)
