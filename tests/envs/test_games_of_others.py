"""Games as people write them, of which the wheel's schema knows less than the engine."""

import json
import logging

import numpy as np
import pytest

from games import CORRIDOR
from griddly_lit import GriddlyEnvSpec
from griddly_lit.engine import read_game
from griddly_lit.engine.schema import first_fault
from griddly_lit.envs import VectorGame
from recording.episodes import play as record

GAMES = ["conditions", "leavers", "older_form"]
MOVE = "            - mov: _dest\n        Dst:\n          Object: _empty\n"
PRECONDITION = "          Object: walker\n          Commands:\n" + MOVE


def play(spec, steps=300, count=3):
    """Plays at random; returns the game with the sum of rewards and the episodes that ended."""
    games = VectorGame(spec, count, seed=1, record_events=True, valid_actions=True)
    games.reset()
    rng = np.random.default_rng(1)
    shape = (count, spec.game.player_count, len(spec.action_nvec))
    total, ends = 0.0, []
    for _ in range(steps):
        ends += games.step(rng.integers(0, spec.action_nvec, size=shape))
        total += float(np.abs(games.rewards).sum())
    assert games.take_events()
    assert all(block.valid_actions.any(axis=1).all() for block in games.blocks)
    games.close()
    return total, ends


@pytest.mark.parametrize("game", GAMES)
def test_a_game_is_played_and_its_spec_goes_through_json(game):
    spec = GriddlyEnvSpec(yaml_file=f"tests/games/{game}.yaml", levels="random", max_steps=60)
    assert len(set(spec.game.grid_sizes)) > 1
    total, ends = play(spec)
    assert total > 0
    assert ends
    again = GriddlyEnvSpec.from_json(json.dumps(json.loads(spec.to_json())))
    assert again == spec
    assert again.game == spec.game


@pytest.mark.parametrize("game", GAMES)
def test_an_episode_is_replayed(game):
    replay, state = record(read_game(f"tests/games/{game}.yaml"), level=1, steps=40)
    for played in replay.play_through():
        if played.steps == replay.length:
            assert played.state()["Hash"] == state


def test_players_leave_by_a_variable():
    spec = GriddlyEnvSpec(
        yaml_file="tests/games/leavers.yaml",
        levels="random",
        player_done_variable="left",
        max_steps=200,
    )
    _, ends = play(spec, steps=400)
    assert any(len(set(end.lengths.tolist())) > 1 for end in ends)
    assert {outcome for end in ends for outcome in end.outcomes} == {"end"}


def test_the_older_form_has_the_engines_defaults():
    game = GriddlyEnvSpec(yaml_file="tests/games/older_form.yaml", levels="random").game
    assert (game.name, game.player_count, game.avatar, game.outcomes) == ("game", 1, None, ())
    assert game.action_sizes == (8,)
    assert game.grid_sizes == ((5, 4), (4, 3), (2, 2))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  Name: Corridor\n", ""),
        ('Version: "0.1"\n', ""),
        ('"0.1"', "0.1"),
        ("  Name: Corridor\n", "  TileSize: 24\n  BackgroundTile: floor.png\n"),
        ("  Termination:", "  Terminatoin:"),
        ("    AvatarObject: walker\n", "    AvatarObject: walker\n    Unheard: [of, 1]\n"),
        ("  Player:\n    AvatarObject: walker\n", ""),
        ("    MapCharacter: P\n", ""),
        ("    - |\n", "    - |-\n"),
        ("  - Name: move\n", "  - Name: move\n    InputMapping: {}\n"),
        ("    Observers:\n      Block2D:\n        - Shape: square\n          Color: [0.8", "    X:\n    - C: [0.8"),
        (PRECONDITION, PRECONDITION.replace("Commands", "Preconditions:\n            eq: [_y, 1]\n          Commands")),
        (PRECONDITION, PRECONDITION.replace("Commands", "Preconditions:\n            or:\n              - eq: [_y, 1]\n              - and:\n                  - gt: [_x, 1]\n                  - lt: [_x, 9]\n          Commands")),
        (MOVE, MOVE.replace("_dest\n", "_dest\n            - if:\n                Conditions:\n                  neq: [_x, 3]\n                OnFalse:\n                  - reward: 1\n", 1)),
        (MOVE, MOVE.replace("_dest\n", "_dest\n            - gt:\n                Arguments: [_x, 2]\n                Commands:\n                  - reward: 1\n", 1)),
        (MOVE, MOVE.replace("_dest\n", '_dest\n            - print: ["at", _x]\n', 1)),
    ],
)  # fmt: skip
def test_what_the_engine_takes_is_a_game(old, new):
    text = CORRIDOR.replace(old, new, 1)
    assert text != CORRIDOR
    levels = [0] if "MapCharacter: P" in old else "random"
    if "MapCharacter: P" in old:
        text = text.replace("WP..A.W", "W...A.W")
    spec = GriddlyEnvSpec(yaml_string=text, levels=levels, max_steps=50)
    play(spec, steps=100, count=1)


def test_the_schema_gives_a_note_and_no_more(caplog):
    text = CORRIDOR.replace("  Termination:", "  Terminatoin:").replace("Corridor", "Noted")
    with caplog.at_level(logging.DEBUG, logger="griddly_lit"):
        GriddlyEnvSpec(yaml_string=text)
    (note,) = caplog.records
    assert note.levelno == logging.DEBUG
    assert "Terminatoin" in note.getMessage()
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="griddly_lit"):
        GriddlyEnvSpec(yaml_string=text)
    assert not caplog.records


@pytest.mark.parametrize("game", ["conditions", "leavers"])
def test_the_schema_knows_the_engines_conditions(game):
    with open(f"tests/games/{game}.yaml", encoding="utf-8") as file:
        assert first_fault(file.read(), game) is None
