"""What a spec's levels mean for its game."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from griddly_lit.engine import GameInfo, padded_level
from griddly_lit.envs.checked_options import check_there_are
from griddly_lit.envs.levels import LevelSource, UniformLevels
from griddly_lit.envs.levels.in_play import draw, indices_of, largest_of, private_copy
from griddly_lit.errors import LevelError


def trained_levels(
    levels: Any, test_levels: Sequence[int], level_count: int | None = None
) -> tuple[int, ...] | None:
    """Returns the indices of the levels that are trained on.

    Args:
        levels: Checked levels of a spec.
        test_levels: Indices of the levels that are not.
        level_count: Number of the game's levels, where it is known.

    Returns:
        The indices, or None for ``"random"`` levels of a game that is not known.

    Raises:
        LevelError: There are none, or a source gives others than indices.
    """
    if isinstance(levels, LevelSource):
        return indices_of(levels)
    if isinstance(levels, int):
        levels = (levels,)
    elif isinstance(levels, str):
        if level_count is None:
            return None
        levels = [level for level in range(level_count) if level not in test_levels]
    return UniformLevels(tuple(levels)).indices()


def sample_level(levels: Any, trained: Sequence[int] | None) -> str | None:
    """Returns a level string that is as large as any, if the levels are a source of such.

    It is what a copy of the source draws first, with empty cells up to the source's ``largest``.

    Raises:
        LevelError: The source fails.
    """
    if not isinstance(levels, LevelSource):
        return None
    source = private_copy(levels)
    largest = largest_of(source)
    level = draw(source, np.random.default_rng(0), 0, trained)
    if largest is None:
        return level if isinstance(level, str) else None
    return padded_level(level if isinstance(level, str) else ".", *largest)


def check_levels(
    game: GameInfo, trained: Sequence[int], test_levels: Sequence[int], pad_levels: bool
) -> None:
    """Checks a spec's levels against its game.

    Args:
        game: The game.
        trained: Indices of levels trained on.
        test_levels: Indices of levels that are not.
        pad_levels: Whether levels may differ in shape.

    Raises:
        LevelError: The game has no such level, a level is both trained and tested on, or the
            levels differ in shape and must not.
    """
    for option, levels in (("levels", trained), ("test_levels", test_levels)):
        check_there_are(option, levels, game.level_count)
    both = sorted(set(trained) & set(test_levels))
    if both:
        raise LevelError(
            f"test_levels={list(test_levels)}",
            f"levels {both} are trained on as well",
            "Take them out of levels or of test_levels",
            [n for n in range(game.level_count) if n not in trained],
        )
    in_use = sorted({*trained, *test_levels})
    if len({game.level_shapes[level] for level in in_use}) > 1 and not pad_levels:
        listed = ", ".join(f"level {n}: {game.level_shapes[n][0]}" for n in in_use)
        raise LevelError(
            "pad_levels=False",
            f"the levels differ in shape (H, W, C): {listed}",
            "Set pad_levels=True, or choose levels of one shape",
        )
