import pytest

from games import CORRIDOR
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
