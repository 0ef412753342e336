import pytest
from ray.rllib.algorithms.ppo import PPOConfig

from griddly_lit import GriddlyTrainer
from griddly_lit.errors import CheckpointError
from griddly_lit.rllib.learner import PPOLearner
from trainer.forged import write_untrained
from trainer.small import TRAINING, spec, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


class Learner(PPOLearner):
    """A learner of the user's."""


def test_a_class_among_the_settings_is_told_at_saving_and_asked_for_at_loading(tmp_path, caplog):
    training = {**TRAINING, "learner_class": Learner}
    result = trainer(tmp_path, training=training, max_iterations=1, logger=False).fit()
    told = [record for record in caplog.messages if "learner_class" in record]
    assert len(told) == 1
    assert "JSON cannot say" in told[0]
    with pytest.raises(CheckpointError, match=r"settings learner_class: .*training=\{…\}"):
        GriddlyTrainer.from_checkpoint(result.last_path)
    again = GriddlyTrainer.from_checkpoint(
        result.last_path, training={"learner_class": Learner, "num_epochs": 2}
    )
    config = again.to_rllib()
    assert config.learner_class is Learner
    # The rest is as it was saved, or as it was given.
    assert config.num_epochs == 2
    assert config.minibatch_size == TRAINING["minibatch_size"]
    without = GriddlyTrainer.from_checkpoint(result.last_path, training={"learner_class": None})
    assert without.to_rllib().learner_class is PPOLearner


def test_an_rllib_config_names_what_json_cannot_say(tmp_path):
    config = PPOConfig().training(lr=1e-4, learner_connector=lambda *_: [], **TRAINING)
    config.env_runners(explore=False)
    checkpoint = write_untrained(trainer(tmp_path, algorithm=config, training={}), tmp_path / "c")
    with pytest.raises(CheckpointError, match="learner_connector, explore"):
        GriddlyTrainer.from_checkpoint(checkpoint)
    again = GriddlyTrainer.from_checkpoint(checkpoint, algorithm=config)
    assert again.algorithm is config


def test_what_json_can_say_is_not_asked_for(tmp_path):
    config = PPOConfig().training(lr=1e-4, **TRAINING)
    checkpoint = write_untrained(trainer(tmp_path, algorithm=config, training={}), tmp_path / "c")
    assert GriddlyTrainer.from_checkpoint(checkpoint).to_rllib().lr == 1e-4


def test_a_level_that_is_named_twice_is_evaluated_once(tmp_path):
    mine = trainer(tmp_path, env=spec(levels=[0, 0, 1], test_levels=[4, 4]), logger=False)
    for result, levels in (
        (mine.test([1, 1], 2), [1]),
        (mine.test(episodes_per_level=2), [4]),
        (mine.validate(), [0, 1]),
    ):
        assert [each.level for each in result.by_level] == levels
        assert len({len(each.returns) for each in result.by_level}) == 1
    assert mine.test([1, 1], 2).return_interval == mine.test(1, 2).return_interval
    # In training it keeps its weight.
    assert mine.env.level_source.indices() == (0, 0, 1)
