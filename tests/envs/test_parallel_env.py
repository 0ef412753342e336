import subprocess
import sys

import numpy as np
import pytest
from gymnasium import spaces
from pettingzoo.test import parallel_api_test, parallel_seed_test

import griddly_lit
from games import CORRIDOR, RIGHT
from griddly_lit import GriddlyEnv, GriddlyEnvSpec, GriddlyParallelEnv, bundled_games
from griddly_lit.errors import ActionError, EpisodeError, LevelError

MULTI_PLAYER = [game for game in bundled_games() if not game.startswith("Single-Player")]
FORAGERS = "Multi-Agent/foragers.yaml"
ROBOT_TAG = "Multi-Agent/robot_tag_12.yaml"
PUSH_MANIA = "RTS/Stratega/push-mania.yaml"

DOORS = """
Version: "0.1"
Environment:
  Name: Doors
  Variables:
    - Name: gone
      PerPlayer: true
      InitialValue: 0
  Player:
    Count: 2
    AvatarObject: walker
  Termination:
    Win:
      - eq: [wall:count, 0]
  Levels:
    - |
      W  W  W  W  W  W
      W  D  A1 .  A2 W
      W  W  W  W  W  W
Actions:
  - Name: move
    Behaviours:
      - Src: {Object: walker, Commands: [{mov: _dest}]}
        Dst: {Object: _empty}
      - Src:
          Object: walker
          Commands:
            - reward: 4
            - set: [gone, 1]
            - remove: true
        Dst: {Object: door}
Objects:
  - {Name: walker, MapCharacter: A}
  - {Name: door, MapCharacter: D}
  - {Name: wall, MapCharacter: W}
"""
LEFT = 1


def spec_of(game, **options):
    if "robot_tag" in game:
        options["player_done_variable"] = "player_done"
    # The other levels of GriddlyRTS are broken as shipped.
    levels = 0 if "GriddlyRTS" in game else "random"
    return GriddlyEnvSpec(yaml_file=game, **{"levels": levels, "max_steps": 60, **options})


def played(env, steps, seed=0):
    """The steps of random agents, until the episode ends."""
    rng = np.random.default_rng(seed)
    nvec = env.env_spec.action_nvec
    for _ in range(steps):
        if not env.agents:
            return
        yield env.step({agent: rng.integers(nvec) for agent in env.agents})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("game", MULTI_PLAYER)
def test_pettingzoo_api_test_passes_without_a_warning(game):
    assert len(MULTI_PLAYER) == 8
    parallel_api_test(GriddlyParallelEnv(spec_of(game)), num_cycles=70)


@pytest.mark.parametrize("game", MULTI_PLAYER)
def test_same_seed_same_episode(game):
    spec = spec_of(game)
    parallel_seed_test(lambda: GriddlyParallelEnv(spec))

    # PettingZoo's test looks at the first step only: it takes agents 1 … P for flags of an end.
    def episode():
        env = GriddlyParallelEnv(spec)
        return [env.reset(seed=7), *played(env, 60)]

    first, second = episode(), episode()
    assert len(first) > 1
    np.testing.assert_equal(first, second)


@pytest.mark.parametrize("game", MULTI_PLAYER)
def test_spaces_hold_what_the_game_gives(game):
    spec = spec_of(game, max_steps=5)
    env = GriddlyParallelEnv(spec)
    players = spec.game.player_count
    assert env.possible_agents == list(range(1, players + 1))
    assert env.agents == []
    observations, infos = env.reset(seed=1)
    assert env.agents == list(observations) == list(infos) == env.possible_agents
    while env.agents:
        for agent, observation in observations.items():
            assert observation in env.observation_space(agent)
            assert observation.shape == spec.observation_shapes[agent - 1]
        observations, rewards, *_ = env.step({a: env.action_space(a).sample() for a in env.agents})
        assert {type(reward) for reward in rewards.values()} == {float}
    assert env.action_space(1) == spaces.MultiDiscrete(np.array(spec.action_nvec))
    env.close()


def test_players_may_see_differently():
    near = "Observers: {Near: {Type: VECTOR, Width: 3, Height: 1, TrackAvatar: true}}"
    env = GriddlyParallelEnv(
        yaml_string=DOORS.replace("Name: Doors", f"Name: Doors\n  {near}"),
        player_observer_type=["Vector", "Near"],
    )
    observations, _ = env.reset(seed=0)
    shapes = {agent: observation.shape for agent, observation in observations.items()}
    assert shapes == {a: env.observation_space(a).shape for a in (1, 2)}
    assert (shapes[1][:2], shapes[2][:2]) == ((3, 6), (1, 3))


def test_smaller_levels_are_padded():
    env = GriddlyParallelEnv(spec_of(PUSH_MANIA, levels=[0, 1]))
    sizes = [shapes[0] for shapes in env.env_spec.game.level_shapes]
    small = sizes.index(min(sizes))
    observations, _ = env.reset(seed=0, options={"level": small})
    height, width, _ = sizes[small]
    for observation in observations.values():
        assert observation.shape == max(sizes)
        assert observation[:height, :width].any()
        assert not observation[height:].any()
        assert not observation[:, width:].any()


def test_observations_are_copies():
    env = GriddlyParallelEnv(spec_of(FORAGERS))
    first, _ = env.reset(seed=3)
    kept = {agent: observation.copy() for agent, observation in first.items()}
    later = list(played(env, 20))
    np.testing.assert_equal(first, kept)
    assert any((later[-1].observations[agent] != kept[agent]).any() for agent in kept)


def test_players_who_leave_keep_their_last_reward_and_are_not_heard_of_again():
    env = GriddlyParallelEnv(spec_of(ROBOT_TAG, levels=0, max_steps=None))
    env.reset(seed=0)
    playing, left = env.possible_agents, {}
    for step in played(env, 1000):
        for values in step:
            assert list(values) == playing
        assert not any(step.truncated.values())
        if env.agents:
            assert not any(step.infos.values())
            left |= {agent: step.rewards[agent] for agent in playing if step.terminated[agent]}
        playing = [agent for agent in playing if not step.terminated[agent]]
        assert env.agents == playing
    # Two for being tagged, five for the third time, perhaps two back for tagging in the same step.
    assert len(left) >= 2
    assert set(left.values()) <= {-7.0, -5.0}
    assert all(step.terminated.values())
    assert set(left).isdisjoint(step.infos)
    assert all(info == {"outcome": "end"} for info in step.infos.values())


def test_without_the_variable_nobody_leaves():
    env = GriddlyParallelEnv(yaml_file=ROBOT_TAG)
    env.reset(seed=0)
    *during, last = played(env, 1000)
    assert all(list(step.rewards) == env.possible_agents for step in during)
    assert last.infos == {agent: {"outcome": "end"} for agent in env.possible_agents}


def test_the_episode_is_over_when_everyone_has_left():
    env = GriddlyParallelEnv(yaml_string=DOORS, player_done_variable="gone", max_steps=3)
    env.reset(seed=0)
    step = env.step({1: LEFT, 2: LEFT})
    assert (step.rewards, step.terminated) == ({1: 4.0, 2: 0.0}, {1: True, 2: False})
    assert env.agents == [2]
    # An action of a player who left is neither needed nor minded.
    env.step({1: RIGHT, 2: LEFT})
    observations, rewards, terminated, truncated, infos = env.step({2: LEFT})
    assert list(observations) == [2]
    assert (rewards, infos) == ({2: 4.0}, {2: {"outcome": "end"}})
    # Leaving in the step that reaches the limit is leaving.
    assert (terminated, truncated) == ({2: True}, {2: False})
    assert env.agents == []
    with pytest.raises(EpisodeError):
        env.step({})
    assert list(env.reset()[0]) == env.agents == [1, 2]


def test_the_step_limit_truncates_those_who_still_play():
    env = GriddlyParallelEnv(yaml_string=DOORS, player_done_variable="gone", max_steps=2)
    env.reset(seed=0)
    assert env.step({1: LEFT, 2: 0}).truncated == {1: False, 2: False}
    step = env.step({2: 0})
    assert (step.terminated, step.truncated, step.infos) == ({2: False}, {2: True}, {2: {}})
    assert env.agents == []


def test_single_player_games_are_those_of_griddly_env():
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR)
    env, alone = GriddlyParallelEnv(spec), GriddlyEnv(spec)
    assert env.action_space(1) == spaces.Discrete(5)
    for seed in (5, None):
        observations, infos = env.reset(seed=seed)
        np.testing.assert_equal((observations[1], infos[1]), alone.reset(seed=seed))
        while env.agents:
            step = env.step({1: RIGHT})
            np.testing.assert_equal(tuple(value[1] for value in step), alone.step(RIGHT))
        assert step.infos == {1: {"outcome": "win"}}


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        ({1: [0, 0], 2: [0, 0], 4: [0, 0]}, r"agents \[3\] have no action"),
        ({agent: [0, 0] for agent in range(5)}, r"no agents \[0\]"),
        ({1: [0, 0], 2: [0, 0], 3: [2, 0], 4: [0, 0]}, "0 … n-1"),
        ({1: [0, 0], 2: [0, 0], 3: 1, 4: [0, 0]}, "shape"),
        ({1: [0, 0], 2: [0, 0], 3: [0.5, 0], 4: [0, 0]}, "integers"),
    ],
)
def test_wrong_actions_are_errors_and_play_no_step(actions, told):
    env = GriddlyParallelEnv(spec_of(FORAGERS, max_steps=1))
    env.reset(seed=0)
    with pytest.raises(ActionError, match=told):
        env.step(actions)
    assert env.agents == [1, 2, 3, 4]
    assert all(env.step({agent: [0, 0] for agent in env.agents}).truncated.values())


def test_wrong_levels_and_moments_are_errors():
    env = GriddlyParallelEnv(spec_of(FORAGERS))
    with pytest.raises(EpisodeError):
        env.step({agent: [0, 0] for agent in env.possible_agents})
    with pytest.raises(LevelError):
        env.reset(options={"level": 7})
    larger = "W W W W W W W W\nW A1 . . . . A2 W\nW W W W W W W W"
    with pytest.raises(LevelError, match="larger"):
        GriddlyParallelEnv(yaml_string=DOORS).reset(options={"level": larger})
    env.reset(seed=0)
    env.close()
    with pytest.raises(EpisodeError):
        env.step({agent: [0, 0] for agent in env.possible_agents})


def test_without_pettingzoo_the_error_names_the_extra():
    script = """
import sys
sys.modules["pettingzoo"] = None
from griddly_lit import GriddlyEnv
try:
    from griddly_lit import GriddlyParallelEnv
except ImportError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "pip install 'griddly-lit[pettingzoo]'" in ran.stdout, ran.stderr
    assert "GriddlyParallelEnv" not in griddly_lit.__all__


def test_valid_actions_are_those_that_do_something():
    env = GriddlyParallelEnv(yaml_file="RTS/GriddlyRTS.yaml", max_steps=20)
    env.reset(seed=1)
    for agent in (1, 2):
        valid = env.valid_actions(agent)
        assert valid.shape[1] == 4
        assert all(env.action_space(agent).contains(action) for action in valid)
        assert len(np.unique(valid, axis=0)) == len(valid) > 2
    harvesters = {tuple(action[:2]) for action in env.valid_actions(1).tolist()}
    assert harvesters == {(2, 3), (3, 2)}
