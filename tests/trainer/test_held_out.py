"""Validation on training and held-out levels: what is played, where, and what is told."""

import numpy as np
import pytest

from griddly_lit import GeneratedLevels
from griddly_lit.callbacks import Callback
from griddly_lit.playing import Actor
from trainer.small import spec, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


class Evaluate(Callback):
    """Tests the fresh weights, on whatever runners there are."""

    def on_fit_start(self, trainer):
        self.test = trainer.test(levels=[0, 1, 2, 3, 4], episodes_per_level=40)
        self.validation = trainer.validate()


def evaluated(tmp_path, runners):
    look = Evaluate()
    trainer(
        tmp_path,
        env=spec(levels=[0, 1, 2], test_levels=[3, 4]),
        callbacks=look,
        num_env_runners=runners,
        validation_episodes=30,
        max_iterations=1,
        logger=False,
        enable_checkpointing=False,
    ).fit()
    return look


def test_the_number_of_runners_makes_no_difference(tmp_path, monkeypatch):
    alone = evaluated(tmp_path, 0)

    def refuse(*_):
        raise AssertionError("the driver has played what was the runners' to play")

    monkeypatch.setattr(Actor, "play_batches", refuse)
    assert [len(level.returns) for level in alone.test.by_level] == [40] * 5
    assert len(set(alone.test.returns)) > 1
    for runners in (1, 2):
        shared = evaluated(tmp_path, runners)
        assert shared.test == alone.test
        assert shared.validation == alone.validation


def test_the_gap_of_a_validation_is_that_of_two_tests(tmp_path):
    mine = trainer(
        tmp_path,
        env=spec(levels=[0, 1, 2], test_levels=[3, 4]),
        validate_every_env_steps=100,
        validation_episodes=25,
    )
    result = mine.fit()
    assert result.metrics["val/generalisation_gap"] == pytest.approx(
        result.metrics["val/return_mean"] - result.metrics["val/held_out/return_mean"]
    )
    held_out = mine.test(episodes_per_level=25)
    trained_on = mine.test(levels=[0, 1, 2], episodes_per_level=25)
    assert [level.level for level in held_out.by_level] == [3, 4]
    gap = trained_on.return_mean - held_out.return_mean
    assert result.metrics["val/generalisation_gap"] == gap
    for name, interval in (
        ("val/return_mean", trained_on.return_interval),
        ("val/held_out/return_mean", held_out.return_interval),
        ("val/level_4/return_mean", held_out.by_level[1].return_interval),
    ):
        assert (result.metrics[f"{name}_low"], result.metrics[f"{name}_high"]) == interval
    low, high = (result.metrics[f"val/generalisation_gap_{end}"] for end in ("low", "high"))
    assert low < gap < high
    assert "generalisation gap" in str(mine.validate())


def test_greedy_tests_repeat_one_episode_where_nothing_else_is_random(tmp_path):
    mine = trainer(tmp_path, env=spec(levels=0, max_steps=100), logger=False)
    greedy = mine.test(levels=0, episodes_per_level=8, deterministic=True)
    drawn = mine.test(levels=0, episodes_per_level=8)
    assert len(set(greedy.by_level[0].lengths)) == len(set(greedy.returns)) == 1
    assert len(set(drawn.by_level[0].lengths)) > 1 or len(set(drawn.returns)) > 1


class Halves:
    """Level strings of clusters with less and less in them."""

    def __init__(self, config):
        pass

    def generate(self, rng):
        """Returns a room with the avatar at a random place."""
        room = np.full((5, 5), ".", dtype=object)
        places = rng.permutation(25)
        for place, content in zip(places, ("A", "a", "1"), strict=False):
            room[np.unravel_index(place, room.shape)] = content
        wall = ["w"] * 7
        rows = [wall, *(["w", *row, "w"] for row in room), wall]
        return "\n".join(" ".join(row) for row in rows)


def test_levels_may_be_named_in_any_way(tmp_path):
    mine = trainer(tmp_path, env=spec(levels=[0, 1]), logger=False)
    text = Halves({}).generate(np.random.default_rng(1))
    assert [each.level for each in mine.test(levels=[2, text], episodes_per_level=3).by_level] == [
        2,
        "generated",
    ]
    generated = mine.test(levels=GeneratedLevels(Halves), episodes_per_level=6)
    assert [len(each.returns) for each in generated.by_level] == [6]
    assert mine.test(levels=GeneratedLevels(Halves), episodes_per_level=6) == generated


def test_a_thousand_episodes_are_exactly_two_hundred_on_each_level(tmp_path):
    mine = trainer(tmp_path, env=spec(max_steps=5), logger=False)
    result = mine.test(episodes_per_level=200)
    assert [len(each.returns) for each in result.by_level] == [200] * 5
