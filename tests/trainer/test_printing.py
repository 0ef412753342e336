"""What a trainer and its results look like when they are printed."""

from pathlib import Path

import pytest

from games import CORRIDOR
from griddly_lit import GriddlyEnvSpec
from griddly_lit.envs import GeneratedLevels
from griddly_lit.errors import LevelError
from griddly_lit.fitting.result import FitResult
from griddly_lit.playing import EvaluationResult, LevelResult
from trainer.small import trainer


def test_a_fits_result_is_read_in_a_few_lines():
    result = FitResult(
        env_steps=250_112,
        iterations=61,
        stop_reason="max_env_steps",
        best_score=1.5,
        best_path=Path("checkpoints/best"),
        last_path=Path("checkpoints/last"),
        metrics={"train/return_mean": 1.25, "train/win_rate": 0.5, "learner/p/lr": 3e-4},
    )
    assert str(result).splitlines() == [
        "250,112 environment steps in 61 iterations; ended by max_env_steps",
        "return 1.250, win rate 0.500",
        "best checkpoint: 1.500, checkpoints/best",
        "last checkpoint: checkpoints/last",
    ]


def test_two_policies_test_says_who_won():
    level = LevelResult(0, (1.0, 1.0, 1.0), (5, 6, 7), 3, ((1, 0), (0, 1), (1, 0)), (2, 1))
    result = EvaluationResult((level,), {"chaser": (1,), "runner": (2,)})
    assert "policy chaser (agent 1): return 0.667, win rate 0.67, won most" in str(result)
    assert "policy runner (agent 2): return 0.333, win rate 0.33\n" in str(result)


def test_a_trainer_tells_what_it_is(tmp_path):
    text = repr(trainer(tmp_path, logger=False))
    assert text.startswith("GriddlyTrainer(")
    assert "ImpalaCNN()" in text
    assert "algorithm='PPO', policies='shared', seed=1, env_steps=0, iterations=0)" in text


class Wrong:
    """Generates a level with a character that no object has."""

    def __init__(self, config):
        pass

    def generate(self):
        return "WWWW\nWA?W\nWWWW\n"


def test_an_error_says_it_once():
    with pytest.raises(LevelError) as caught:
        GriddlyEnvSpec(yaml_string=CORRIDOR, levels=GeneratedLevels(Wrong))
    assert str(caught.value).count("the engine refuses it") == 1
    assert str(caught.value).count("level=") == 1
