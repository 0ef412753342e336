import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from conftest import SOKOBAN, ZELDA
from games import CORRIDOR, RIGHT
from griddly_lit import GriddlyEnv, bundled_games
from griddly_lit.errors import ActionError, EpisodeError, OptionError

SINGLE_PLAYER = [game for game in bundled_games() if game.startswith("Single-Player")]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("game", SINGLE_PLAYER)
def test_gymnasium_check_env_passes_without_a_warning(game):
    assert len(SINGLE_PLAYER) == 24
    options = {"yaml_file": game, "levels": "random", "max_steps": 50}
    check_env(GriddlyEnv(**options, render_mode="rgb_array"), skip_render_check=True)


def test_gymnasium_make_finds_it():
    env = gymnasium.make("griddly_lit/Griddly-v0", yaml_file=SOKOBAN, max_steps=3)
    _, info = env.reset(seed=1, options={"level": 2})
    assert info["level"] == 2
    ends = [env.step(0)[2:4] for _ in range(3)]
    assert ends == [(False, False), (False, False), (False, True)]


def test_render_draws_the_whole_grid():
    env = gymnasium.make(
        "griddly_lit/Griddly-v0", yaml_file=SOKOBAN, max_steps=5, render_mode="rgb_array"
    )
    assert env.metadata["render_fps"] == 10
    check_env(env.unwrapped)
    env.reset(seed=1)
    first = env.render()
    assert (first.shape, first.dtype) == ((9 * 24, 13 * 24, 3), np.uint8)
    assert first.std() > 20
    for action in (1, 2, 3, 4):
        env.step(action)
    assert (env.render() != first).any()
    env.close()
    with pytest.raises(EpisodeError, match="closed"):
        env.unwrapped.render()


def test_render_has_its_named_errors():
    with pytest.raises(OptionError, match=r"render_mode='ansi'.*Available: rgb_array"):
        GriddlyEnv(yaml_string=CORRIDOR, render_mode="ansi")
    with pytest.raises(EpisodeError, match="reset"):
        GriddlyEnv(yaml_string=CORRIDOR, render_mode="rgb_array").render()
    quiet = GriddlyEnv(yaml_string=CORRIDOR)
    quiet.reset(seed=0)
    assert quiet.render() is None


def test_spaces_and_episode():
    env = GriddlyEnv(yaml_string=CORRIDOR)
    assert env.action_space == gymnasium.spaces.Discrete(5)
    observation, info = env.reset(seed=5)
    assert observation in env.observation_space
    assert set(info) == {"level", "seed"}
    rewards, infos = [], []
    for _ in range(3):
        observation, reward, terminated, truncated, info = env.step(RIGHT)
        assert type(reward) is float
        rewards.append(reward)
        infos.append(info)
    assert rewards == [0.0, 0.0, 3.0]
    assert (terminated, truncated) == (True, False)
    assert infos == [{}, {}, {"outcome": "win"}]
    env.close()


def test_multi_discrete_actions():
    env = GriddlyEnv(yaml_file=ZELDA, max_steps=10)
    assert env.action_space == gymnasium.spaces.MultiDiscrete([2, 5])
    env.reset(seed=0)
    env.step(np.array([1, 1]))
    with pytest.raises(ActionError):
        env.step(np.array([2, 0]))
    with pytest.raises(ActionError):
        env.step(1)


def test_same_seed_same_levels_and_engine_seeds():
    def infos():
        env = GriddlyEnv(yaml_file=SOKOBAN, levels="random", max_steps=5)
        return [env.reset(seed=3)[1]] + [env.reset()[1] for _ in range(5)]

    assert infos() == infos()
    assert len({info["seed"] for info in infos()}) == 6


def test_games_of_several_players_are_refused():
    with pytest.raises(OptionError, match="4 players"):
        GriddlyEnv(yaml_file="Multi-Agent/foragers.yaml")
