"""Mutated games and levels: what a spec and 50 steps of play make of them.

    python benchmarks/hostile_games.py --games 3000 --levels 1000

Every case is a process of its own, so that a crash or a hang is seen and counted. A case is well if
it plays, or ends in one of griddly_lit's errors. ``--only 17`` plays one case and shows its error.
"""

from __future__ import annotations

import argparse
import copy
import functools
import json
import os
import random
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from griddly_lit import GriddlyEnvSpec, bundled_games
from griddly_lit.engine import read_game
from griddly_lit.envs import VectorGame
from griddly_lit.envs.multi_agent_game import MultiAgentGame
from griddly_lit.errors import GriddlyLitError
from machine import RESULTS, circumstances

STEPS = 50
TIMEOUT_S = 240
_WELL = ("played", "refused", "failed in play")
MOST_MEGABYTES = 1000
_ROOT = Path(__file__).parent.parent
_VALUES: list[Any] = [
    0, 1, -1, 2, 7, 99, 255, 4294967295, -(2**31), 10**12, 0.5, "", "x", "_empty", "_dest", "src.x",
    "count", None, True, [], {}, [0, 0], [1], [-1, 99], {"eq": [1, 1]}, {"Action": "move"}, "é", "..",
]  # fmt: skip
_CHARACTERS = "..WAawgb12/[]U \t\n0*#@é?"


def originals() -> list[str]:
    """Returns the texts of the bundled games and of the games of the tests and recipes."""
    own = [*(_ROOT / "tests/games").glob("*.yaml"), *(_ROOT / "recipes/games").glob("*.yaml")]
    return [read_game(name) for name in (*bundled_games(), *map(str, sorted(own)))]


def mutated(text: str, rng: random.Random) -> str:
    """Returns a game's text with one to three faults, in its lines or in its tree."""
    if rng.random() < 0.3:
        return mutated_lines(text, rng)
    tree = yaml.safe_load(text)
    for _ in range(rng.randint(1, 3)):
        _mutate_tree(tree, rng)
    return yaml.dump(tree, sort_keys=False, allow_unicode=True)


def mutated_lines(text: str, rng: random.Random) -> str:
    """Returns a text with lines deleted, doubled, swapped, moved, or with another character."""
    lines = text.split("\n")
    for _ in range(rng.randint(1, 4)):
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        line, place = lines[at], rng.randrange(len(lines[at]) + 1)
        change = rng.randrange(7)
        if change == 0:
            del lines[at]
            lines = lines or [""]
        elif change == 1:
            lines.insert(other, line)
        elif change == 2:
            lines[at], lines[other] = lines[other], line
        elif change == 3:
            lines[at] = " " * rng.randrange(8) + line.strip()
        elif change == 4:
            lines[at] = re.sub(r"\d+", lambda _: str(rng.choice([0, 3, 99, -1, 10**10])), line)
        elif change == 5:
            lines[at] = line[:place] + rng.choice(_CHARACTERS) + line[place + 1 :]
        else:
            lines[at] = line[:place] + rng.choice(
                [": ", "- ", "[", "]", "{", '"', "&a ", "*a", "|"]
            )
    return "\n".join(lines)


def mutated_level(level: str, rng: random.Random) -> str:
    """Returns a level string with one to three faults, most of which leave its rows' lengths."""
    for _ in range(rng.randint(1, 3)):
        place, change = rng.randrange(len(level) + 1), rng.randrange(20)
        rest, factor = level[place:], 1000 if len(level) < 5000 else 2
        if change < 12:
            new = rng.choice(level or ".") if change < 9 else rng.choice(_CHARACTERS)
            if "\n" not in (new, rest[:1]):
                level = level[:place] + new + rest[1:]
        elif change < 15:
            level = level[:place] + rng.choice(["1", "2", "9", "37", "123", "9" * 30]) + rest
        elif change == 15:
            level = level[:place] + rng.choice(["/", "[U]", "[", "]", "\0", "\ud800", "\r"]) + rest
        elif change == 16:
            level = level[:place] + rng.choice(_CHARACTERS) + rest
        elif change == 17:
            level = level[:place]
        elif change == 18:
            level = level * rng.choice([2, 3, factor])
        else:
            level = "\n".join(row * rng.choice([2, factor]) for row in level.split("\n"))
    return level


def _mutate_tree(tree: Any, rng: random.Random) -> None:
    places = list(_places(tree))
    holder, key = rng.choice(places)
    other, other_key = rng.choice(places)
    value, change = holder[key], rng.randrange(8)
    if change == 0:
        del holder[key]
    elif change == 1:
        holder[key], other[other_key] = copy.deepcopy(other[other_key]), copy.deepcopy(value)
    elif change == 2 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(value))
    elif change == 3 and isinstance(holder, dict):
        names = [name for each, name in places if isinstance(each, dict)]
        holder[rng.choice(names)] = holder.pop(key)
    elif change == 4:
        other[other_key] = copy.deepcopy(value)
    elif isinstance(value, str) and "\n" in value:
        holder[key] = mutated_level(value, rng).replace("\0", "").replace("\ud800", "")
    elif isinstance(value, (int, float)) and change < 7:
        holder[key] = rng.choice([-1, 0, value + 1, value - 1, 10 * value, 1000 * value, 2**32])
    elif isinstance(value, str) and change < 7:
        holder[key] = copy.deepcopy(rng.choice([each[name] for each, name in places]))
    else:
        holder[key] = copy.deepcopy(rng.choice(_VALUES))


def _places(node: Any) -> Any:
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], (dict, list)):
            yield from _places(node[key])


def play_game(text: str, number: int) -> str:
    """Makes a spec of a text and plays it; returns ``refused``, ``failed in play`` or ``played``."""
    try:
        spec = GriddlyEnvSpec(yaml_string=text, levels="random", max_steps=40)
    except GriddlyLitError:
        return "refused"
    try:
        games = VectorGame(spec, 2, number, record_events=True, valid_actions=number % 2 == 0)
        games.reset()
        _play(games, np.random.default_rng(number))
    except GriddlyLitError:
        return "failed in play"
    return "played"


def play_level(text: str, level: str, number: int) -> str:
    """Plays a level string on a game; returns ``refused``, ``failed in play`` or ``played``."""
    spec = GriddlyEnvSpec(yaml_string=text, levels="random", max_steps=40)
    game = MultiAgentGame(spec)
    rng = np.random.default_rng(number)
    try:
        game.reset(rng, {"level": level})
    except GriddlyLitError:
        return "refused"
    try:
        for step in range(STEPS):
            actions = {agent: game.action_spaces[agent].sample() for agent in game.agents}
            game.step(actions)
            if step % 5 == 0 and game.agents:
                game.valid_actions(game.agents[0])
            if not game.agents:
                game.reset(rng, {"level": level})
    except GriddlyLitError:
        return "failed in play"
    return "played"


def _play(games: VectorGame, rng: np.random.Generator) -> None:
    spec = games.spec
    shape = (games.count, spec.game.player_count, len(spec.action_nvec))
    for _ in range(STEPS):
        games.step(rng.integers(0, spec.action_nvec, size=shape))
    games.take_events()


def case(number: int, kind: str, texts: list[str]) -> tuple[str, str]:
    """Returns the text of case ``number`` and, for a level, its level string."""
    rng = random.Random(f"{kind} {number}")
    text = rng.choice(texts)
    if kind == "games":
        return mutated(text, rng), ""
    levels = yaml.safe_load(text)["Environment"]["Levels"]
    return text, mutated_level(rng.choice(levels), rng)


def run_case(number: int, kind: str, texts: list[str]) -> tuple[str, str, float, float]:
    """Runs a case in a process; returns its verdict, the error, seconds and megabytes."""
    reader, writer = os.pipe()
    began = time.perf_counter()
    child = os.fork()
    if not child:
        os.close(reader)
        os.setsid()
        verdict, error = "", ""
        try:
            text, level = case(number, kind, texts)
            verdict = play_level(text, level, number) if level else play_game(text, number)
        except BaseException as raised:
            verdict, error = "another exception", "".join(traceback.format_exception(raised))
        # The probe is a child of this process.
        probed = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        os.write(writer, json.dumps([verdict, error[-3000:], probed]).encode())
        os._exit(0)
    os.close(writer)
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(child, signal.SIGKILL))
    signal.alarm(TIMEOUT_S)
    with os.fdopen(reader, "rb") as told:
        answer = told.read()
    _, status, usage = os.wait4(child, 0)
    signal.alarm(0)
    seconds = time.perf_counter() - began
    verdict, error, probed = json.loads(answer) if answer else ("", "", 0)
    if status:
        verdict = "hang" if seconds >= TIMEOUT_S else "crash"
    return verdict, error, seconds, max(usage.ru_maxrss, probed) / 1000


def _summary(kind: str, count: int, ran: Iterable[tuple[str, str, float, float]]) -> dict[str, Any]:
    verdicts = dict.fromkeys((*_WELL, "another exception", "crash", "hang"), 0)
    worst_s, worst_mb, too_large, faults = 0.0, 0.0, 0, []
    for number, (verdict, error, seconds, megabytes) in enumerate(ran):
        verdicts[verdict] += 1
        worst_s, worst_mb = max(worst_s, seconds), max(worst_mb, megabytes)
        too_large += megabytes > MOST_MEGABYTES
        if verdict not in _WELL or megabytes > MOST_MEGABYTES:
            faults.append(number)
            print(kind, number, verdict, f"{seconds:.0f} s, {megabytes:.0f} MB", error, flush=True)
        if number % 100 == 99:
            print(kind, number + 1, verdicts, f"{worst_mb:.0f} MB", flush=True)
    return {
        "cases": count,
        **verdicts,
        "over_1_gb": too_large,
        "most_megabytes": round(worst_mb),
        "longest_s": round(worst_s, 1),
        "faults": faults,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=3000)
    parser.add_argument("--levels", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1, help="cases at the same time")
    parser.add_argument("--only", type=int, help="show one game, or one level with --games 0")
    parser.add_argument("--out", type=Path, default=RESULTS / "hostile_games.json")
    arguments = parser.parse_args()
    texts = originals()
    os.nice(10)
    if arguments.only is not None:
        kind = "games" if arguments.games else "levels"
        text, level = case(arguments.only, kind, texts)
        print(repr(level) if level else text)
        print(run_case(arguments.only, kind, texts))
        return
    result: dict[str, Any] = {**circumstances(), "steps": STEPS}
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for kind, count in (("games", arguments.games), ("levels", arguments.levels)):
            run = functools.partial(run_case, kind=kind, texts=texts)
            result[kind] = _summary(kind, count, pool.map(run, range(count), chunksize=8))
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.exit(any(result[kind]["faults"] for kind in ("games", "levels")))


if __name__ == "__main__":
    main()
