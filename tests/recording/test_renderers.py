import os
import subprocess
import sys
import warnings

import imageio.v3 as iio
import numpy as np
import pytest
import yaml

from griddly_lit import engine
from griddly_lit.errors import ObserverError
from griddly_lit.recording.renderers import make_renderer, needed_observers
from griddly_lit.recording.renderers.tiles import load_tile
from picture_game import DOWN, DUEL, LEFT, RIGHT, SHAPES, UP, picture_game

TILE = 24
BUNDLED = {
    "Single-Player/GVGAI/sokoban.yaml": (9, 13),
    "Single-Player/GVGAI/clusters_partially_observable.yaml": (10, 13),
    "Multi-Agent/robot_tag_4.yaml": (10, 9),
    "RTS/Stratega/push-mania.yaml": (11, 10),
}


class Stage:
    """A game at the start of level 0, with renderers of its views."""

    def __init__(self, text, document=None, observers="Vector"):
        self.document = document or engine.parse_game(text, "test")
        self.info, _ = engine.probe(text, self.document, "test", observers)
        self.game = engine.Game(engine.load_gdy(text), self.info)
        self.game.reset(0, 1)

    def renderer(self, observer="View", player=None, **options):
        return make_renderer(self.document, self.info, observer=observer, player=player, **options)

    def frame(self, observer="View", player=None):
        return self.renderer(observer, player).render(self.game)

    def act(self, *moves):
        """Plays one move for the first player each; the others stand still."""
        for move in moves:
            actions = np.zeros((self.info.player_count, len(self.info.action_nvec)), dtype=np.int32)
            actions[0, -1] = move
            self.game.step(actions)
        return self


def cell(frame, x, y, tile=TILE):
    return frame[y * tile : (y + 1) * tile, x * tile : (x + 1) * tile]


def shape(name, tile=TILE):
    """The picture of a block shape over black, as a whole cell."""
    image = load_tile(engine.resources_dir("images") / SHAPES / f"{name}.png", tile, tile)
    return np.rint(image[..., :3] * (image[..., 3:] / np.float32(255))).astype(np.uint8)


@pytest.fixture(scope="module", params=BUNDLED)
def bundled(request):
    stage = Stage(engine.read_game(request.param))
    yield request.param, stage
    stage.game.close()


def test_bundled_games_give_lively_frames_of_the_right_size(bundled):
    name, stage = bundled
    height, width = BUNDLED[name]
    tile = stage.document["Environment"]["Observers"]["Sprite2D"]["TileSize"]
    whole = stage.frame("Sprite2D")
    assert whole.dtype == np.uint8
    assert whole.shape == (height * tile, width * tile, 3)
    for player in (None, 0, stage.info.player_count - 1):
        renderer = stage.renderer("Sprite2D", player)
        frame = renderer.render(stage.game)
        assert len(np.unique(frame.reshape(-1, 3), axis=0)) > 5
        assert (renderer.render(stage.game) == frame).all()


def test_player_view_has_the_size_that_the_game_declares():
    stage = Stage(engine.read_game("Multi-Agent/robot_tag_4.yaml"))
    assert stage.frame("Sprite2D", player=1).shape == (9 * TILE, 9 * TILE, 3)


def test_avatar_moves_in_the_picture():
    stage = Stage(picture_game())
    before = stage.frame()
    after = stage.act(DOWN).frame()
    assert (cell(before, 1, 1) == shape("triangle")).all()
    assert not cell(after, 1, 1).any()
    # Facing down, it stands on its head.
    assert (cell(after, 1, 2) == shape("triangle")[::-1, ::-1]).all()
    changed = (before != after).any(axis=-1)
    changed[TILE : 3 * TILE, TILE : 2 * TILE] = False
    assert not changed.any()


@pytest.mark.parametrize(("move", "turns"), [(UP, 0), (RIGHT, 1), (DOWN, 2), (LEFT, 3)])
def test_orientation_turns_the_image_clockwise(move, turns):
    level = "W W W\nW A W\nW W W\nB . ."
    frame = Stage(picture_game(level=level)).act(move).frame()
    assert (cell(frame, 1, 1) == np.rot90(shape("triangle"), -turns)).all()


def test_orientation_does_not_turn_the_image_when_told_so():
    stage = Stage(picture_game({"RotateAvatarImage": False})).act(DOWN)
    assert (cell(stage.frame(), 1, 2) == shape("triangle")).all()


def test_scale_is_about_the_centre():
    stage = Stage(picture_game(box={"Image": SHAPES + "square.png", "Scale": 0.5}))
    box = cell(stage.frame(), 3, 1)
    assert box[12, 12].all()
    assert not box[:6].any()
    assert not box[18:].any()
    assert not box[:, :6].any()
    assert not box[:, 18:].any()


def test_scale_above_one_reaches_into_neighbouring_cells():
    stage = Stage(picture_game(box={"Image": SHAPES + "square.png", "Scale": 2.0}))
    assert cell(stage.frame(), 4, 1)[12, :6].all()


def test_background_lies_below_everything():
    stage = Stage(picture_game({"BackgroundTile": SHAPES + "circle.png"}))
    frame = stage.frame()
    assert (cell(frame, 2, 1) == shape("circle")).all()
    assert (cell(frame, 1, 1) >= shape("triangle")).all()


@pytest.mark.parametrize("move", [0, UP, RIGHT, DOWN, LEFT])
def test_tracking_view_keeps_the_avatar_in_the_middle(move):
    view = {"TrackAvatar": True, "Width": 3, "Height": 3}
    stage = Stage(picture_game({"RotateAvatarImage": False}, player_observer=view)).act(move)
    frame = stage.frame(player=0)
    assert frame.shape == (3 * TILE, 3 * TILE, 3)
    assert (cell(frame, 1, 1) == shape("triangle")).all()


@pytest.mark.parametrize("move", [UP, RIGHT, DOWN, LEFT])
def test_rotating_view_faces_up(move):
    view = {"TrackAvatar": True, "RotateWithAvatar": True, "Width": 3, "Height": 3, "OffsetY": 1}
    level = "W W W\nW A W\nW W W\nB . ."
    stage = Stage(picture_game(player_observer=view, level=level)).act(move)
    frame = stage.frame(player=0)
    assert (cell(frame, 1, 2) == shape("triangle")).all()
    # The offset shows what lies ahead: the wall, and nothing beyond it.
    assert cell(frame, 1, 1)[12, 12].all()
    assert not cell(frame, 0, 0).any() or move in (DOWN, LEFT)


def test_view_of_even_size_lies_half_a_cell_off():
    view = {"TrackAvatar": True, "Width": 4, "Height": 4}
    frame = Stage(picture_game(player_observer=view)).frame(player=0)
    middle = frame[36:60, 36:60]
    assert (middle == shape("triangle")).all()


def test_padding_covers_what_lies_off_the_level():
    view = {"TrackAvatar": True, "Width": 5, "Height": 5}
    text = picture_game({"PaddingTile": SHAPES + "hexagon.png"}, player_observer=view)
    frame = Stage(text, yaml.safe_load(text)).frame(player=0)
    assert (cell(frame, 0, 0) == shape("hexagon")).all()
    assert (cell(frame, 1, 1) == shape("square")).all()


@pytest.mark.parametrize(
    ("level", "at", "index"),
    [
        (". . .\n. W .\n. . .", (1, 1), 0),
        (". . .\nW W .\n. . .", (1, 1), 1),
        (". . .\n. W W\n. . .", (1, 1), 2),
        (". W .\n. W .\n. . .", (1, 1), 4),
        (". . .\n. W .\n. W .", (1, 1), 8),
        (". W .\nW W W\n. W .", (1, 1), 15),
        ("W W .\nB W .\n. . W", (1, 1), 4),
        ("W B .\nW B .\n. . .", (0, 0), 8),
    ],
)
def test_wall_16_joins_its_neighbours(level, at, index):
    images = [SHAPES + ("circle.png" if n == index else "square.png") for n in range(16)]
    text = picture_game(level=level + "\nB A .", wall={"Image": images, "TilingMode": "WALL_16"})
    assert (cell(Stage(text).frame(), *at) == shape("circle")).all()


def test_wall_16_joins_as_the_turned_view_shows_it():
    # Facing right, the level's left neighbour lies below.
    images = [SHAPES + ("circle.png" if n == 8 else "square.png") for n in range(16)]
    text = picture_game(
        level="B . . .\n. A . W\n. W W .\n. . . .",
        player_observer={"TrackAvatar": True, "RotateWithAvatar": True, "Width": 3, "Height": 3},
        wall={"Image": images, "TilingMode": "WALL_16"},
    )
    frame = Stage(text).act(RIGHT).frame(player=0)
    # The avatar now stands at (2, 1); the wall behind it on its right hand is at (1, 2).
    assert (cell(frame, 2, 1) == shape("circle")).all()


@pytest.mark.parametrize(("level", "index"), [("W .\nW .", 1), ("W .\nB .", 0)])
def test_wall_2_joins_below(level, index):
    images = [SHAPES + ("circle.png" if n == index else "square.png") for n in range(2)]
    text = picture_game(level=level + "\nB A", wall={"Image": images, "TilingMode": "WALL_2"})
    assert (cell(Stage(text).frame(), 0, 0) == shape("circle")).all()


def test_blocks_are_shapes_in_their_colour():
    stage = Stage(picture_game({"BackgroundColor": [0.0, 0.0, 1.0]}, kind="BLOCK_2D"))
    frame = stage.frame()
    # 127.5 and 76.5 round to the even neighbours.
    assert tuple(cell(frame, 0, 0)[12, 12]) == (128, 76, 26)
    assert tuple(cell(frame, 2, 1)[12, 12]) == (0, 0, 255)


def test_tiles_need_not_be_square():
    frame = Stage(picture_game({"TileSize": [10, 20]})).frame()
    assert frame.shape == (5 * 20, 7 * 10, 3)


def test_removed_avatar_sees_black_and_the_other_goes_on():
    text = picture_game(player={"Count": 2}, level=DUEL)
    stage = Stage(text)
    assert stage.frame(player=1).any()
    stage.act(RIGHT)
    assert not stage.frame(player=1).any()
    assert stage.frame(player=1).shape == stage.frame(player=0).shape
    assert stage.frame(player=0).any()


def test_players_are_outlined_each_in_its_colour():
    stage = Stage(picture_game(player={"Count": 2}, level=DUEL))
    red, cyan, own = (153, 0, 0), (0, 153, 153), (0, 255, 0)

    def colors(frame, x):
        return {tuple(map(int, pixel)) for pixel in cell(frame, x, 1).reshape(-1, 3)}

    whole, mine = stage.frame(), stage.frame(player=1)
    assert red in colors(whole, 1)
    assert cyan in colors(whole, 2)
    assert red in colors(mine, 1)
    assert own in colors(mine, 2)
    plain = Stage(picture_game({"HighlightPlayers": False}, player={"Count": 2}, level=DUEL))
    assert red not in colors(plain.frame(), 1)


@pytest.mark.parametrize(
    ("mode", "seen", "unseen"),
    [
        ("REMOVE", (255, 255, 255), (0, 0, 0)),
        ("DARKEN", (255, 255, 255), (102, 102, 102)),
        # (0.299 + 0.587 + 0.114 + 1) / 6, alpha and all.
        ("GRAYSCALE", (255, 255, 255), (85, 85, 85)),
    ],
)
def test_avatar_mode_marks_what_players_do_not_see(mode, seen, unseen):
    near = {"TrackAvatar": True, "Width": 3, "Height": 3}
    stage = Stage(picture_game({"Shader": {"ObserverAvatarMode": mode}}, player_observer=near))
    frame = stage.frame()
    assert tuple(cell(frame, 0, 0)[12, 12]) == seen
    assert tuple(cell(frame, 6, 4)[12, 12]) == unseen


def test_avatar_mode_highlight_brightens_what_players_see():
    shader = {"ObserverAvatarMode": "HIGHLIGHT", "ObserverAvatarHighlightColor": [0.2, 0.0, 0.0]}
    near = {"TrackAvatar": True, "Width": 3, "Height": 3}
    text = picture_game({"Shader": shader}, kind="BLOCK_2D", player_observer=near)
    frame = Stage(text, yaml.safe_load(text)).frame()
    assert tuple(cell(frame, 0, 0)[12, 12]) == (178, 76, 26)
    assert tuple(cell(frame, 6, 4)[12, 12]) == (128, 76, 26)


def test_vector_view_shows_the_observation_in_colours():
    name = "Single-Player/GVGAI/clusters_partially_observable.yaml"
    stage = Stage(engine.read_game(name))
    renderer = stage.renderer("Vector", player=0)
    assert renderer.needed_player_observers == {0: "Vector"}
    frame = renderer.render(stage.game)
    observation = stage.game.observation(0)
    assert frame.shape == (5 * TILE, 5 * TILE, 3)
    middles = frame[TILE // 2 :: TILE, TILE // 2 :: TILE]
    empty = observation.max(axis=-1) == 0
    assert empty.any()
    assert (middles[empty] < 60).all()
    for channel in range(observation.shape[-1]):
        here = middles[observation[..., channel] > 0]
        if len(here):
            assert (here == here[0]).all()
            assert here[0].max() > 100


def test_vector_view_ignores_the_channels_of_players_and_variables():
    stage = Stage(engine.read_game("Multi-Agent/robot_tag_4.yaml"))
    observation = stage.game.observation(2)
    assert observation.shape[-1] > len(stage.info.channel_names)
    frame = stage.frame("Vector", player=2)
    objects = observation[..., : len(stage.info.channel_names)].max(axis=-1) > 0
    assert ((frame[12::TILE, 12::TILE].max(axis=-1) > 100) == objects).all()


def test_global_vector_view_shows_the_topmost_object_of_each_cell():
    stage = Stage(picture_game())
    frame = stage.frame("Vector")
    assert frame.shape == (5 * TILE, 7 * TILE, 3)
    wall, avatar, box, empty = (
        frame[y * 24 + 12, x * 24 + 12] for x, y in [(0, 0), (1, 1), (3, 1), (2, 1)]
    )
    assert len({tuple(color) for color in (wall, avatar, box, empty)}) == 4
    assert (stage.act(DOWN).frame("Vector")[24 + 12, 24 + 12] == empty).all()


def test_image_of_the_tile_s_size_is_taken_as_it_is(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    iio.imwrite(tmp_path / "a.png", image)
    assert (load_tile(tmp_path / "a.png", 8, 8) == image).all()


@pytest.mark.parametrize("size", [(5, 7), (16, 16), (3, 30)])
def test_resized_image_keeps_a_plain_colour(tmp_path, size):
    image = np.full((8, 8, 4), (10, 200, 90, 120), dtype=np.uint8)
    iio.imwrite(tmp_path / "a.png", image)
    width, height = size
    assert (
        load_tile(tmp_path / "a.png", width, height) == np.full((height, width, 4), image[0, 0])
    ).all()


def test_resized_image_keeps_transparent_colours_out(tmp_path):
    image = np.zeros((8, 8, 4), dtype=np.uint8)
    image[:, :4] = (255, 0, 0, 255)
    image[:, 4:] = (0, 255, 0, 0)
    iio.imwrite(tmp_path / "a.png", image)
    resized = load_tile(tmp_path / "a.png", 6, 6)
    visible = resized[resized[..., 3] > 0]
    assert len(visible)
    assert (visible[:, 1] == 0).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"observer": "Spritr2D"}, "Sprite2D"),
        ({"observer": "ASCII"}, "kind ASCII cannot be drawn"),
        ({"observer": "View", "player": 1}, "the game has 1 player"),
        ({"observer": "View", "player": -1}, "the game has 1 player"),
    ],
)
def test_what_cannot_be_drawn_is_a_named_error(options, words):
    stage = Stage(picture_game())
    with pytest.raises(ObserverError, match=words):
        stage.renderer(**options)


def test_custom_shaders_are_warned_of_once_and_drawn_without():
    text = picture_game({"ResourceConfig": {"ShaderPath": "my/shaders"}})
    stage = Stage(text)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frames = [stage.frame(), stage.frame(player=0)]
    assert [str(warning.message).count("my/shaders") for warning in caught] == [1]
    assert (frames[0] == Stage(picture_game()).frame()).all()


def test_needed_observers_are_gathered_for_the_game():
    stage = Stage(engine.read_game("Multi-Agent/robot_tag_4.yaml"))
    renderers = [stage.renderer("Sprite2D"), stage.renderer("Vector", player=2)]
    assert needed_observers(stage.info, renderers) == {
        "global_observer": "None",
        "player_observers": ("Vector",) * 4,
    }


def test_one_view_cannot_have_two_observers():
    text = picture_game({"Width": 3}, kind="VECTOR")
    document = engine.parse_game(text, "test")
    stage = Stage(text, document)
    renderers = [stage.renderer("Vector", player=0), stage.renderer("View", player=0)]
    with pytest.raises(ObserverError, match="another renderer needs 'Vector'"):
        needed_observers(stage.info, renderers)


@pytest.mark.parametrize(
    ("game", "observer", "mend"),
    [
        ("Single-Player/GVGAI/sokoban.yaml", "Sprite2D", "renderer='numpy'"),
        ("Single-Player/Mini-Grid/minigrid-spiders.yaml", "Isometric", "a Sprite2D view"),
    ],
)
def test_missing_vulkan_driver_is_a_named_error(game, observer, mend):
    script = f"""
from griddly_lit import engine
from griddly_lit.errors import ObserverError
from griddly_lit.recording.renderers import make_renderer
text = engine.read_game({game!r})
document = engine.parse_game(text, "game")
info, _ = engine.probe(text, document, "game", "Vector")
try:
    make_renderer(document, info, observer={observer!r}, player=None, renderer="vulkan")
except ObserverError as error:
    print(error)
"""
    child = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "VK_DRIVER_FILES": "/nonexistent", "VK_ICD_FILENAMES": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"observer='{observer}'" in child.stdout
    assert "mesa-vulkan-drivers" in child.stdout
    assert mend in child.stdout
