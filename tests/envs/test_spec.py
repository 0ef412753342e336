import json
import pickle

import pytest

from conftest import CLUSTERS, SOKOBAN
from games import CORRIDOR
from griddly_lit import GeneratedLevels, GriddlyEnvSpec, SequentialLevels, bundled_games
from griddly_lit.errors import GameFileError, LevelError, ObserverError, OptionError

ROBOT_TAG = "Multi-Agent/robot_tag_4.yaml"


class Corridors:
    """A level generator of a user's."""

    def __init__(self, config):
        self.length = config["length"]

    def generate(self, rng):
        gaps = "." * int(rng.integers(1, self.length))
        row = "WA" + gaps.ljust(self.length, "W")[: self.length - 1] + "GW"
        return "\n".join(["W" * len(row), row, "W" * len(row)])


@pytest.mark.parametrize("game", bundled_games())
def test_every_bundled_game_makes_a_spec_that_survives_pickle_and_json(game):
    spec = GriddlyEnvSpec(yaml_file=game, levels="random", max_steps=100)
    for copy in (
        pickle.loads(pickle.dumps(spec)),
        GriddlyEnvSpec.from_json(spec.to_json()),
    ):
        assert copy == spec
        assert hash(copy) == hash(spec)
        assert copy.game == spec.game
        assert copy.observation_shapes == spec.observation_shapes


def test_a_spec_carries_the_game_and_needs_no_file(tmp_path):
    file = tmp_path / "corridor.yaml"
    file.write_text(CORRIDOR)
    spec = GriddlyEnvSpec(yaml_file=file, levels=[0, 1])
    file.unlink()
    again = GriddlyEnvSpec.from_json(spec.to_json())
    assert again.text == CORRIDOR
    assert again.game.level_count == 2


def test_levels():
    def source(levels, test_levels=()):
        spec = GriddlyEnvSpec(yaml_file=CLUSTERS, levels=levels, test_levels=test_levels)
        return spec.level_source.indices()

    assert source(3) == (3,)
    assert source([0, 2]) == (0, 2)
    assert source("random") == (0, 1, 2, 3, 4)
    assert source("random", [4]) == (0, 1, 2, 3)
    assert source(SequentialLevels((1, 2)), (4,)) == (1, 2)


def test_shapes_cover_training_and_test_levels_and_no_others():
    # Sokoban's levels differ in size.
    assert GriddlyEnvSpec(yaml_file=SOKOBAN, levels=0).observation_shapes == ((9, 13, 4),)
    small = GriddlyEnvSpec(yaml_file=SOKOBAN, levels=[4])
    both = GriddlyEnvSpec(yaml_file=SOKOBAN, levels=[4], test_levels=[0])
    assert small.observation_shapes != both.observation_shapes == ((9, 13, 4),)


def test_generated_levels_are_probed_and_written_to_json():
    levels = GeneratedLevels(Corridors, {"length": 6})
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR, levels=levels, max_steps=20)
    assert spec.observation_shapes == ((3, 9, 4),)
    assert GeneratedLevels(f"{__name__}:Corridors", {"length": 6}) == levels
    again = GriddlyEnvSpec.from_json(spec.to_json(), levels=GeneratedLevels(Corridors))
    assert again == spec


@pytest.mark.parametrize(
    ("generator", "message"),
    [
        ("os:system", "no class"),
        (f"{__name__}:nobody", "cannot be imported"),
        (pickle.Pickler, "a class with a method generate"),
        (3, "a class with a method generate"),
        (Corridors({"length": 1}), "a class with a method generate"),
        ("Corridors", "named 'module:QualName'"),
    ],
)
def test_a_generator_is_a_class_that_generates(generator, message):
    with pytest.raises(LevelError, match=message):
        GeneratedLevels(generator)


def test_a_generator_that_raises_is_named():
    with pytest.raises(LevelError, match=r"Corridors.* raises KeyError: 'length'"):
        GriddlyEnvSpec(yaml_string=CORRIDOR, levels=GeneratedLevels(Corridors), max_steps=20)


@pytest.mark.parametrize(
    ("error", "message", "options"),
    [
        (GameFileError, "no game is given", {}),
        (GameFileError, "no such file", {"yaml_file": "nowhere.yaml"}),
        (GameFileError, "'Version: .*yaml_string", {"yaml_file": CORRIDOR}),
        (GameFileError, "empty", {"yaml_string": ""}),
        (LevelError, "levels=5.*Available: 0, 1, 2, 3, 4", {"levels": 5}),
        (LevelError, "levels=-1", {"levels": [0, -1]}),
        (LevelError, "no level to play", {"levels": []}),
        (LevelError, "no level to play", {"levels": "random", "test_levels": range(5)}),
        (LevelError, "levels='all'", {"levels": "all"}),
        (
            LevelError,
            r"levels \[4\] are trained on as well",
            {"levels": [3, 4], "test_levels": [4]},
        ),
        (LevelError, "test_levels=9", {"test_levels": [9]}),
        (
            ObserverError,
            "player_observer_type='Vektor'.*Did you mean 'Vector'",
            {"player_observer_type": "Vektor"},
        ),
        (
            ObserverError,
            "global_observer_type='Isometric'.*isometric",
            {"global_observer_type": "Isometric"},
        ),
        (ObserverError, "not a grid", {"player_observer_type": "Entity"}),
        (OptionError, "max_steps=0", {"max_steps": 0}),
        (OptionError, "max_steps=-5", {"max_steps": -5}),
        (OptionError, "max_steps=2.5", {"max_steps": 2.5}),
        (OptionError, "player_done_variable='gone'", {"player_done_variable": "gone"}),
    ],
)
def test_bad_options_are_named(error, message, options):
    if options and not {"yaml_file", "yaml_string"} & set(options):
        options = {"yaml_file": CLUSTERS, **options}
    with pytest.raises(error, match=message):
        GriddlyEnvSpec(**options)


def test_without_padding_different_shapes_are_listed():
    with pytest.raises(
        LevelError, match=r"level 0: \(9, 13, 4\), level 4: \(7, 7, 4\).*pad_levels=True"
    ):
        GriddlyEnvSpec(yaml_file=SOKOBAN, levels=[0, 4], pad_levels=False)
    GriddlyEnvSpec(yaml_file=CLUSTERS, levels="random", pad_levels=False)


def test_players_may_leave_only_by_a_variable_of_the_game():
    spec = GriddlyEnvSpec(yaml_file=ROBOT_TAG, player_done_variable="player_done")
    assert spec.game.player_count == 4
    with pytest.raises(OptionError, match="Did you mean 'player_done'"):
        GriddlyEnvSpec(yaml_file=ROBOT_TAG, player_done_variable="players_done")


def test_from_env_config_takes_the_old_dictionary():
    spec = GriddlyEnvSpec.from_env_config(
        {
            "yaml_file": CLUSTERS,
            "random_level_on_reset": True,
            "level": 2,
            "max_steps": 1000,
            "global_observer_type": "Sprite2D",
            "record_actions": True,
            "record_video_config": {"frequency": 1000, "directory": "videos"},
            "generate_valid_action_trees": True,
        }
    )
    assert spec == GriddlyEnvSpec(yaml_file=CLUSTERS, levels="random", max_steps=1000)
    assert GriddlyEnvSpec.from_env_config({"yaml_file": CLUSTERS, "level": 2}).levels == 2


def test_from_env_config_names_unknown_keys():
    with pytest.raises(OptionError, match=r"env_config\['max_step'\].*Did you mean 'max_steps'"):
        GriddlyEnvSpec.from_env_config({"yaml_file": CLUSTERS, "max_step": 10})


def test_from_env_config_knows_enum_members():
    class Member:
        name = "BLOCK_2D"

    spec = GriddlyEnvSpec.from_env_config({"yaml_file": CLUSTERS, "global_observer_type": Member()})
    assert spec.global_observer_type == "Block2D"


def test_json_is_plain():
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS, levels=SequentialLevels((0, 1)), test_levels=[4])
    values = json.loads(spec.to_json())
    assert values["levels"] == {"source": "SequentialLevels", "levels": [0, 1]}
    assert values["test_levels"] == [4]
