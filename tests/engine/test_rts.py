"""Games without avatars: rewards of turns with one action and with several."""

import numpy as np
import pytest

from griddly_lit import GriddlyEnvSpec
from griddly_lit.engine import Game, load_gdy
from griddly_lit.envs import VectorGame
from griddly_lit.errors import ActionError, OptionError

RTS = "RTS/GriddlyRTS.yaml"


@pytest.fixture(scope="module")
def spec():
    return GriddlyEnvSpec(yaml_file=RTS, max_steps=700)


def open_game(spec):
    return Game(load_gdy(spec.text), spec.game, max_steps=spec.max_steps, record_events=True)


@pytest.mark.parametrize("turns", [1, 2])
def test_both_lose_and_nothing_leaks_into_the_next_episode(spec, turns):
    """Level 1 has no bases as shipped: both players lose 10 at the first step."""
    game = open_game(spec)
    for _ in range(2):
        game.reset(1, 0)
        result = game.step(np.zeros((2, 4 * turns), dtype=int))
        assert result.rewards == (-10, -10)
        assert result.outcomes == ("lose", "lose")
        game.reset(0, 0)
        for _ in range(3):
            assert game.step(np.zeros((2, 4 * turns), dtype=int)).rewards == (0, 0)


@pytest.mark.parametrize("turns", [1, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_rewards_of_an_episode_are_those_of_its_events(spec, turns, seed):
    game, rng = open_game(spec), np.random.default_rng(seed)
    nvec = spec.game.action_nvec
    game.reset(0, seed)
    got, true = np.zeros(2), np.zeros(2)
    for _ in range(500):
        actions = [
            np.stack(np.unravel_index(rng.choice(sorted(valid), turns), nvec), -1).reshape(-1)
            for valid in game.valid_actions(nvec)
        ]
        result = game.step(np.stack(actions))
        got += result.rewards
        for event in game.take_events():
            for player, reward in event["Rewards"].items():
                if int(player) > 0:
                    true[int(player) - 1] += reward
        if result.terminated:
            lost = np.array(result.outcomes) == "lose"
            true += np.where(lost, -10, 10)
            break
    assert true.any()
    assert got.tolist() == true.tolist()


def test_several_units_move_in_one_turn(spec):
    game = open_game(spec)
    game.reset(0, 0)
    nvec = spec.game.action_nvec
    move = spec.game.action_names.index("move")
    valid = [np.unravel_index(flat, nvec) for flat in sorted(game.valid_actions(nvec)[0])]
    units = sorted({(x, y) for x, y, kind, _ in valid if kind == move})
    assert len(units) == 2
    first = {
        unit: next(a for a in valid if a[:2] == unit and a[2] == move and a[3]) for unit in units
    }

    def stayed():
        own = [each for each in game.state()["Objects"] if each["PlayerId"] == 1]
        return [unit for unit in units if list(unit) in [each["Location"] for each in own]]

    assert stayed() == units
    both = [part for unit in units for part in first[unit]]
    game.step(np.array([both, np.zeros(8, dtype=int)]))
    assert stayed() == []
    game.reset(0, 0)
    game.step(np.array([first[units[0]], np.zeros(4, dtype=int)]))
    assert stayed() == [units[1]]


def test_a_spec_asks_for_several_actions_a_turn():
    spec = GriddlyEnvSpec(yaml_file=RTS, max_steps=5, actions_per_turn=2)
    assert spec.single_action_nvec == (16, 16, 6, 5)
    assert spec.action_nvec == (16, 16, 6, 5) * 2
    games = VectorGame(spec, 2, seed=0)
    games.reset()
    with pytest.raises(ActionError, match="shape"):
        games.step(np.zeros((2, 2, 4), dtype=int))
    for _ in range(5):
        ends = games.step(np.zeros((2, 2, 8), dtype=int))
    assert [end.actions.shape for end in ends] == [(5, 2, 8)] * 2
    with pytest.raises(OptionError, match="steers one harvester"):
        GriddlyEnvSpec(yaml_file="Multi-Agent/foragers.yaml", actions_per_turn=2)


def test_actions_off_a_smaller_grid_are_never_valid():
    """Levels 0 and 1 of outpost differ in size; an action may name any cell of the larger one."""
    spec = GriddlyEnvSpec(yaml_file="tests/games/outpost.yaml", levels=[0, 1], max_steps=50)
    sizes = spec.game.grid_sizes
    assert sizes[0] != sizes[1]
    assert spec.single_action_nvec[:2] == tuple(map(max, zip(*sizes, strict=True)))
    game = open_game(spec)
    for level, (width, height) in enumerate(sizes):
        game.reset(level, 0)
        for valid in game.valid_actions(spec.single_action_nvec):
            x, y, *_ = np.unravel_index(valid, spec.single_action_nvec)
            assert x.max() < width
            assert y.max() < height


def test_who_has_nothing_to_do_has_the_no_op(spec):
    game = open_game(spec)
    game.reset(1, 0)
    assert all(game.valid_actions(spec.game.action_nvec))
    from griddly_lit.engine.valid_actions import flat_actions_of

    assert flat_actions_of({}, (3, 4)) == [0]
    assert flat_actions_of({1: {2: {}, 0: {}}, 2: {3: {}}}, (3, 4)) == [6, 4, 11]
