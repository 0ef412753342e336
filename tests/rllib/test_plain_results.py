"""trainer.to_rllib() outside the trainer: the same keys and videos, in RLlib's results and Tune's."""

import math
from pathlib import Path

import imageio.v3 as imageio
import pytest
from ray import tune
from ray.rllib.callbacks.callbacks import RLlibCallback
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.tune.schedulers import ASHAScheduler

from conftest import CLUSTERS
from griddly_lit import GAP, GriddlyEnvSpec, GriddlyTrainer, VideoRecording
from griddly_lit.errors import AlgorithmError

pytestmark = pytest.mark.usefixtures("ray_once")

TRAINING = {"train_batch_size_per_learner": 128, "minibatch_size": 64, "num_epochs": 1}


class EpisodeEnds(RLlibCallback):
    def on_episode_end(self, **_):
        """Would count."""


class Results(RLlibCallback):
    def on_train_result(self, *, result, **_):
        result["mine"] = result["train/return_mean"]


def trainer(folder, **options):
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS, levels="random", max_steps=40)
    defaults = {
        "video": VideoRecording(every_env_steps=128),
        "track_actions": True,
        "training": TRAINING,
        "num_envs_per_env_runner": 4,
        "seed": 1,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "default_root_dir": folder,
    }
    return GriddlyTrainer(spec, GAP(), **{**defaults, **options})


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Two trials under ASHA by a metric that has no value in the first iteration."""
    folder = tmp_path_factory.mktemp("swept")
    training = {**TRAINING, "train_batch_size_per_learner": 32, "minibatch_size": 32}
    space = trainer(folder, training=training, num_envs_per_env_runner=8).to_rllib()
    space.training(lr=tune.grid_search([1e-4, 1e-3]))
    scheduler = ASHAScheduler(grace_period=1, max_t=12, reduction_factor=2)
    tuner = tune.Tuner(
        "PPO",
        param_space=space,
        tune_config=tune.TuneConfig(metric="train/return_mean", mode="max", scheduler=scheduler),
        run_config=tune.RunConfig(storage_path=str(folder), verbose=0),
    )
    return tuner.fit()


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """What the trainer's own fit logs, and what RLlib gives, of the same seed."""
    folder = tmp_path_factory.mktemp("fitted")
    mine = trainer(folder, max_iterations=3)
    history = mine.fit()
    config = mine.to_rllib()
    algorithm = config.callbacks([*config.callbacks_class, Results]).build_algo()
    try:
        results = [algorithm.train() for _ in range(3)]
    finally:
        algorithm.stop()
    return history, results, folder, Path(algorithm.logdir)


@pytest.mark.slow
def test_a_scheduler_can_go_by_the_return_from_the_first_iteration_on(swept):
    assert not swept.errors
    returns = [result.metrics_dataframe["train/return_mean"].tolist() for result in swept]
    # Four steps of each game: no episode has ended.
    assert all(math.isnan(of_trial[0]) for of_trial in returns)
    assert any(len(of_trial) == 12 for of_trial in returns)
    best = swept.get_best_result()
    assert {"agent_info/1/move", "learner/default_policy/loss"} <= set(best.metrics)


@pytest.mark.slow
def test_videos_of_a_trial_lie_in_its_folder(swept):
    for result in swept:
        videos = list(Path(result.path).glob("videos/level_*/*.mp4"))
        newest = [value for key, value in result.metrics.items() if key.startswith("videos/")]
        assert videos
        assert set(newest) <= set(map(str, videos))
        assert imageio.imread(videos[0]).max() > 50


def test_results_are_those_of_fit(fitted):
    fit, results, _, _ = fitted
    numbers = {key: value for key, value in results[-1].items() if "/" in key}
    numbers = {key: value for key, value in numbers.items() if not key.startswith("videos/")}
    # RLlib tells it once only.
    told = {key for key in fit.metrics if not key.endswith("num_trainable_parameters")}
    assert set(numbers) == told
    same = {key for key in told if key.startswith(("train/", "agent_info/", "learner/"))}
    assert {key: numbers[key] for key in same} == {key: fit.metrics[key] for key in same}
    assert results[-1]["mine"] == results[-1]["train/return_mean"]
    assert not {"episodes", "games_ended", "agent_info"} & set(results[-1]["env_runners"])


def test_videos_are_those_of_fit(fitted):
    _, _, folder, logdir = fitted
    videos = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for root in (folder, logdir)
        for path in root.glob("videos/**/*.mp4")
    }
    assert len(list(folder.glob("videos/**/*.mp4"))) == len(videos) > 1
    for name, content in videos.items():
        assert (logdir / name).read_bytes() == content


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda config: config.callbacks(EpisodeEnds), "on_episode_end.*does not call"),
        (lambda config: config.callbacks(on_sample_end=print), "on_sample_end"),
        (lambda config: config.callbacks(Results), r"Results.*\[\*config.callbacks_class, Mine\]"),
        (
            lambda config: config.env_runners(env_to_module_connector=lambda env: None),
            "env_to_module_connector.*TorchModel",
        ),
        (
            lambda config: config.rl_module(model_config=DefaultModelConfig(use_lstm=True)),
            r"model_config=\{'use_lstm': True\}.*memory=LSTM",
        ),
        (lambda config: config.training(model={"use_lstm": True}), "use_lstm.*memory=LSTM"),
        (lambda config: config.env_runners(batch_mode="complete_episodes"), "batch_mode"),
    ],
)
def test_what_the_runner_would_ignore_is_named(change, message, tmp_path):
    with pytest.raises(AlgorithmError, match=message):
        change(trainer(tmp_path).to_rllib()).build_algo()
