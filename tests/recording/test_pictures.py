"""Pictures of the user's own, and games of which some or all are missing."""

import dataclasses
import json
import os
import pickle
import warnings

import numpy as np
import PIL.Image
import pytest
import yaml

from games import CORRIDOR
from griddly_lit import EpisodeReplay, GriddlyEnv, GriddlyEnvSpec, render_replay
from griddly_lit.engine import parse_game
from griddly_lit.errors import ObserverError, OptionError
from griddly_lit.recording import draw
from griddly_lit.recording.renderers import images, make_renderer, with_folders
from griddly_lit.recording.renderers.images import Folders, color_of
from griddly_lit.recording.views import prettiest_observer
from picture_game import DOWN, picture_game
from recording.episodes import play
from recording.test_renderers import SHAPES, Stage, cell

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture(autouse=True)
def _nothing_is_told_yet():
    images.tell_once.cache_clear()


def paint(path, color, size=(24, 24)):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", size, color).save(path)
    return path


def frame_of(text, document=None, **folders):
    """The global view, and what was told."""
    stage = Stage(text, document)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = stage.renderer(folders=Folders(**folders)).render(stage.game)
        stage.renderer(player=0, folders=Folders(**folders)).render(stage.game)
    return frame, [str(warning.message) for warning in caught]


def wall_of(frame):
    return tuple(int(value) for value in cell(frame, 0, 0)[12, 12])


def plain(name):
    return tuple(round(value * 255) for value in color_of(name))


def test_images_beside_the_game_s_file_are_found_without_any_option(tmp_path):
    paint(tmp_path / "images/wall.png", RED)
    (tmp_path / "game.yaml").write_text(picture_game(wall={"Image": "images/wall.png"}))
    spec = GriddlyEnvSpec(
        yaml_file=tmp_path / "game.yaml", max_steps=5, global_observer_type="View"
    )
    env = GriddlyEnv(spec, render_mode="rgb_array")
    env.reset(seed=1)
    assert wall_of(env.render()) == RED


def test_image_path_is_absolute_or_relative_to_the_game_s_file(tmp_path, monkeypatch):
    paint(tmp_path / "games/mine/wall.png", BLUE)
    (tmp_path / "games/game.yaml").write_text(picture_game(wall={"Image": "wall.png"}))
    (tmp_path / "games/shaders").mkdir()
    monkeypatch.chdir(tmp_path)
    for image_path in ("mine", str(tmp_path / "games/mine"), "games/mine"):
        spec = GriddlyEnvSpec.from_env_config(
            {
                "yaml_file": "game.yaml",
                "gdy_path": "games",
                "image_path": image_path,
                "shader_path": "shaders",
                "max_steps": 5,
            }
        )
        assert spec.image_path == str(tmp_path / "games/mine")
        assert spec.shader_path == str(tmp_path / "games/shaders")
        assert spec.game_dir == spec.gdy_path == str(tmp_path / "games")
        assert GriddlyEnvSpec.from_json(spec.to_json()) == spec
        assert pickle.loads(pickle.dumps(spec)) == spec
    replay, _ = play(
        spec.text, steps=4, global_observer="View", game_dir=spec.game_dir, image_path="games/mine"
    )
    assert wall_of(next(draw(replay))) == BLUE


def test_a_spec_of_another_machine_and_its_replay_do_without_the_folders(tmp_path):
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR, image_path=tmp_path)
    values = {**spec.to_dict(), "yaml_file": "gone/game.yaml", "image_path": "/no/such/folder"}
    assert GriddlyEnvSpec.from_dict(values).image_path == "/no/such/folder"
    text = picture_game(wall={"Image": "mine.png"})
    replay, _ = play(text, steps=4, global_observer="View", image_path="/no/such/folder")
    replay.save(tmp_path / "replay.json")
    again = EpisodeReplay.load(tmp_path / "replay.json")
    assert again.image_path == "/no/such/folder"
    with pytest.warns(UserWarning, match=r"View view.*'wall' \(there is no image 'mine.png'\)"):
        render_replay(again, tmp_path / "video.gif")


@pytest.mark.parametrize("option", ["gdy_path", "image_path", "shader_path"])
@pytest.mark.parametrize("value", ["/no/such/folder", "", 3, "a\0b", "~nobody-of-that-name/x"])
def test_a_folder_that_is_not_there_is_a_named_error(option, value):
    with pytest.raises(OptionError, match=option):
        GriddlyEnvSpec(yaml_string=CORRIDOR, **{option: value})


def test_what_lies_outside_the_folders_is_not_read(tmp_path):
    secret = paint(tmp_path / "secret/wall.png", RED)
    game_dir = tmp_path / "game"
    paint(game_dir / "ok.png", BLUE)
    (game_dir / "link.png").symlink_to(secret)
    (game_dir / "linked").symlink_to(secret.parent)
    names = ("../secret/wall.png", "link.png", "linked/wall.png", str(secret))
    for name in names:
        frame, told = frame_of(picture_game(wall={"Image": name}), game_dir=str(game_dir))
        assert wall_of(frame) == plain("'wall'"), name
        assert len(told) == 1
        assert f"{name!r} lies outside" in told[0]
    config = {"ResourceConfig": {"ImagePath": str(secret.parent)}}
    text = picture_game(config, wall={"Image": "wall.png"})
    assert wall_of(frame_of(text, game_dir=str(game_dir))[0]) == plain("'wall'")
    # The user may allow it.
    assert wall_of(frame_of(text, image_path=str(secret.parent))[0]) == RED
    text = picture_game(wall={"Image": str(secret)})
    assert wall_of(frame_of(text, image_path=str(secret.parent))[0]) == RED
    assert (
        wall_of(frame_of(picture_game(wall={"Image": "ok.png"}), game_dir=str(game_dir))[0]) == BLUE
    )


def test_images_that_cannot_be_read_are_plain_tiles(tmp_path):
    whole = paint(tmp_path / "whole.png", RED, (100, 100)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    paint(tmp_path / "large.png", RED, (3000, 2000))
    paint(tmp_path / "eps.eps", RED)
    for name in ("cut.png", "text.png", "folder.png", "pipe.png", "large.png", "eps.eps"):
        frame, told = frame_of(picture_game(wall={"Image": name}), game_dir=str(tmp_path))
        assert wall_of(frame) == plain("'wall'"), name
        assert len(told) == 1
        assert name in told[0]


@pytest.mark.parametrize(
    ("kind", "wall", "told_of"),
    [
        ("SPRITE_2D", {"Image": "no/such.png"}, "no image 'no/such.png'"),
        ("SPRITE_2D", {}, "no image's name"),
        ("SPRITE_2D", {"Image": [SHAPES + "square.png"], "TilingMode": "WALL_16"}, "needs 16"),
        ("SPRITE_2D", {"Image": []}, "no image's name"),
        ("SPRITE_2D", "square.png", "no image's name"),
        ("SPRITE_2D", None, "no entry for View"),
        ("BLOCK_2D", {}, "it has no Color"),
        ("BLOCK_2D", {"Color": [1, 0, 0]}, "no image's name"),
        ("BLOCK_2D", {"Color": [1, 0, 0], "Shape": "blob"}, "no image 'block_shapes/blob.png'"),
    ],
)
def test_an_object_without_a_look_is_a_plain_tile_told_once(kind, wall, told_of):
    text = picture_game(kind=kind)
    document = yaml.safe_load(text)
    observers = document["Objects"][1]["Observers"]
    if wall is None:
        del observers["View"]
    else:
        observers["View"] = [wall]
    frame, told = frame_of(text, document)
    assert len(told) == 1
    assert "'wall'" in told[0]
    assert told_of in told[0]
    red = isinstance(wall, dict) and "Color" in wall
    assert wall_of(frame) == (RED if red else plain("'wall'"))
    # The others are as they were.
    assert cell(frame, 3, 1).any()


@pytest.mark.parametrize(
    "observer",
    [
        {"TileSize": "large"},
        {"TileSize": [0, -3]},
        {"TileSize": [1, 2, 3]},
        {"TileSize": 10**9},
        {"Width": "wide", "OffsetX": None, "TrackAvatar": "yes"},
        {"Shader": 3, "ResourceConfig": []},
    ],
)
def test_settings_that_are_none_are_left_at_their_defaults(observer):
    text = picture_game()
    document = yaml.safe_load(text)
    document["Environment"]["Observers"]["View"].update(observer)
    document["Environment"]["Player"]["Colors"] = [[1, 0]]
    frame, told = frame_of(text, document)
    assert (frame == Stage(text).frame()).all()
    assert told == []


def test_older_games_and_those_without_observers_are_drawn():
    text = picture_game(name="Sprite2D")
    document = yaml.safe_load(text)
    del document["Environment"]["Observers"]
    document["Environment"].update(TileSize=16, BackgroundTile=SHAPES + "circle.png")
    document = parse_game(yaml.safe_dump(document), "test")
    stage = Stage(text, document)
    assert stage.frame("Sprite2D").shape == (5 * 16, 7 * 16, 3)
    assert stage.frame("Sprite2D")[40 - 16, 56 - 16].any()
    for each in document["Objects"]:
        del each["Observers"]
    with pytest.warns(UserWarning, match="neither sprites nor blocks"):
        chosen = prettiest_observer(document, "Sprite2D", for_player=False)
    assert chosen == "Vector"
    assert np.ptp(stage.frame(chosen)) > 50


def test_the_observer_that_draws_more_objects_is_chosen():
    document = dict(parse_game(picture_game(name="Sprite2D"), "test"))
    assert prettiest_observer(document, "Sprite2D", for_player=False) == "Sprite2D"
    wall, *others = document["Objects"]
    blocks = {"Block2D": [{"Shape": "square", "Color": [1, 0, 0]}]}
    document["Objects"] = [wall, *({**each, "Observers": blocks} for each in others)]
    assert prettiest_observer(document, "Sprite2D", for_player=False) == "Block2D"


def test_a_tile_the_game_shows_and_does_not_describe():
    document = yaml.safe_load(picture_game())
    document["Actions"][0]["Behaviours"][0]["Src"]["Commands"].append({"set_tile": 3})
    stage = Stage(yaml.safe_dump(document))
    renderer = make_renderer(stage.document, stage.info, observer="View", player=None)
    assert (cell(renderer.render(stage.game), 1, 1)[12, 12] == 255).all()
    stage.act(DOWN)
    with pytest.warns(UserWarning, match=r"'avatar' \(it has no tile 3\)"):
        frame = renderer.render(stage.game)
    assert tuple(int(value) for value in cell(frame, 1, 2)[12, 12]) == plain("'avatar'")


def test_the_engine_is_told_of_the_folders_where_it_draws(tmp_path):
    text = picture_game({"ResourceConfig": {"ShaderPath": "mine"}})
    replay, _ = play(text, steps=20)
    folders = Folders(image_path=str(tmp_path), shader_path="theirs")
    told = with_folders(parse_game(text, "test"), folders)
    observers = told["Environment"]["Observers"]
    assert observers["View"]["ResourceConfig"] == {"ImagePath": str(tmp_path), "ShaderPath": "mine"}
    assert observers["Sprite2D"]["ResourceConfig"]["ShaderPath"] == "theirs"
    dataclasses.replace(replay, text=json.dumps(told)).replay()


def test_a_picture_that_would_fill_the_memory_is_a_named_error():
    stage = Stage(picture_game({"TileSize": 512, "Width": 900, "Height": 900}))
    with pytest.raises(ObserverError, match="900 × 900 cells of 512 × 512 pixels"):
        stage.frame()
