"""The old env_config dictionary, taken whole."""

import logging

import pytest

from conftest import CLUSTERS
from games import CORRIDOR
from griddly_lit import GriddlyEnvSpec, GriddlyTrainer, VideoRecording
from griddly_lit.errors import GriddlyLitError, LevelError, OptionError
from trainer.small import trainer

OLD = {
    "yaml_file": CLUSTERS,
    "random_level_on_reset": True,
    "max_steps": 20,
    "global_observer_type": "Sprite2D",
    "record_actions": True,
    "record_video_config": {"frequency": 500, "directory": "videos", "include_agents": True},
    "generate_valid_action_trees": True,
}


class Corridors:
    """A level generator of a user's."""

    def __init__(self, config):
        self.gap = config.get("gap", 2)

    def generate(self):
        row = "WA" + "." * self.gap + "GW"
        return "\n".join(["W" * len(row), row, "W" * len(row)])


def test_all_of_it_is_taken(tmp_path):
    mine = GriddlyTrainer.from_env_config(OLD, "GAP", logger=False, default_root_dir=tmp_path)
    assert mine.env == GriddlyEnvSpec(yaml_file=CLUSTERS, levels="random", max_steps=20)
    assert mine.track_actions is True
    assert mine.valid_actions == "tree"
    assert isinstance(mine.video, VideoRecording)
    assert (mine.video.include_global, mine.video.include_agents) == (True, True)
    assert (mine.video.fps, str(mine.video.directory)) == (10, "videos")
    assert not list(tmp_path.iterdir())


def test_what_it_leaves_out_is_as_it_was():
    mine = GriddlyTrainer.from_env_config({"yaml_file": CLUSTERS}, "GAP", logger=False)
    assert (mine.track_actions, mine.valid_actions, mine.video) == (False, "off", None)
    off = {"record_actions": False, "record_video_config": None, "level_generator": None}
    mine = GriddlyTrainer.from_env_config({"yaml_file": CLUSTERS, **off}, "GAP", logger=False)
    assert (mine.track_actions, mine.video) == (False, None)


def test_options_go_over_it():
    mine = GriddlyTrainer.from_env_config(
        OLD, "GAP", logger=False, valid_actions="mask", video=None, max_env_steps=5
    )
    assert (mine.valid_actions, mine.video, mine.max_env_steps) == ("mask", None, 5)


def test_a_dictionary_of_several_players():
    old = {
        "yaml_file": "Multi-Agent/robot_tag_4.yaml",
        "player_done_variable": "player_done",
        "player_observer_type": ["Vector"] * 4,
        "max_steps": 20,
        "record_actions": True,
    }
    mine = GriddlyTrainer.from_env_config(old, "GAP", logger=False, policies="independent")
    assert mine.env.player_done_variable == "player_done"
    assert mine.env.player_observer_type == ("Vector",) * 4
    assert len(mine.resolved_policies) == 4
    assert mine.track_actions


def test_a_level_generator():
    old = {"yaml_string": CORRIDOR, "level_generator": {"class": Corridors, "config": {"gap": 4}}}
    mine = GriddlyTrainer.from_env_config(old, "GAP", logger=False)
    assert mine.env.observation_shapes == ((3, 8, 4),)


@pytest.mark.parametrize(
    ("error", "message", "change"),
    [
        (OptionError, r"env_config\['max_step'\].*'max_steps'", {"max_step": 3}),
        (
            OptionError,
            r"record_video_config\['frequncy'\].*'frequency'",
            {"record_video_config": {"frequncy": 3}},
        ),
        (OptionError, "fps=0", {"record_video_config": {"fps": 0}}),
        (OptionError, "nothing to draw", {"record_video_config": {"include_global": False}}),
        (OptionError, "record_video_config=True", {"record_video_config": True}),
        (OptionError, r"level_generator\['clas'\].*'class'", {"level_generator": {"clas": 3}}),
        (OptionError, "level_generator: it has no class", {"level_generator": {}}),
        (OptionError, "level_generator=3", {"level_generator": 3}),
        (LevelError, "generator=3", {"level_generator": {"class": 3}}),
        (LevelError, "config=3", {"level_generator": {"class": Corridors, "config": 3}}),
        (OptionError, r"env_config\['record_actions'\]='yes'", {"record_actions": "yes"}),
        (OptionError, "random_level_on_reset", {"random_level_on_reset": "no"}),
        (
            OptionError,
            "generate_valid_action_trees",
            {"generate_valid_action_trees": 3},
        ),
        (LevelError, "level", {"level": 99, "random_level_on_reset": False}),
    ],
)
def test_what_is_wrong_is_named(error, message, change):
    with pytest.raises(error, match=message):
        GriddlyTrainer.from_env_config({**OLD, **change}, "GAP", logger=False)


@pytest.mark.parametrize("config", [None, 3, "x", [], {}, {3: 4}])
def test_no_dictionary(config):
    with pytest.raises(GriddlyLitError):
        GriddlyTrainer.from_env_config(config, "GAP")


def test_an_unknown_option_is_named():
    with pytest.raises(OptionError, match="Did you mean 'logger'"):
        GriddlyTrainer.from_env_config(OLD, "GAP", loger=False)


def test_a_spec_alone_says_what_it_leaves_out(caplog):
    with caplog.at_level(logging.WARNING, "griddly_lit"):
        GriddlyEnvSpec.from_env_config({"yaml_file": CLUSTERS, "record_actions": False})
        assert caplog.text == ""
        GriddlyEnvSpec.from_env_config(OLD)
    assert "record_video_config, record_actions, generate_valid_action_trees" in caplog.text
    assert "GriddlyTrainer.from_env_config" in caplog.text


@pytest.mark.usefixtures("ray_once")
def test_it_trains(tmp_path):
    old = {**OLD, "record_video_config": {"frequency": 50, "directory": str(tmp_path / "videos")}}
    small = trainer(tmp_path)
    mine = GriddlyTrainer.from_env_config(
        old,
        small.model,
        training=small.training,
        num_envs_per_env_runner=8,
        max_iterations=1,
        seed=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    metrics = mine.fit().metrics
    assert metrics["agent_info/1/move"] > 0
    assert list((tmp_path / "videos").rglob("*.mp4"))
