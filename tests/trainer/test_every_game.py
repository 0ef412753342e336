import pytest

from griddly_lit import GriddlyEnvSpec, GriddlyTrainer, bundled_games

SINGLE_PLAYER = [game for game in bundled_games() if game.startswith("Single-Player")]


@pytest.mark.parametrize("model", ["SimpleConv", "GAP"])
@pytest.mark.parametrize("game", SINGLE_PLAYER)
def test_fast_dev_run(game, model, ray_once, tmp_path):
    spec = GriddlyEnvSpec(yaml_file=game, levels="random", max_steps=10)
    trainer = GriddlyTrainer(
        spec, model, fast_dev_run=True, enable_progress_bar=False, default_root_dir=tmp_path
    )
    result = trainer.fit()
    assert result.stop_reason == "fast_dev_run"
    assert result.iterations == 1
    assert result.env_steps == 32
    assert result.metrics["learner/default_policy/entropy"] > 0
    # Nothing is logged or saved.
    assert list(tmp_path.iterdir()) == []
