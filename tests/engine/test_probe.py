import sys
import time

import pytest

from games import CORRIDOR
from griddly_lit import GeneratedLevels, GriddlyEnvSpec
from griddly_lit.engine import GameInfo, bundled_games, parse_game, probe, read_game
from griddly_lit.engine.level_map import row_widths
from griddly_lit.errors import GameFileError, GameLoadError, LevelError, ObserverError


def look(text, observers="Vector", **options):
    return probe(text, parse_game(text, "test"), "test", observers, **options)


def test_what_the_probe_learns():
    info, extra = look(CORRIDOR, extra_level="WWWW\nWAGW\nWWWW")
    assert info == GameInfo(
        name="corridor",
        player_count=1,
        player_observers=("Vector",),
        level_shapes=(((3, 6, 4),), ((4, 7, 4),)),
        grid_sizes=((6, 3), (7, 4)),
        avatar="walker",
        action_names=("move",),
        action_sizes=(5,),
        channel_names=("goal", "pit", "walker", "wall"),
        variable_names=(),
        outcomes=("win", "lose"),
    )
    assert extra == ((3, 4, 4),)
    assert GameInfo.from_dict(info.to_dict()) == info
    assert info.action_nvec == (5,)


def test_observers_of_the_games_own_are_known():
    assert look(CORRIDOR, "Near")[0].level_shapes[0] == ((3, 3, 4),)


def test_every_bundled_game_is_described():
    assert len(bundled_games()) == 32
    for name in bundled_games():
        text = read_game(name)
        document = parse_game(text, name)
        info, _ = probe(text, document, name, "Vector")
        levels = document["Environment"]["Levels"]
        assert info.level_count == len(levels)
        assert info.player_count == int(document["Environment"]["Player"].get("Count", 1))
        # Our reading of level strings finds the same widths as the engine.
        for level, (width, height) in zip(levels, info.grid_sizes, strict=True):
            assert row_widths(level) == [width] * height, name


def test_rts_actions_have_a_location():
    info, _ = look(read_game("RTS/GriddlyRTS.yaml"))
    assert info.avatar is None
    assert info.action_nvec == (57, 58, 6, 5)
    assert info.action_nvec_on(16, 16) == (16, 16, 6, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("Environment: [", "not valid YAML"),
        ("- just\n- a list", "not a GDY document"),
        ("Version: '0.1'\nEnvironment: {Name: x}", "not a GDY document: at"),
        (CORRIDOR.replace("MapCharacter: A", "MapChar: A"), r"Objects\[0\]"),
    ],
)
def test_text_that_is_no_game_is_named(text, message):
    with pytest.raises(GameFileError, match=message):
        look(text)


def test_missing_file_lists_the_bundled_games():
    with pytest.raises(GameFileError, match="no such file.*sokoban.yaml"):
        read_game("nowhere/sokoban.yml")


def test_a_game_that_the_engine_refuses():
    with pytest.raises(GameLoadError, match="refuses"):
        look(
            CORRIDOR.replace(
                "mov: _dest\n        Dst:\n          Object: _empty",
                "mov: _dest\n        Dst:\n          Object: ghost",
            )
        )


def test_a_level_with_an_unknown_map_character():
    with pytest.raises(LevelError, match="level=1: no object has the map character 'Q'"):
        look(CORRIDOR.replace("WP..A.W", "WQ..A.W"))


def test_a_ragged_level():
    with pytest.raises(LevelError, match=r"level=0.*\[6, 5, 6\] cells"):
        look(CORRIDOR.replace("WA..GW", "WA.GW"))


def test_a_game_without_levels():
    start, end = CORRIDOR.index("  Levels:"), CORRIDOR.index("Actions:")
    with pytest.raises(LevelError, match="no level"):
        look(CORRIDOR[:start] + CORRIDOR[end:])


@pytest.mark.parametrize(
    ("observers", "message"),
    [
        ("Vectr", "Did you mean 'Vector'"),
        ("Isometric", "does not configure isometric"),
        ("Entity", "not a grid"),
        ("ASCII", "not a grid"),
        ("None", "not a grid"),
        (("Vector", "Vector"), r"has 1 player\(s\), not 2"),
    ],
)
def test_observers_that_do_not_serve(observers, message):
    with pytest.raises(ObserverError, match=message):
        look(CORRIDOR, observers)


def test_a_crash_of_the_engine_is_an_error_here(monkeypatch):
    # No driver can be found, so the engine dies while drawing: in the child, not here.
    monkeypatch.setenv("VK_DRIVER_FILES", "/nonexistent")
    monkeypatch.setenv("VK_ICD_FILENAMES", "/nonexistent")
    with pytest.raises(ObserverError, match="crashed.*Vulkan"):
        look(CORRIDOR, "Block2D")


def test_settings_that_the_wheels_schema_forgets_are_admitted():
    text = CORRIDOR.replace(
        "    Block2D:\n      TileSize: 8\n",
        "    Block2D:\n      TileSize: 8\n      PaddingTile: x.png\n"
        "      Shader:\n        ObserverAvatarMode: HIGHLIGHT\n",
        1,
    ).replace("  Player:\n", "  Player:\n    Colors: [[1, 0, 0]]\n")
    assert look(text)[0].player_count == 1


def on_the_pit(command):
    """Returns the corridor with another rule for stepping into the pit, which level 1 alone has."""
    return CORRIDOR.replace("            - remove: true\n            - reward: -2\n", command)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("            - spawn: ghost\n", "level=1: the engine fails .*Object ghost not defined"),
        ("            - exec:\n                Action: fly\n", "level=1.*Action fly not found"),
        # The engine calls itself until its stack is full.
        (
            "            - exec:\n                Action: move\n                ActionId: 1\n",
            r"level=1: the engine crashed on it \(SIGSEGV\)",
        ),
    ],
)
def test_a_game_that_breaks_when_it_is_played_names_the_level(command, message):
    with pytest.raises(GameLoadError, match=message):
        GriddlyEnvSpec(yaml_string=on_the_pit(command), levels="random")


def test_a_level_that_breaks_may_stay_out_of_play():
    text = on_the_pit("            - spawn: ghost\n")
    assert GriddlyEnvSpec(yaml_string=text, levels=0).game.level_count == 2
    with pytest.raises(GameLoadError, match="level=1"):
        GriddlyEnvSpec(yaml_string=text, levels=0, test_levels=[1])


def test_a_crash_names_the_level_and_the_place_in_the_document():
    rule = "            - remove: true\n            - reward: -2\n"
    text = CORRIDOR.replace(
        "          Commands:\n" + rule,
        "          Preconditions:\n            - eq: [_x]\n          Commands:\n" + rule,
    )
    with pytest.raises(
        GameFileError, match=r"level=1: the engine crashed.*Behaviours\[2\].Src.Preconditions"
    ):
        look(text)


def test_a_level_that_is_too_large_for_the_memory_allowed_is_named():
    large = "    - |\n" + ("      " + "W" * 600 + "\n") * 900
    text = CORRIDOR.replace("Actions:\n", large + "Actions:\n")
    # An allocation that fails is thrown or ends the process, as it happens.
    with pytest.raises((GameLoadError, LevelError), match="level=2: .*(memory|768 MiB)"):
        look(text)


def test_a_game_that_takes_too_long_names_the_level(monkeypatch):
    # The package's name for the function hides the module.
    monkeypatch.setattr(sys.modules[probe.__module__], "_PHASE_TIMEOUT_S", 1)
    large = "    - |\n" + ("      " + "W" * 500 + "\n") * 500
    text = CORRIDOR.replace("Actions:\n", large + "Actions:\n").replace("Corridor", "Slow")
    with pytest.raises(GameLoadError, match="level=2: the engine did not get through it within 1"):
        look(text)


def test_several_hundred_levels_are_probed_in_seconds():
    level = CORRIDOR[CORRIDOR.index("    - |\n      WWWWWWW") : CORRIDOR.index("Actions:")]
    text = CORRIDOR.replace("Actions:", level * 298 + "Actions:")
    began = time.perf_counter()
    assert look(text)[0].level_count == 300
    assert time.perf_counter() - began < 20


def test_a_game_without_actions_is_named():
    text = CORRIDOR[: CORRIDOR.index("Actions:")] + CORRIDOR[CORRIDOR.index("Objects:") :]
    with pytest.raises(GameFileError, match="no action that a player can take.*'Actions'"):
        look(text)


def test_numbers_of_actions_that_no_machine_holds_are_named():
    inputs = "    InputMapping:\n      Inputs:\n        -1: {VectorToDest: [0, 1]}\n"
    text = CORRIDOR.replace("  - Name: move\n", "  - Name: move\n" + inputs)
    with pytest.raises(GameFileError, match="largest action id is 4294967295"):
        look(text)


def test_an_error_says_a_thing_once():
    spec = {"yaml_string": CORRIDOR, "levels": GeneratedLevels(Wrong)}
    with pytest.raises(LevelError) as caught:
        GriddlyEnvSpec(**spec)
    assert str(caught.value).count("refuses") == 1
    assert str(caught.value).count("level=") == 1


class Wrong:
    """A generator of levels with a character that no object has."""

    def __init__(self, config):
        pass

    def generate(self):
        return "WAQGW"
