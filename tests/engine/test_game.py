import resource

import numpy as np
import pytest

from games import CORRIDOR, LEFT, RIGHT
from griddly_lit.engine import Game, load_gdy, parse_game, probe, read_game
from griddly_lit.errors import ActionError, EngineError, EpisodeError, LevelError, OptionError

BUTTERFLIES = "Single-Player/GVGAI/butterflies.yaml"


def make(text=CORRIDOR, **options):
    info, _ = probe(text, parse_game(text, "test"), "test", "Vector")
    return Game(load_gdy(text), info, **options)


def test_win_pays_its_reward_and_ends_the_episode():
    game = make()
    game.reset(0, seed=1)
    results = [game.step([[RIGHT]]) for _ in range(3)]
    assert [r.rewards for r in results] == [(0.0,), (0.0,), (3.0,)]
    assert [r.terminated for r in results] == [False, False, True]
    assert results[-1].outcomes == ("win",)
    assert type(results[-1].rewards[0]) is float
    with pytest.raises(EpisodeError, match="Call reset first"):
        game.step([[RIGHT]])


def test_lose_is_told_from_win():
    game = make()
    game.reset(1, seed=1)
    outcomes = [game.step([[LEFT]]).outcomes for _ in range(3)]
    assert outcomes == [(), (), ("lose",)]


@pytest.mark.parametrize("limit", [1, 5])
def test_truncation_comes_after_exactly_max_steps(limit):
    game = make(max_steps=limit)
    for _ in range(2):
        game.reset(0, seed=1)
        ends = [game.step([[LEFT]]) for _ in range(limit)]
        assert [e.truncated for e in ends] == [False] * (limit - 1) + [True]
        assert not any(e.terminated for e in ends)
        assert ends[-1].outcomes == ()


def test_a_win_on_the_last_step_is_a_termination():
    game = make(max_steps=3)
    game.reset(0, seed=1)
    last = [game.step([[RIGHT]]) for _ in range(3)][-1]
    assert (last.terminated, last.truncated) == (True, False)


def test_observations_are_copies_that_later_steps_and_resets_leave_alone():
    game = make()
    game.reset(0, seed=1)
    first = game.observation()
    kept = first.copy()
    game.step([[RIGHT]])
    assert not np.array_equal(game.observation(), first)
    game.reset(1, seed=1)
    assert np.array_equal(first, kept)
    assert first.flags.c_contiguous
    assert first.shape == (3, 6, 4)


@pytest.mark.parametrize(
    ("action", "rule"),
    [
        ([[5]], "0 … n-1"),
        ([[-1]], "0 … n-1"),
        ([[1.0]], "integers"),
        ([["right"]], "integers"),
        ([[1, 1]], "shape"),
        ([[1], [1]], "shape"),
        (1, "shape"),
    ],
)
def test_bad_actions_are_named_and_do_not_touch_the_game(action, rule):
    game = make()
    game.reset(0, seed=1)
    before = game.state()["Hash"]
    with pytest.raises(ActionError, match=rule):
        game.step(action)
    assert game.state()["Hash"] == before
    assert game.steps == 0


def test_stepping_needs_an_episode_and_an_open_game():
    game = make()
    with pytest.raises(EpisodeError):
        game.step([[0]])
    game.close()
    game.close()
    with pytest.raises(EpisodeError, match="closed"):
        game.reset(0, seed=1)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_are_unsigned_32_bit(seed):
    with pytest.raises(OptionError, match="4294967295"):
        make().reset(0, seed=seed)


def test_levels_out_of_range():
    with pytest.raises(LevelError, match=r"level=2.*Available: 0, 1"):
        make().reset(2, seed=0)


@pytest.mark.parametrize(
    ("level", "rule"),
    [
        ("", "empty"),
        ("  \n \n", "empty"),
        ("WWWW\nWAW\nWWWW", r"\[4, 3, 4\] cells"),
        ("WWW\nWAW\nWW", r"\[3, 3, 2\] cells"),
        ("WWW\nW?W\nWWW", "refuses"),
    ],
)
def test_bad_level_strings_are_named(level, rule):
    with pytest.raises(LevelError, match=rule):
        make().reset(level, seed=0)


def test_a_level_string_does_not_stay_in_force():
    game = make()
    game.reset("WWWW\nWAGW\nWWWW", seed=1)
    assert game.step([[RIGHT]]).outcomes == ("win",)
    game.reset(0, seed=1)
    assert game.observation().shape == (3, 6, 4)


def test_games_of_one_gdy_do_not_disturb_each_other():
    text = read_game(BUTTERFLIES)
    info, _ = probe(text, parse_game(text, "b"), "b", "Vector")
    gdy = load_gdy(text)
    together = [Game(gdy, info) for _ in range(3)]
    for seed, game in enumerate(together):
        game.reset(seed, seed)
    for _ in range(50):
        for game in together:
            game.step([[RIGHT]])
    for seed, game in enumerate(together):
        alone = Game(load_gdy(text), info)
        alone.reset(seed, seed)
        for _ in range(50):
            alone.step([[RIGHT]])
        assert alone.state()["Hash"] == game.state()["Hash"]


def test_same_seed_same_episode_other_seed_another():
    text = read_game(BUTTERFLIES)
    hashes = []
    for seed in (7, 7, 8):
        game = make(text)
        game.reset(0, seed)
        for _ in range(60):
            game.step([[0]])
        hashes.append(game.state()["Hash"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_memory_is_flat_over_many_games():
    text = CORRIDOR
    info, _ = probe(text, parse_game(text, "test"), "test", "Vector")
    gdy = load_gdy(text)

    def play(count):
        for seed in range(count):
            game = Game(gdy, info)
            game.reset(0, seed)
            game.step([[RIGHT]])
            game.close()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = play(500)
    # A game that is not released leaks about 10 kB: 15 MB over these.
    assert play(1500) - before < 4_000


def test_nothing_reaches_stdout(capfd):
    game = make(read_game(BUTTERFLIES))
    game.reset(0, seed=1)
    for _ in range(20):
        game.step([[0]])
    game.close()
    assert capfd.readouterr().out == ""


def test_what_the_engine_throws_in_an_episode_is_named():
    text = CORRIDOR.replace(
        "            - remove: true\n            - reward: -2\n", "            - spawn: ghost\n"
    )
    document = parse_game(text, "test")
    info, _ = probe(text, document, "test", "Vector", levels=[0])
    game = Game(load_gdy(text), info)
    game.reset(1, seed=1)
    game.step([[LEFT]])
    game.step([[LEFT]])
    with pytest.raises(EngineError, match="level=1, step 3: the engine failed: Object ghost"):
        game.step([[LEFT]])
    with pytest.raises(EpisodeError):
        game.step([[LEFT]])
    game.reset(0, seed=1)


@pytest.mark.parametrize(
    ("level", "rule"),
    [
        ("WA" + "." * 100_000 + "GW", "more than 65536 cells"),
        (("WA.GW" * 100 + "\n") * 200, "more than 65536 cells"),
        ("WA" + "/P" * 70_000 + "W", "more than 65536 cells"),
        ("WA123456789.GW", "object of no player"),
        ("WA\0GW", "ends with its first NUL"),
        ("WA\ud800GW", "the engine refuses it"),
        ("WAéGW", "the engine refuses it"),
        ("WA2GW", "the engine refuses it"),
        ("WA[Q]GW", "the engine refuses it"),
        ("]", "empty"),
        (True, "no such level"),
        (1.5, "no such level"),
        (None, "no such level"),
        ([0], "no such level"),
    ],
)
def test_levels_that_break_the_engine_are_named(level, rule):
    game = make()
    with pytest.raises(LevelError, match=rule) as caught:
        game.reset(level, seed=1)
    assert len(str(caught.value)) < 500
    game.reset(0, seed=1)
    game.step([[RIGHT]])


def test_orientation_and_stacks_are_one_cell():
    game = make()
    game.reset("W A[U] . G W\nW P/G  . . W", seed=1)
    assert game.observation().shape == (2, 5, 4)


def test_a_level_string_leaves_the_engines_log_off(capfd):
    make().reset("WA/P/P/P.GW", seed=1)
    assert capfd.readouterr().out == ""
