"""Level sources: ours, a user's own, and what is wrong with them."""

import dataclasses
import json
import sys
from collections import Counter

import numpy as np
import pytest

from conftest import CLUSTERS
from games import CORRIDOR, RIGHT
from griddly_lit import (
    GeneratedLevels,
    GriddlyEnvSpec,
    LevelOutcome,
    LevelSource,
    PrioritizedLevels,
)
from griddly_lit.envs import VectorGame
from griddly_lit.envs.levels import load_source_state, source_state, source_to_dict
from griddly_lit.envs.levels.replay_distribution import ReplayDistribution
from griddly_lit.errors import LevelError, OptionError, TrustError


def corridor(cells, height=1):
    width = cells + 4
    inside = ["W" + "." * (width - 2) + "W"] * (height - 1)
    return "\n".join(["W" * width, "WA" + "." * cells + "GW", *inside, "W" * width])


class Corridors:
    """A generator of corridors up to a length."""

    def __init__(self, config):
        self.longest = config["longest"]

    def generate(self, rng):
        return corridor(int(rng.integers(self.longest + 1)), int(rng.integers(1, 3)))


class Unseeded:
    """A generator that draws from nothing that it is handed."""

    def __init__(self, config):
        self.count = 0

    def generate(self):
        self.count += 1
        return corridor(self.count % 7)


@dataclasses.dataclass
class Easiest:
    """Plays what was won least; it is what a user would write."""

    levels: tuple[int, ...]
    wins: Counter = dataclasses.field(default_factory=Counter, init=False, compare=False)

    def __post_init__(self):
        self.levels = tuple(self.levels)

    def draw(self, rng, ordinal):
        return min(self.levels, key=lambda level: (self.wins[level], level))

    def indices(self):
        return self.levels

    def note(self, outcome):
        self.wins[outcome.level] += outcome.won[0]

    def state_dict(self):
        return {"wins": [self.wins[level] for level in self.levels]}

    def load_state_dict(self, state):
        self.wins = Counter(dict(zip(self.levels, state["wins"], strict=True)))


class Texts:
    """Draws texts, and says with to_dict what it was made with."""

    largest = (5, 12)

    def __init__(self, cells):
        self.cells = cells

    def to_dict(self):
        return {"cells": self.cells}

    def draw(self, rng, ordinal):
        return corridor(self.cells[ordinal % len(self.cells)])

    def indices(self):
        return ()


def spec_of(levels, **options):
    return GriddlyEnvSpec(**{"yaml_string": CORRIDOR, "levels": levels, "max_steps": 8, **options})


def play(games, steps, action=RIGHT):
    return [end for _ in range(steps) for end in games.step(np.full((games.count, 1, 1), action))]


def outcome(level, score):
    return LevelOutcome(level, 0, (0.0,), 1, (False,), score)


# The distribution of the paper.


def test_probabilities_are_those_of_the_paper():
    replay = ReplayDistribution(4, beta=0.5, rho=0.1, nu=None)
    assert replay.new_level_probability() == 1
    replay.load_state_dict({"scores": [3.0, 1.0, 2.0, np.nan], "last": [2, 5, 7, 0], "draws": 10})
    # Ranks 1, 3, 2 to the power of -1 / beta = -2; and 8, 5, 3 draws ago of 16.
    by_score = np.array([1, 1 / 9, 1 / 4]) / (1 + 1 / 9 + 1 / 4)
    by_staleness = np.array([8, 5, 3]) / 16
    expected = [*(0.9 * by_score + 0.1 * by_staleness), 0.0]
    np.testing.assert_allclose(replay.probabilities(), expected)
    assert replay.new_level_probability() == 0.25


def test_new_levels_come_as_often_as_they_should():
    fixed = ReplayDistribution(3, beta=0.1, rho=0.1, nu=0.3)
    fixed.note(0, 1.0)
    assert fixed.new_level_probability() == 0.3
    rng = np.random.default_rng(0)
    drawn = Counter(fixed.draw(rng) for _ in range(4000))
    assert drawn[0] / 4000 == pytest.approx(0.7, abs=0.03)
    assert drawn[1] / 4000 == pytest.approx(0.15, abs=0.03)
    for level in (1, 2):
        fixed.note(level, 0.5)
    assert fixed.new_level_probability() == 0


def test_a_level_that_was_just_drawn_alone_has_no_staleness():
    replay = ReplayDistribution(1, beta=1e-6, rho=1.0, nu=None)
    replay.draw(np.random.default_rng(0))
    replay.note(0, 0.0)
    assert replay.probabilities().tolist() == [1.0]


# PrioritizedLevels.


@pytest.mark.parametrize(
    "make",
    [
        lambda: PrioritizedLevels([0, 3, 1]),
        lambda: PrioritizedLevels(GeneratedLevels(Corridors, {"longest": 9}), capacity=30),
        lambda: PrioritizedLevels(GeneratedLevels(Unseeded), capacity=5, nu=0.5),
    ],
)
def test_a_restored_source_draws_the_same(make):
    source, rng = make(), np.random.default_rng(1)
    for ordinal in range(60):
        source.note(outcome(source.draw(rng, ordinal), float(rng.random())))
    state = source_state(source)
    again = make()
    load_source_state(again, state)
    one, other = np.random.default_rng(2), np.random.default_rng(2)
    for ordinal in range(60):
        level = source.draw(one, ordinal)
        if not isinstance(make().levels, GeneratedLevels) or source.levels.takes_rng:
            assert again.draw(other, ordinal) == level
        else:
            # What was generated before the state was saved is known again.
            assert again.draw(other, ordinal) in (*state["texts"], *again._texts.values())
            again.note(outcome(level, 1.0))
        source.note(outcome(level, 1.0))
        again.note(outcome(level, 1.0))
    if isinstance(source.levels, GeneratedLevels):
        assert ("texts" in state) is not source.levels.takes_rng


def test_levels_are_made_from_their_number():
    generated = GeneratedLevels(Corridors, {"longest": 9})
    source, rng = PrioritizedLevels(generated, capacity=4), np.random.default_rng(0)
    made = {generated.draw(np.random.default_rng(n), 0) for n in range(4)}
    assert {source.draw(rng, n) for n in range(100)} == made


def test_an_episode_without_a_score_changes_nothing():
    source = PrioritizedLevels([0, 1])
    for score in (None, float("nan"), float("inf")):
        source.note(outcome(0, score))
    source.note(outcome(7, 1.0))
    assert np.isnan(source.state_dict()["scores"]).all()


@pytest.mark.parametrize(
    "options",
    [
        {"beta": 0},
        {"beta": "x"},
        {"rho": 1.5},
        {"nu": 0},
        {"capacity": 5},
        {"levels": []},
        {"levels": [-1]},
        {"levels": GeneratedLevels(Corridors), "capacity": 0},
        {"levels": Texts([1])},
    ],
)
def test_bad_options_are_named(options):
    with pytest.raises(LevelError):
        PrioritizedLevels(**{"levels": [0, 1], **options})


@pytest.mark.parametrize(
    "change",
    [
        {"scores": [1.0]},
        {"scores": "abc"},
        {"last": [0, 9]},
        {"last": [0, -1]},
        {"draws": None},
        {"generated": [3]},
        {"generated": 3},
    ],
)
def test_a_state_of_others_is_refused(change):
    source = PrioritizedLevels([0, 1])
    with pytest.raises(LevelError):
        source.load_state_dict({**source.state_dict(), **change})


def test_games_of_one_spec_share_nothing():
    spec = spec_of(PrioritizedLevels([0, 1]))
    before = source_state(spec.level_source)
    one, other = VectorGame(spec, 2, seed=0), VectorGame(spec, 2, seed=0)
    one.scorer = lambda end: 1.0
    one.reset()
    other.reset()
    assert play(one, 20)
    assert not np.isnan(source_state(one.level_source)["scores"]).all()
    assert np.isnan(source_state(other.level_source)["scores"]).all()
    assert source_state(other.level_source)["draws"] == 2
    for untouched in (spec.levels, spec.level_source, VectorGame(spec, 1, 0).level_source):
        np.testing.assert_equal(source_state(untouched), before)


def test_saved_and_restored():
    for levels in (
        PrioritizedLevels([1, 0], beta=0.3, nu=0.5),
        PrioritizedLevels(GeneratedLevels(Corridors, {"longest": 3}, largest=(9, 9)), capacity=7),
    ):
        spec = spec_of(levels)
        again = GriddlyEnvSpec.from_json(spec.to_json(), trust=[__name__])
        assert again == spec
        assert hash(again.levels) == hash(spec.levels)
    text = spec.to_json()
    with pytest.raises(TrustError, match=r"levels=PrioritizedLevels\(GeneratedLevels\(TheClass\)"):
        GriddlyEnvSpec.from_json(text)
    handed = PrioritizedLevels(GeneratedLevels(Corridors))
    assert GriddlyEnvSpec.from_json(text, levels=handed) == spec
    with pytest.raises(LevelError, match="are prioritised with"):
        GriddlyEnvSpec.from_json(text, levels=dataclasses.replace(handed, beta=0.7))
    with pytest.raises(LevelError, match="Corridors"):
        GriddlyEnvSpec.from_json(text, levels=PrioritizedLevels(GeneratedLevels(Unseeded)))


# A user's own source.


def test_a_users_source_is_told_and_remembers():
    games = VectorGame(spec_of(Easiest((0, 1))), 1, seed=0)
    assert isinstance(games.level_source, LevelSource)
    games.reset()
    ends = play(games, 40)
    # Level 1 has a pit between the walker's way and the goal, so it is never won.
    assert {end.start.level for end in ends} == {0, 1}
    assert games.level_source.wins == {0: 1, 1: 0}
    state = json.loads(json.dumps(source_state(games.level_source)))
    fresh = Easiest((0, 1))
    load_source_state(fresh, state)
    assert fresh.draw(None, 0) == 1


def test_what_a_source_is_told():
    told = []

    class Listening(Easiest):
        def note(self, outcome):
            told.append(outcome)

    games = VectorGame(spec_of(Listening((0,)), max_steps=4), 2, seed=0)
    games.scorer = lambda end: end.length / 2
    games.reset()
    play(games, 4)
    assert told == [LevelOutcome(0, n, (3.0,), 3, (True,), 1.5) for n in (0, 1)]
    play(games, 3, action=0)
    assert told[2:] == [LevelOutcome(0, n, (0.0,), 4, (False,), 2.0) for n in (2, 3)]


def test_a_users_source_is_saved_by_name_and_fields():
    spec = spec_of(Easiest((0, 1)))
    name = f"{__name__}:Easiest"
    assert json.loads(spec.to_json())["levels"] == {"source": name, "config": {"levels": [0, 1]}}
    text = spec.to_json()
    with pytest.raises(TrustError, match="levels=TheClass"):
        GriddlyEnvSpec.from_json(text)
    for given in ({"levels": Easiest}, {"levels": Easiest((0, 1))}, {"trust": [__name__]}):
        again = GriddlyEnvSpec.from_json(text, **given)
        assert again == spec
    assert GriddlyEnvSpec.from_json(text, levels=[0]).levels == (0,)
    for other in (Easiest((0,)), Texts, Texts([1])):
        with pytest.raises(LevelError, match="the saved levels are those of"):
            GriddlyEnvSpec.from_json(text, levels=other)


def test_a_users_source_of_texts():
    spec = spec_of(Texts([1, 6, 2]))
    assert spec.observation_shapes == ((5, 12, 4),)
    again = GriddlyEnvSpec.from_json(spec.to_json(), levels=Texts)
    assert again.levels.cells == [1, 6, 2]
    games = VectorGame(spec, 1, seed=0)
    games.reset()
    for cells in (1, 6, 2):
        assert not games.observations[0][0][3:].any()
        assert not games.observations[0][0][:, cells + 4 :].any()
        assert games.observations[0][0][0, cells + 3].any()
        play(games, cells + 1)


NO_CODE = {
    "no class": "os:nothing",
    "a function": "os:system",
    "a class that is no source": "subprocess:Popen",
    "a file": "../someones:Source",
    "no name": ":",
}


@pytest.mark.parametrize("name", [*NO_CODE.values(), "someones:Source"])
def test_no_code_that_a_file_names_is_run(name, tmp_path, monkeypatch):
    canary = tmp_path / "canary"
    source = f"open({str(canary)!r}, 'w').close()\nclass Source: pass\n"
    (tmp_path / "someones.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    values = spec_of([0]).to_dict()
    values["levels"] = {"source": name, "config": {"args": f"touch {canary}", "shell": True}}
    with pytest.raises((TrustError, LevelError)):
        GriddlyEnvSpec.from_dict(values)
    for given in ({"levels": Easiest}, {"levels": Easiest((0,))}):
        with pytest.raises(LevelError):
            GriddlyEnvSpec.from_dict(values, **given)
    for trust in ("os", "subprocess"):
        with pytest.raises((LevelError, TrustError)):
            GriddlyEnvSpec.from_dict(values, trust=[trust])
    assert not canary.exists()
    assert "someones" not in sys.modules


def test_a_nested_generator_is_not_imported():
    inner = {"source": "GeneratedLevels", "generator": "someones:Gen", "config": {}}
    values = spec_of([0]).to_dict()
    for levels in (inner, {**inner, "source": "PrioritizedLevels"}, {"source": "os:system"}, 3):
        values["levels"] = {"source": "PrioritizedLevels", "levels": levels}
        with pytest.raises((TrustError, LevelError, OptionError)):
            GriddlyEnvSpec.from_dict(values)
    assert "someones" not in sys.modules


# Faults of a user's source.


class Faulty(Easiest):
    def __init__(self, fault=None):
        super().__init__((0,))
        self.fault = fault
        self.drawn = 0

    def draw(self, rng, ordinal):
        self.drawn += 1
        if self.drawn > 2:
            return self.fault() if callable(self.fault) else self.fault
        return 0


def fail():
    raise RuntimeError("out of levels")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (fail, r"Faulty\(…\).* draw\(\) raises RuntimeError: out of levels"),
        (None, "level=None.* neither an index nor a level string"),
        (True, "level=True.* neither"),
        (1.0, "level=1.0.* neither"),
        (1, r"level=1.* indices\(\) does not list.*Available: 0"),
        (99, r"level=99.* indices\(\) does not list"),
        (-1, "level=-1.* does not list"),
        ("", "the level is empty"),
        ("WW\nW", r"its rows have \[2, 1\] cells"),
        ("WAQ", "refuses it.*Q.* Mend the level"),
        ("A" + "1" * 50, "an object of no player"),
        (lambda: corridor(30), r"larger than .*largest=\(height, width\)"),
    ],
)
def test_faults_of_a_draw_are_named(fault, message):
    spec = spec_of(Faulty(fault))
    games = VectorGame(spec, 1, seed=0)
    games.reset()
    with pytest.raises(LevelError, match=message):
        play(games, 40)


def test_faults_of_other_methods_are_named():
    def source(**methods):
        return type(
            "Mine", (), {"draw": lambda self, rng, n: 0, "indices": lambda s: (0,)} | methods
        )()

    cases = {
        "indices": (lambda self: 1 / 0, r"indices\(\) raises ZeroDivisionError"),
        "__deepcopy__": (lambda self, memo: 1 / 0, "copy raises ZeroDivisionError"),
        "to_dict": (lambda self: {"a": object()}, "saved as JSON"),
    }
    for name, (method, message) in cases.items():
        with pytest.raises(LevelError, match=message):
            spec_of(source(**{name: method}))
    for indices in (None, 3, ["a"], [-1], [99]):
        with pytest.raises(LevelError):
            spec_of(source(indices=lambda self, given=indices: given))
    for largest in (3, (0, 1), (1, 2, 3), ("a", 1), (1000, 1000)):
        with pytest.raises(LevelError, match="largest"):
            spec_of(source(largest=largest))
    games = VectorGame(spec_of(source(note=lambda self, outcome: 1 / 0)), 1, seed=0)
    games.reset()
    with pytest.raises(LevelError, match=r"note\(\) raises ZeroDivisionError"):
        play(games, 10)
    with pytest.raises(LevelError, match="no dictionary"):
        source_state(source(state_dict=lambda self: 3))
    with pytest.raises(LevelError, match="no load_state_dict"):
        load_source_state(source(), {"a": 1})


def test_a_class_that_takes_arguments_says_which():
    class Silent(Texts):
        to_dict = None

    with pytest.raises(LevelError, match=r"a dataclass, or give it a method to_dict"):
        spec_of(Silent([1]))


# Generated levels of any size up to the largest.


def test_generated_levels_up_to_the_largest():
    levels = GeneratedLevels(Corridors, {"longest": 9}, largest=(4, 13))
    spec = spec_of(levels, max_steps=3)
    assert spec.observation_shapes == ((4, 13, 4),)
    games = VectorGame(spec, 4, seed=0)
    games.reset()
    sizes = {end.start.level.count("\n") for end in play(games, 60, action=0)}
    assert sizes == {2, 3}
    assert source_to_dict(levels)["largest"] == [4, 13]
    assert GriddlyEnvSpec.from_json(spec.to_json(), levels=GeneratedLevels(Corridors)) == spec
    with pytest.raises(LevelError, match="the saved levels are those of"):
        GriddlyEnvSpec.from_json(spec.to_json(), levels=GeneratedLevels(Corridors, largest=(5, 13)))


def test_a_generated_level_that_is_too_large_is_named():
    levels = GeneratedLevels(Corridors, {"longest": 9}, largest=(4, 12))
    games = VectorGame(spec_of(levels), 64, seed=0)
    with pytest.raises(LevelError, match=r"× 13 cells, more than largest=\(4, 12\)"):
        games.reset()


def test_an_observer_that_follows_the_avatar_needs_no_room():
    levels = GeneratedLevels(Corridors, {"longest": 9}, largest=(40, 130))
    spec = spec_of(levels, player_observer_type="Near")
    assert spec.observation_shapes == ((3, 3, 4),)


@pytest.mark.parametrize("largest", [3, "ab", (1,), (0, 3), (3.5, 2), (2**10, 2**10), (True, 1)])
def test_a_largest_size_is_one(largest):
    with pytest.raises(LevelError, match="largest"):
        GeneratedLevels(Corridors, largest=largest)


def test_what_is_no_text_is_named():
    class Nothing:
        def __init__(self, config):
            pass

        def generate(self):
            return None

    with pytest.raises(LevelError, match=r"GeneratedLevels\(.*Nothing.* gives level=None"):
        spec_of(GeneratedLevels(Nothing))


def test_prioritised_levels_of_a_bundled_game():
    spec = GriddlyEnvSpec(
        yaml_file=CLUSTERS, levels=PrioritizedLevels([0, 1, 2]), test_levels=[4], max_steps=5
    )
    games = VectorGame(spec, 4, seed=0)
    games.scorer = lambda end: 1.0
    games.reset()
    levels = {end.start.level for end in play(games, 60, action=0)}
    assert levels == {0, 1, 2}
    assert not np.isnan(source_state(games.level_source)["scores"]).any()
