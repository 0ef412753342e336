"""Memory is learned where nothing else helps: minutes, run by ``make test-slow``."""

import pytest

from griddly_lit import LSTM, GriddlyEnvSpec, GriddlyTrainer, SimpleConv

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

SEEDS = (1, 2, 3)


def returns(model):
    """Returns the mean return of each seed after training; the best there is is 1."""
    spec = GriddlyEnvSpec(yaml_file="recipes/games/signpost.yaml", levels=[0, 1], max_steps=30)
    found = []
    for seed in SEEDS:
        trainer = GriddlyTrainer(
            spec,
            model,
            # Who wanders arrives long after the sign: a low gamma presses for the shortest way, and
            # fragments of 64 steps hold it whole.
            training={"gamma": 0.95},
            num_envs_per_env_runner=16,
            max_env_steps=50_000,
            seed=seed,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit()
        found.append(trainer.test(episodes_per_level=200).return_mean)
    print(f"signpost with {model}: {found}")
    return found


def test_an_lstm_remembers_the_sign():
    assert min(returns(SimpleConv(memory=LSTM(64)))) >= 0.9


def test_without_memory_nobody_knows_the_door():
    # More than half cannot be expected; 0.6 is four standard errors above it.
    assert max(returns(SimpleConv())) <= 0.6
