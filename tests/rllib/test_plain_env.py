"""Environments from an old env_config, without RLlib's runners."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from ray.rllib.env.env_context import EnvContext

from conftest import CLUSTERS, SOKOBAN, ZELDA
from games import CORRIDOR, RIGHT
from griddly_lit import GriddlyEnv, GriddlyEnvSpec, RLlibEnv, RLlibMultiAgentEnv
from griddly_lit.errors import GriddlyLitError, OptionError
from griddly_lit.from_griddly import RLlibMultiAgentWrapper, gd
from griddly_lit.rllib.plain.env_options import env_options, note_network

FORAGERS = {"yaml_file": "Multi-Agent/foragers.yaml", "max_steps": 30}
OLD = {
    "record_video_config": {
        "frequency": 100000,
        "directory": "videos",
        "include_global": True,
        "include_agents": False,
    },
    "random_level_on_reset": True,
    "yaml_file": CLUSTERS,
    "global_observer_type": gd.ObserverType.SPRITE_2D,
    "max_steps": 1000,
    "generate_valid_action_trees": True,
    "record_actions": True,
}


def play(env, steps, rng):
    env.reset(seed=3)
    for _ in range(steps):
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            return True
    return False


def test_the_documented_env_config_as_rllib_hands_it_over():
    env = RLlibEnv(EnvContext(OLD, worker_index=1, num_workers=8))
    assert env.env_spec.levels == "random"
    assert env.env_spec.global_observer_type == "Sprite2D"
    assert (env.observation_space.shape, env.observation_space.dtype) == ((5, 5, 10), np.uint8)
    _, info = env.reset(seed=1)
    assert info["History"] == []
    tree = info["valid_action_tree"]
    assert tree
    *_, info = env.step(int(max(tree)))
    assert [event["ActionName"] for event in info["History"]] == ["move"]


@pytest.mark.parametrize("game", [SOKOBAN, ZELDA])
def test_gymnasiums_checks(game):
    check_env(RLlibEnv({"yaml_file": game, "max_steps": 20}), skip_render_check=True)


def test_a_spec_stands_for_the_rest():
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR, max_steps=5)
    env = RLlibEnv({"spec": spec, "record_actions": True})
    assert env.env_spec is spec
    env.reset(seed=0)
    *_, info = env.step(RIGHT)
    assert "History" in info
    *_, info = RLlibEnv({"spec": spec}).reset(seed=0)
    assert "History" not in info


def test_the_last_episode_can_be_repeated_and_its_actions_are_counted():
    env = RLlibEnv({"yaml_string": CORRIDOR, "max_steps": 4, "record_actions": True})
    env.reset(seed=1)
    assert env.replay() is None
    for _ in range(3):
        env.step(RIGHT)
    replay = env.replay()
    assert (replay.length, replay.outcomes, replay.rewards.sum()) == (3, ("win",), 3)
    replay.replay()
    assert env.take_counts() == {(1, "move"): 3, (1, "win"): 1, (1, "lose"): 0, (1, "end"): 0}
    assert sum(env.take_counts().values()) == 0
    env.reset()
    assert env.replay() is None
    for _ in range(4):
        env.step(0)
    assert env.replay().truncated


def test_the_env_config_of_several_players():
    env = RLlibMultiAgentEnv({**FORAGERS, "record_actions": True})
    # An old script makes both, and wraps the one into the other.
    for same in (
        RLlibEnv(FORAGERS),
        RLlibMultiAgentWrapper(RLlibEnv(FORAGERS), FORAGERS),
        RLlibMultiAgentWrapper(FORAGERS),
    ):
        assert type(same) is RLlibMultiAgentEnv
        assert same.possible_agents == env.possible_agents == [1, 2, 3, 4]
    env.reset(seed=2)
    mine = set()
    for _ in range(30):
        actions = {agent: env.get_action_space(agent).sample() for agent in env.agents}
        *_, infos = env.step(actions)
        for agent, info in infos.items():
            mine |= {(agent, event["PlayerId"]) for event in info["History"]}
    assert mine == {(agent, agent) for agent in (1, 2, 3, 4)}
    env.replay().replay()
    counts = env.take_counts()
    assert all(counts[agent, "move"] > 0 for agent in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("env_config", "message"),
    [
        ({"yaml_fil": CLUSTERS}, "yaml_fil.*Did you mean 'yaml_file'"),
        ({"yaml_file": CLUSTERS, "record_actions": "yes"}, "record_actions.*True or False"),
        ({"yaml_file": CLUSTERS, "record_video_config": {"frequenzy": 3}}, "frequency"),
        ({"yaml_file": CLUSTERS, "record_video_config": {"frequency": 0}}, "frequency=0"),
        ({"yaml_file": CLUSTERS, "record_video_config": 7}, "record_video_config=7"),
        ({"spec": CLUSTERS}, "spec.*GriddlyEnvSpec"),
        ({}, "yaml_file"),
        (CLUSTERS, "env_config.*yaml_file"),
        (None, "env_config"),
    ],
)
def test_what_does_not_fit_is_named(env_config, message):
    with pytest.raises(GriddlyLitError, match=message):
        RLlibEnv(env_config)


def test_a_key_of_the_game_beside_a_spec():
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR)
    with pytest.raises(
        OptionError, match="max_steps.*beside 'spec'.*belongs to the GriddlyEnvSpec"
    ):
        RLlibEnv({"spec": spec, "max_steps": 3})


def test_a_wrapper_of_one_player_is_refused():
    with pytest.raises(OptionError, match="several players"):
        RLlibMultiAgentWrapper(RLlibEnv({"yaml_string": CORRIDOR}))


def test_griddly_env_names_what_takes_an_env_config():
    with pytest.raises(OptionError, match="dictionary.*RLlibEnv"):
        GriddlyEnv(EnvContext({"yaml_file": CLUSTERS}, worker_index=0))


def test_gymnasium_makes_it_still():
    env = gymnasium.make("griddly_lit/Griddly-v0", yaml_string=CORRIDOR, max_steps=3)
    assert play(env, 3, None)


def test_the_network_is_noted_once_where_none_of_ours_is_loaded(caplog, monkeypatch):
    monkeypatch.setattr("griddly_lit.rllib.plain.env_options._MODULES", "not.loaded")
    note_network.cache_clear()
    for _ in range(2):
        RLlibEnv({"yaml_file": SOKOBAN})
    assert caplog.text.count("GAPModule, ") == 0
    assert caplog.text.count("takes no grid of 9 x 13") == 1
    note_network.cache_clear()


def test_options_are_read_as_they_are():
    assert env_options({"yaml_string": CORRIDOR})[1:] == (False, False)
    assert env_options({"yaml_string": CORRIDOR, "record_actions": None})[1:] == (False, False)
