"""Parts that users bring: models, outlets, renderers."""

from dataclasses import dataclass

import imageio.v2 as imageio
import pytest
from lightning.pytorch.loggers import Logger
from ray.rllib.algorithms.impala import IMPALAConfig
from torch import nn

from games import CORRIDOR
from griddly_lit import (
    GriddlyEnvSpec,
    GriddlyTrainer,
    ModelSpec,
    Outlet,
    VideoRecording,
    register_model,
    register_outlet,
    register_renderer,
)
from griddly_lit.errors import ModelError, OptionError
from griddly_lit.models import model_from_dict, resolve, resolve_model
from griddly_lit.recording.renderers import own
from griddly_lit.rllib import algorithms, own_algorithms
from griddly_lit.tracking.publish import outlets
from own_renderer import CountRenderer


@dataclass(frozen=True)
class Linear(ModelSpec):
    """One linear layer."""

    bias: bool = True

    def build(self, observation_shape, num_logits):
        height, width, channels = observation_shape
        return _Linear(height * width * channels, num_logits, self.bias)


class _Linear(nn.Module):
    def __init__(self, size, num_logits, bias):
        super().__init__()
        self.logits = nn.Linear(size, num_logits, bias=bias)
        self.values = nn.Linear(size, 1)

    def forward(self, observations):
        flat = observations.flatten(1).float()
        return self.logits(flat), self.values(flat)[:, 0]


class Memo(Logger):
    """A logger of a user's own, that Lightning knows nothing of."""

    name = version = "memo"

    def __init__(self):
        self.rows, self.videos = [], []

    def log_metrics(self, metrics, step=None):
        self.rows.append((step, metrics))

    def log_hyperparams(self, params):
        self.params = params


class MemoOutlet(Outlet):
    def video(self, key, path, step, fps):
        self.logger.videos.append((key, step, imageio.get_reader(path).get_data(0)))


@pytest.fixture(autouse=True)
def tables_of_its_own(monkeypatch):
    """What is registered here is not known to other tests."""
    for module, table in ((resolve, "_NAMED"), (outlets, "_OUTLETS"), (own, "_OWN")):
        monkeypatch.setattr(module, table, dict(getattr(module, table)))


@pytest.mark.usefixtures("ray_once")
def test_a_model_an_outlet_and_a_renderer_of_ones_own_in_one_run(tmp_path, caplog):
    register_model(Linear)
    register_outlet(Memo, MemoOutlet)
    register_renderer("count", CountRenderer)
    memo = Memo()
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR, max_steps=8)
    trainer = GriddlyTrainer(
        spec,
        "Linear",
        training={"train_batch_size_per_learner": 64, "minibatch_size": 32, "num_epochs": 1},
        num_envs_per_env_runner=4,
        max_iterations=2,
        video=VideoRecording(renderer="count"),
        logger=memo,
        default_root_dir=tmp_path,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    result = trainer.fit()
    assert any("train/return_mean" in row for _, row in memo.rows)
    assert memo.videos
    for _, _, picture in memo.videos:
        height, width, _ = picture.shape
        assert height * 3 == width * 2
        assert picture[..., 0].min() > 30 > picture[..., 1:].max()
    assert "Memo gets hyperparameters" not in caplog.text
    # The name alone says what a checkpoint's model is.
    again = GriddlyTrainer.from_checkpoint(result.last_path)
    assert again.model == Linear()


def test_a_model_of_ones_own_is_known_by_name_once_it_is_registered():
    assert register_model(Linear) is Linear
    assert resolve_model("Linear") == Linear()
    assert model_from_dict(Linear(bias=False).to_dict()) == Linear(bias=False)
    with pytest.raises(ModelError, match=r"no model of this name.*register_model"):
        resolve_model("Linaer")
    with pytest.raises(ModelError, match="There is a model of this name"):
        register_model(type("GAP", (ModelSpec,), {}))
    with pytest.raises(ModelError, match=r"TorchModel\(TheClass\)"):
        register_model(nn.Linear)


@pytest.mark.parametrize(
    ("name", "renderer", "says"),
    [
        ("numpy", CountRenderer, "griddly_lit's"),
        ("", CountRenderer, "name="),
        (
            "mine",
            CountRenderer(None, type("Info", (), {"player_count": 1}), "", None, None),
            "class",
        ),
        ("mine", nn.Linear, "render"),
        ("mine", type("Mine", (CountRenderer,), {"__module__": "__main__"}), "module of its own"),
    ],
)
def test_what_is_no_renderer_is_refused(name, renderer, says):
    with pytest.raises(OptionError, match=says):
        register_renderer(name, renderer)


def test_an_unknown_renderer_is_refused_with_the_known_ones():
    register_renderer("count", CountRenderer)
    with pytest.raises(OptionError, match=r"Did you mean 'count'\?.*numpy, vulkan, count"):
        VideoRecording(renderer="cuont")


def test_what_is_no_outlet_is_refused():
    with pytest.raises(OptionError, match="class of loggers"):
        register_outlet(Memo(), MemoOutlet)
    with pytest.raises(OptionError, match=r"griddly_lit\.Outlet"):
        register_outlet(Memo, Memo)


def test_an_algorithm_has_those_defaults_of_its_like_that_it_knows(monkeypatch):
    monkeypatch.setattr(algorithms, "ALGORITHMS", dict(algorithms.ALGORITHMS))
    monkeypatch.setattr(own_algorithms, "ALGORITHMS", algorithms.ALGORITHMS)
    # IMPALA knows no lambda_, no clip_param and no vf_clip_param of PPO's.
    own_algorithms.register_algorithm("Mine", IMPALAConfig, like="PPO", training={"lr": 1e-4})
    mine = algorithms.ALGORITHMS["Mine"]
    assert (mine.training["lr"], mine.training["gamma"]) == (1e-4, 0.995)
    assert "clip_param" not in mine.training
    IMPALAConfig().training(**{**mine.training, **mine.small})
