"""The child process of the probe: ``python -m griddly_lit.engine.trial``.

It takes a request as JSON on its standard input, writes a line about each place where it may die,
and its answer as JSON in the last line. ``memory_bytes`` and ``phase_timeout_s`` of the request bound
what it may take, so that no game can take the machine down.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from griddly_lit.engine import binding
from griddly_lit.engine.level_map import load_level_string
from griddly_lit.errors import GameLoadError, GriddlyLitError, LevelError, ObserverError

# Most games are through with a level after some milliseconds.
_EPISODES = 2
_MOST_STEPS, _FEWEST_STEPS, _STEPS_OF_ALL_LEVELS = 48, 8, 3200
# Larger numbers would make arrays of valid actions that no machine holds.
_MOST_ACTIONS = 2**16


def describe(request: dict[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    """Loads a game, and starts and plays each of its levels.

    Args:
        request: ``text``, ``observers`` (a name or one a player) and ``extra_level`` (or None).
        tell: Is called with the place where the process may die next.

    Returns:
        ``info``, ``extra_shapes``, and ``failures``: a level and an error for each level that can
        be started but not played.
    """
    gdy = binding.load_gdy(request["text"])
    names, sizes = _actions(gdy)
    count, observers = gdy.get_player_count(), request["observers"]
    observers = [observers] * count if isinstance(observers, str) else observers
    if len(observers) != count:
        raise ObserverError(
            f"player_observer_type={observers}",
            f"the game has {count} player(s), not {len(observers)}",
            "Give one name for all, or one name a player",
        )
    level_count = gdy.get_level_count()
    if not level_count:
        raise LevelError(
            "Levels", "the game has no level", "Add at least one level to Environment.Levels"
        )
    engine = binding.create_game(gdy)
    with binding.refusals_named("game"):
        players = [engine.register_player(f"player_{n}", each) for n, each in enumerate(observers)]
        engine.init(False)
        engine.enable_history(True)
    avatar = gdy.get_avatar_object() or None

    def start() -> list[list[int]]:
        engine.seed(0)
        engine.reset()
        arrays = [np.asarray(player.observe()) for player in players]
        return [[array.shape[2], array.shape[1], array.shape[0]] for array in arrays]

    def play() -> None:
        location = () if avatar else (engine.get_width(), engine.get_height())
        nvec = [*location, *([len(names)] if len(names) > 1 else []), max(sizes)]
        steps = min(_MOST_STEPS, max(_FEWEST_STEPS, _STEPS_OF_ALL_LEVELS // level_count))
        for seed in range(_EPISODES):
            _play(engine, players, nvec, steps, seed)

    shapes, grids, failures = [], [], []
    for level in range(level_count):
        tell(f"level={level}")
        with binding.refusals_named(f"level={level}", LevelError):
            engine.load_level(level)
            shapes.append(start())
            grids.append([engine.get_width(), engine.get_height()])
        try:
            play()
        except Exception as error:
            failures.append([level, str(error).rstrip(".")])
    extra_shapes = None
    if request["extra_level"] is not None:
        tell("generated level")
        with binding.refusals_named(f"level={request['extra_level'][:60]!r}", LevelError):
            load_level_string(engine, request["extra_level"])
            extra_shapes = start()
            play()
    info = {
        "player_count": count,
        "player_observers": observers,
        "level_shapes": shapes,
        "grid_sizes": grids,
        "avatar": avatar,
        "action_names": names,
        "action_sizes": sizes,
        "channel_names": list(engine.get_object_names()),
        "variable_names": list(engine.get_object_variable_names()),
    }
    return {"info": info, "extra_shapes": extra_shapes, "failures": failures}


def _actions(gdy: Any) -> tuple[list[str], list[int]]:
    """Returns the names of the action types and the number of ids of each."""
    names, mappings = list(gdy.get_action_names()), gdy.get_action_input_mappings()
    ids = [[0, *map(int, mappings[name]["InputMappings"])] for name in names]
    sizes = [max(each) + 1 for each in ids]
    if not names:
        raise GameLoadError(
            "Actions",
            "the game has no action that a player can take",
            "Add an action that is not Internal",
        )
    if len(names) * max(sizes) > _MOST_ACTIONS:
        raise GameLoadError(
            "Actions",
            f"the largest action id is {max(sizes) - 1}",
            f"Number the Inputs from 1; types times ids may be {_MOST_ACTIONS}",
        )
    return names, sizes


def _play(engine: Any, players: list[Any], nvec: list[int], steps: int, seed: int) -> None:
    """Plays at random, every other step among the actions that are valid."""
    rng = random.Random(seed)
    engine.seed(seed)
    engine.reset()
    actions = np.zeros((len(players), len(nvec)), dtype=np.int32)
    for step in range(steps):
        trees = engine.build_valid_action_trees() if step % 2 else [{}] * len(players)
        for own, tree in zip(actions, trees, strict=True):
            own[:] = _valid(tree, rng) or [rng.randrange(size) for size in nvec]
        _, terminated, _ = engine.step_parallel(actions)
        for player in players:
            player.observe()
        if terminated:
            engine.reset()
    engine.get_history()
    engine.get_state()


def _valid(tree: dict[int, Any], rng: random.Random) -> list[int]:
    action = []
    while tree:
        action.append(rng.choice(list(tree)))
        tree = tree[action[-1]]
    return action


def _answer(request: dict[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    try:
        return describe(request, tell)
    except GriddlyLitError as error:
        kind, choices = type(error).__name__, error.available
        return {"error": [kind, error.value, error.rule, error.mend, choices]}
    except MemoryError:
        return {"error": ["GameLoadError", "game", "it needs too much memory", "Shrink it", None]}


def _main() -> None:
    request = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_DATA, (request["memory_bytes"],) * 2)
    # The engine writes to file descriptor 1; the answer leaves through a copy of it.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def tell(place: str) -> None:
        print(place, file=answers, flush=True)
        # Its default action ends the process, also in the middle of compiled code.
        signal.setitimer(signal.ITIMER_PROF, request["phase_timeout_s"])

    tell("")
    answer = _answer(request, tell)
    print(json.dumps(answer), file=answers, flush=True)
    # Skips the engine's destructors, which may crash after an answer was found.
    os._exit(0)


if __name__ == "__main__":
    _main()
