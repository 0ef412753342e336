"""Transforms of what is learned from."""

import numpy as np
import pytest

from games import CORRIDOR
from griddly_lit import GriddlyEnvSpec, GriddlyTrainer, Transform
from griddly_lit.errors import CheckpointError, GriddlyLitError, OptionError

SMALL = {
    "training": {"train_batch_size_per_learner": 64, "minibatch_size": 32, "num_epochs": 1},
    "num_envs_per_env_runner": 4,
    "logger": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "seed": 3,
}


class Bonus(Transform):
    """Adds what grows with each part to every reward, and blots observations at random."""

    def __init__(self):
        self.parts = 0

    def __call__(self, part, rng):
        self.parts += 1
        assert len(part.observations) == len(part.rewards) + 1 == len(part.actions) + 1
        part.rewards += 100 + self.parts
        part.observations[:, rng.integers(part.observations.shape[1])] = 0

    def state_dict(self):
        return {"parts": self.parts}

    def load_state_dict(self, state):
        self.parts = state["parts"]


class Longer(Transform):
    def __call__(self, part, rng):
        part.rewards = np.append(part.rewards, 0)


class Endless(Transform):
    def __call__(self, part, rng):
        part.rewards[:] = np.inf


@pytest.fixture(scope="module")
def spec():
    return GriddlyEnvSpec(yaml_string=CORRIDOR, max_steps=8)


def trainer(spec, folder, **options):
    return GriddlyTrainer(spec, "GAP", default_root_dir=folder, **{**SMALL, **options})


@pytest.mark.usefixtures("ray_once")
def test_the_learner_gets_what_a_transform_makes_and_a_resume_goes_on_with_it(spec, tmp_path):
    whole = trainer(spec, tmp_path / "whole", transforms=Bonus(), max_iterations=4)
    result = whole.fit()
    # Values of hundreds are learned, and the score stays the game's.
    assert result.metrics["learner/default_policy/vf_loss_unclipped"] > 1000
    assert abs(result.metrics["train/return_mean"]) < 10
    # The user's own object is untouched.
    assert whole.transforms[0].parts == 0

    half = trainer(spec, tmp_path / "half", transforms=[Bonus()], max_iterations=2).fit()
    with pytest.raises(CheckpointError, match=r"transforms.*transforms=\[…\]"):
        GriddlyTrainer.from_checkpoint(half.last_path)
    again = GriddlyTrainer.from_checkpoint(
        half.last_path,
        transforms=Bonus(),
        max_iterations=4,
        **{name: SMALL[name] for name in ("logger", "enable_progress_bar", "enable_model_summary")},
        default_root_dir=tmp_path / "half",
    )
    resumed = again.fit(ckpt_path=half.last_path)
    kept = {name for name in result.metrics if not name.startswith("time/")}
    assert {name: resumed.metrics[name] for name in kept} == {
        name: result.metrics[name] for name in kept
    }


@pytest.mark.usefixtures("ray_once")
@pytest.mark.parametrize(("wrong", "says"), [(Longer(), "shape and type"), (Endless(), "finite")])
def test_what_a_transform_breaks_is_named(wrong, says, spec, tmp_path):
    with pytest.raises(GriddlyLitError, match=rf"{type(wrong).__name__}.*{says}"):
        trainer(
            spec, tmp_path, transforms=wrong, max_iterations=1, enable_checkpointing=False
        ).fit()


@pytest.mark.parametrize(
    ("given", "says"), [(Bonus, r"Bonus\(…\)"), (abs, "Derive"), ([Bonus(), 1], "Derive int")]
)
def test_what_is_no_transform_is_refused(given, says, spec):
    with pytest.raises(OptionError, match=says):
        GriddlyTrainer(spec, "GAP", transforms=given)
