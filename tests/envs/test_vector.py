import numpy as np
import pytest

from conftest import CLUSTERS, SOKOBAN
from games import CORRIDOR, LEFT, RIGHT
from griddly_lit import GriddlyEnvSpec, SequentialLevels
from griddly_lit.engine import Game, load_gdy
from griddly_lit.envs import VectorGame
from griddly_lit.errors import ActionError

FORAGERS = "Multi-Agent/foragers.yaml"
BUTTERFLIES = "Single-Player/GVGAI/butterflies.yaml"


def actions_of(values):
    return np.asarray(values).reshape(-1, 1, 1)


def test_observations_rewards_and_ends_are_those_of_single_games():
    spec = GriddlyEnvSpec(yaml_file=BUTTERFLIES, levels="random", max_steps=40)
    games = VectorGame(spec, 5, seed=3)
    games.reset()
    rng = np.random.default_rng(0)
    first = [observation.copy() for observation in games.observations[0]]
    ends, seen = [], {n: [first[n]] for n in range(5)}
    rewards = {n: [] for n in range(5)}
    while len(ends) < 5:
        for end in games.step(rng.integers(0, 5, (5, 1, 1))):
            if end.index not in [e.index for e in ends]:
                ends.append(end)
        for n in range(5):
            if n not in [e.index for e in ends]:
                seen[n].append(games.observations[0][n].copy())
                rewards[n].append(games.rewards[n, 0])
    for end in ends:
        alone = Game(load_gdy(spec.text), spec.game, max_steps=spec.max_steps)
        alone.reset(end.start.level, end.start.seed)
        total = 0.0
        for step, action in enumerate(end.actions):
            shape = alone.observation().shape
            assert np.array_equal(
                seen[end.index][step][: shape[0], : shape[1]], alone.observation()
            )
            result = alone.step(action)
            total += float(result.rewards[0])
            if step < len(rewards[end.index]):
                assert rewards[end.index][step] == result.rewards[0]
        assert (result.terminated, result.outcomes) == (end.terminated, end.outcomes)
        assert total == end.returns[0]
        assert alone.steps == end.length
        last = alone.observation()
        assert np.array_equal(end.observations[0][: last.shape[0], : last.shape[1]], last)


def test_games_are_reset_in_the_step_that_ends_them():
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR)
    games = VectorGame(spec, 2, seed=0)
    games.reset()
    begin = games.observations[0][0].copy()
    for _ in range(2):
        assert games.step(actions_of([RIGHT, LEFT])) == []
    (end,) = games.step(actions_of([RIGHT, LEFT]))
    assert (end.index, end.length, end.terminated, end.outcomes) == (0, 3, True, ("win",))
    assert end.returns.tolist() == [3.0]
    assert games.terminated.tolist() == [True, False]
    assert games.rewards[:, 0].tolist() == [3.0, 0.0]
    assert np.array_equal(games.observations[0][0], begin)
    assert not np.array_equal(end.observations[0], begin)
    (again,) = [e for _ in range(3) for e in games.step(actions_of([RIGHT, LEFT]))]
    assert again.returns.tolist() == [3.0]


def test_test_levels_are_never_drawn():
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS, levels="random", test_levels=[1, 4], max_steps=2)
    games = VectorGame(spec, 16, seed=0)
    games.reset()
    drawn = {e.start.level for _ in range(40) for e in games.step(np.zeros((16, 1, 1), int))}
    assert drawn == {0, 2, 3}


def test_sequential_levels_are_played_equally_often():
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS, levels=SequentialLevels((0, 2, 3)), max_steps=1)
    games = VectorGame(spec, 4, seed=0)
    games.reset()
    levels = [e.start.level for _ in range(6) for e in games.step(np.zeros((4, 1, 1), int))]
    assert sorted(levels) == [0] * 8 + [2] * 8 + [3] * 8


def test_smaller_levels_are_padded_with_zeros():
    spec = GriddlyEnvSpec(yaml_file=SOKOBAN, levels=SequentialLevels((0, 4)), max_steps=3)
    shapes = [spec.game.level_shapes[level][0] for level in (0, 4)]
    games = VectorGame(spec, 1, seed=0)
    games.reset()
    for turn in range(6):
        height, width, _ = shapes[turn % 2]
        observation = games.observations[0][0]
        assert observation.shape == (9, 13, 4)
        assert observation[:height, :width].any()
        assert not observation[height:].any()
        assert not observation[:, width:].any()
        for _ in range(3):
            games.step(np.zeros((1, 1, 1), int))


def test_a_game_depends_on_its_seed_and_index_alone():
    spec = GriddlyEnvSpec(yaml_file=BUTTERFLIES, levels="random", max_steps=30)

    def starts(count, seed):
        games = VectorGame(spec, count, seed)
        games.reset()
        return [start for start, _ in games.in_flight()]

    assert starts(4, 1) == starts(8, 1)[:4]
    assert starts(4, 1) != starts(4, 2)
    assert len({start.seed for start in starts(8, 1)}) == 8


def test_actions_in_flight_repeat_the_present_state():
    spec = GriddlyEnvSpec(yaml_file=BUTTERFLIES, levels="random", max_steps=50)
    games = VectorGame(spec, 3, seed=0)
    games.reset()
    rng = np.random.default_rng(1)
    for _ in range(70):
        games.step(rng.integers(0, 5, (3, 1, 1)))
    for n, (start, actions) in enumerate(games.in_flight()):
        assert len(actions) == 20
        alone = Game(load_gdy(spec.text), spec.game)
        alone.reset(start.level, start.seed)
        for action in actions:
            alone.step(action)
        shape = alone.observation().shape
        assert np.array_equal(games.observations[0][n][: shape[0], : shape[1]], alone.observation())


def test_the_action_log_forgets_finished_episodes():
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS, max_steps=100)
    games = VectorGame(spec, 2, seed=0)
    games.reset()
    for _ in range(5000):
        games.step(np.zeros((2, 1, 1), int))
    assert len(games._log._actions) <= 512


def test_a_long_episode_is_remembered_whole():
    """Beside one that ends often, and over several growths of the log."""
    spec = GriddlyEnvSpec(yaml_file="Single-Player/Mini-Grid/minigrid-eyeball.yaml")
    games = VectorGame(spec, 3, seed=1)
    games.reset()
    rng = np.random.default_rng(0)
    played = [[], [], []]
    for _ in range(1500):
        actions = rng.integers(0, 4, (3, 1, 1))
        # The first one never moves, so its episode goes on.
        actions[0] = 0
        for game in range(3):
            played[game].append(int(actions[game, 0, 0]))
        for end in games.step(actions):
            assert end.actions.ravel().tolist() == played[end.index]
            played[end.index] = []
    in_flight = [actions.ravel().tolist() for _, actions in games.in_flight()]
    assert in_flight == played
    assert len(in_flight[0]) == 1500


def test_every_player_has_its_observations_rewards_and_returns():
    spec = GriddlyEnvSpec(yaml_file=FORAGERS, max_steps=60)
    games = VectorGame(spec, 3, seed=0)
    games.reset()
    assert [array.shape for array in games.observations] == [(3, 5, 5, 5)] * 4
    rng = np.random.default_rng(0)
    totals = np.zeros((3, 4))
    ends = []
    while not ends:
        ends = games.step(rng.integers(0, [2, 5], (3, 4, 2)))
        totals += games.rewards
    for end in ends:
        assert np.array_equal(end.returns, totals[end.index])
    assert totals.any()


def test_bad_actions_step_no_game():
    games = VectorGame(GriddlyEnvSpec(yaml_string=CORRIDOR), 2, seed=0)
    games.reset()
    with pytest.raises(ActionError):
        games.step(actions_of([RIGHT, 5]))
    assert all(len(actions) == 0 for _, actions in games.in_flight())
