"""``griddly-lit info``: what there is to know of a game."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image
from rich.console import Console
from rich.table import Table
from rich.text import Text

from griddly_lit import EpisodeReplay, GriddlyEnvSpec
from griddly_lit.engine import observer_kinds, parse_game
from griddly_lit.recording import draw

# What the engine takes the ids of an action for that says nothing of them.
_DIRECTIONS = {1: "left", 2: "up", 3: "right", 4: "down"}
_PARTS_ON_GRID = ("x", "y")


def info(game: str, pictures: str | Path | None = None) -> None:
    """Shows a game: players, levels, observations, actions, observers, and how it ends.

    Args:
        game: Path of a GDY file, or name of a game that comes with Griddly, such as
            Single-Player/GVGAI/sokoban.yaml.
        pictures: Folder for a picture of each level, as level_0.png.

    Raises:
        GameFileError: There is no such game.
        GriddlyLitError: It is broken.
    """
    spec = GriddlyEnvSpec(yaml_file=game, levels="random")
    document = parse_game(spec.text, spec.name_in_errors)
    table = Table(title=spec.game.name, show_header=False, show_lines=True)
    for name, value in _rows(spec, document):
        table.add_row(name, Text(value))
    console = Console()
    console.print(table)
    if pictures is not None:
        folder = Path(pictures)
        folder.mkdir(parents=True, exist_ok=True)
        for level in range(spec.game.level_count):
            path = folder / f"level_{level}.png"
            Image.fromarray(_picture(spec, level)).save(path)
            console.print(f"level {level}: {path}", soft_wrap=True, highlight=False, markup=False)


def _rows(spec: GriddlyEnvSpec, document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    game = spec.game
    steered = f", each steers its {game.avatar}" if game.avatar else ", who move units on the grid"
    yield "players", f"{game.player_count}{steered}"
    yield (
        "levels\nwidth × height",
        "\n".join(f"{level}: {w} × {h}" for level, (w, h) in enumerate(game.grid_sizes)),
    )
    yield "observations\n(H, W, C)", _observations(spec)
    if game.channel_names:
        yield "channels", ", ".join((*game.channel_names, *game.variable_names))
    yield "action", _action(spec)
    for name, size in zip(game.action_names, game.action_sizes, strict=True):
        yield f"action {name}", "\n".join(_ids(document, name, size))
    yield "observers", ", ".join(_observers(document))
    yield "ends by", "\n".join(_ends(document)) or "nothing in its rules: set max_steps"


def _observations(spec: GriddlyEnvSpec) -> str:
    lines = []
    for level, shapes in enumerate(spec.game.level_shapes):
        each = ", ".join(dict.fromkeys(map(str, shapes)))
        if len(set(shapes)) > 1:
            each = ", ".join(f"player {p}: {shape}" for p, shape in enumerate(shapes, 1))
        lines.append(each if len(set(spec.game.level_shapes)) == 1 else f"level {level}: {each}")
    observers = ", ".join(dict.fromkeys(spec.game.player_observers))
    return "\n".join([f"uint8, by {observers}", *dict.fromkeys(lines)])


def _observers(document: Mapping[str, Any]) -> Iterator[str]:
    """Yields the observers, those of the game's own with their kind."""
    own = document["Environment"]["Observers"]
    for name, kind in observer_kinds(document).items():
        is_built_in = kind.replace("_", "") == name.upper()
        yield name if name not in own or is_built_in else f"{name} ({kind})"


def _action(spec: GriddlyEnvSpec) -> str:
    names = () if spec.game.avatar else _PARTS_ON_GRID
    types = ("type",) if len(spec.game.action_names) > 1 else ()
    parts = zip((*names, *types, "id"), spec.single_action_nvec, strict=True)
    text = ", ".join(f"{name} of {size}" for name, size in parts)
    if types:
        text += "\ntypes: " + ", ".join(
            f"{i} {name}" for i, name in enumerate(spec.game.action_names)
        )
    return text


def _ids(document: Mapping[str, Any], name: str, size: int) -> Iterator[str]:
    """Yields what each id of an action does, as the game's file describes it."""
    actions = document.get("Actions")
    listed = actions if isinstance(actions, list) else []
    described = next((a for a in listed if isinstance(a, dict) and a.get("Name") == name), {})
    mapping = described.get("InputMapping")
    inputs = mapping.get("Inputs") if isinstance(mapping, dict) else None
    yield "0: nothing"
    for number in range(1, size):
        told = inputs.get(number, inputs.get(str(number))) if isinstance(inputs, dict) else None
        if isinstance(told, dict):
            text = told.get("Description") or f"towards {told.get('VectorToDest', '?')}"
        else:
            text = _DIRECTIONS.get(number, "?") if inputs is None else "nothing"
        yield f"{number}: {text}"


def _ends(document: Mapping[str, Any]) -> Iterator[str]:
    for outcome in ("Win", "Lose", "End"):
        conditions = document["Environment"]["Termination"].get(outcome)
        for each in conditions if isinstance(conditions, list) else []:
            text = yaml.safe_dump(each, default_flow_style=True, width=1000).strip()
            yield f"{outcome.lower()}: {text.removeprefix('{').removesuffix('}')}"


def _picture(spec: GriddlyEnvSpec, level: int) -> Any:
    """Returns a level as it is before the first step, uint8 (H, W, 3)."""
    players, parts = spec.game.player_count, len(spec.single_action_nvec)
    # Of an episode of one step, only the picture before the step is drawn.
    episode = EpisodeReplay(
        text=spec.text,
        level=level,
        seed=0,
        actions=np.zeros((1, players, parts), dtype=np.int64),
        rewards=np.zeros((1, players), dtype=np.float32),
        terminated=False,
        truncated=False,
        outcomes=(),
        max_steps=None,
        player_observers=spec.game.player_observers,
        game_dir=spec.game_dir,
    )
    with closing(draw(episode)) as drawn:
        return next(drawn)
