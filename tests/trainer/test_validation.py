"""Validations: what is asked of the settings, and generated levels."""

import pytest

from games import CORRIDOR
from griddly_lit import GeneratedLevels
from griddly_lit.errors import OptionError
from trainer.small import STEPS, spec, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


class Corridors:
    """Corridors of random length, the longest first; each one it gave is noted."""

    given: list[str] = []  # noqa: RUF012

    def __init__(self, config):
        self.longest = config["longest"]

    def generate(self, rng):
        free = self.longest if not self.given else int(rng.integers(1, self.longest + 1))
        wall = "W" * (free + 4)
        self.given.append(f"{wall}\nWA{'.' * free}GW\n{wall}")
        return self.given[-1]


def corridors(**options):
    Corridors.given = []
    return spec(
        yaml_file=None,
        yaml_string=CORRIDOR,
        levels=GeneratedLevels(Corridors, {"longest": 9}),
        **options,
    )


def levels_of(trainer, split="val"):
    return trainer._evaluator._levels.training(split, 30)[0]


def test_validation_needs_a_step_limit(tmp_path):
    with pytest.raises(OptionError, match="max_steps=None.*Give the spec a max_steps"):
        trainer(tmp_path, env=spec(max_steps=None), validate_every_env_steps=1000)


def test_generated_levels_are_validated_on_the_same_ones_each_time(tmp_path):
    mine = trainer(
        tmp_path,
        env=corridors(),
        logger=False,
        max_iterations=2,
        validate_every_env_steps=STEPS,
        validation_episodes=30,
        enable_checkpointing=False,
    )
    metrics = mine.fit().metrics
    assert metrics["val/return_mean"] == metrics["val/level_generated/return_mean"]
    given = len(Corridors.given)
    (level,) = mine.validate().by_level
    assert len(Corridors.given) == given
    assert (level.level, len(level.returns)) == ("generated", 30)
    assert mine.validate() == mine.validate()
    validated = set(levels_of(mine))
    assert len(validated) > 4
    tested = mine.test(episodes_per_level=30)
    assert levels_of(mine, "test") != levels_of(mine)
    assert len(tested.returns) == 30
    assert "generated levels: return" in str(tested)
    again = trainer(tmp_path, env=corridors(), logger=False, enable_checkpointing=False)
    again.validation_episodes = 30
    again.validate()
    assert set(levels_of(again)) == validated
