"""A trainer that is small enough for tests."""

from conftest import CLUSTERS
from griddly_lit import GriddlyEnvSpec, GriddlyTrainer, ImpalaCNN

TRAINING = {"train_batch_size_per_learner": 128, "minibatch_size": 64, "num_epochs": 1}
STEPS = 128


def spec(**options):
    return GriddlyEnvSpec(**{"yaml_file": CLUSTERS, "levels": "random", "max_steps": 20, **options})


def trainer(tmp_path, env=None, model=None, **options):
    defaults = {
        "training": TRAINING,
        "num_envs_per_env_runner": 8,
        "max_iterations": 2,
        "seed": 1,
        "default_root_dir": tmp_path,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return GriddlyTrainer(env or spec(), model or ImpalaCNN(), **{**defaults, **options})
