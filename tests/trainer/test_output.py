"""What one fit tells: in its output, its loggers, its result and its history."""

import contextlib
import csv
import io
import re

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

from griddly_lit import Callback, ModelCheckpoint, VideoRecording
from griddly_lit.callbacks import ProgressBar
from griddly_lit.errors import MetricError, OptionError
from griddly_lit.reporting.metric_names import metric_names
from trainer.small import STEPS, spec, trainer


class Fitted:
    def __init__(self, root):
        said = io.StringIO()
        self.trainer = trainer(
            root,
            env=spec(test_levels=[4]),
            logger=True,
            video=VideoRecording(every_env_steps=50),
            track_actions=True,
            validate_every_env_steps=2 * STEPS,
            validation_episodes=2,
            max_iterations=None,
            max_env_steps=4 * STEPS,
            enable_progress_bar=True,
        )
        with contextlib.redirect_stderr(said):
            self.result = self.trainer.fit()
        self.tested = self.trainer.test(episodes_per_level=4)
        self.said = said.getvalue()
        (self.folder,) = (root / "griddly_lit_logs").iterdir()
        self.events = EventAccumulator(str(self.folder), size_guidance={"images": 0})
        self.events.Reload()


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, ray_once):
    return Fitted(tmp_path_factory.mktemp("output"))


def test_without_a_terminal_there_are_lines(fitted):
    first, last, places = fitted.said.splitlines()
    assert re.match(
        r"env steps 128 of 512 \(25%\), .*\d steps/s, 0:00:\d\d elapsed, .* left", first
    )
    assert last.startswith("env steps 512 of 512 (100%), return ")
    assert re.search(r"val return -?\d+\.\d\d, val wins \d+%", last)
    assert "\x1b" not in fitted.said
    folder = str(fitted.folder)
    assert places == f"Logs: {folder}; checkpoints: {folder}/checkpoints; videos: {folder}/videos"


def test_places_under_the_working_directory_are_relative(fitted, monkeypatch, capsys):
    from griddly_lit.callbacks import print_places

    monkeypatch.chdir(fitted.folder.parent)
    print_places([str(fitted.folder), "https://wandb.ai/x"], None, None)
    assert capsys.readouterr().err == f"Logs: {fitted.folder.name}, https://wandb.ai/x\n"
    print_places([], None, None)
    assert capsys.readouterr().err == ""


def test_on_80_columns_nothing_is_cut(fitted, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    mine = fitted.trainer
    monkeypatch.setattr(mine, "env_steps", 987_654_321)
    monkeypatch.setattr(mine, "max_env_steps", 1_000_000_000)
    monkeypatch.setitem(mine.metrics, "train/return_mean", -1234.56)
    monkeypatch.setitem(mine.metrics, "train/length_mean", 98765.0)
    monkeypatch.setitem(mine.metrics, "val/return_mean", -6543.21)
    bar = ProgressBar()
    bar.on_fit_start(mine)
    bar.on_iteration_end(mine, mine.metrics)
    bar.on_teardown()
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err)
    rows = [row for part in shown.split("\r") for row in part.splitlines()]
    assert max(map(len, rows)) <= 80
    assert "…" not in shown
    for figure in ("987,654,321/1,000,000,000", "return -1234.56", "length 98765", "steps/s"):
        assert figure in " ".join(rows)
    assert "val return -6543.21" in " ".join(rows)


def test_the_history_is_what_the_loggers_got(fitted):
    history = fitted.result.history
    with (fitted.folder / "metrics.csv").open() as stream:
        logged = {
            (name, int(row["step"])): float(value)
            for row in csv.DictReader(stream)
            for name, value in row.items()
            if name != "step" and value and not name.startswith("test/")
        }
    kept = {
        (name, step): value
        for name, series in history.items()
        for step, value in zip(series.env_steps.tolist(), series.values.tolist(), strict=True)
    }
    assert kept == logged
    assert history["learner/default_policy/loss"].env_steps.tolist() == [128, 256, 384, 512]
    assert history["val/return_mean"].env_steps.tolist() == [256, 512]
    assert history["val/return_mean"].values[-1] == fitted.result.metrics["val/return_mean"]
    # A test is no part of the fit.
    assert not any(name.startswith("test/") for name in history)
    assert fitted.tested is not None


def test_a_metric_that_is_not_there_is_named(fitted):
    history = fitted.result.history
    with pytest.raises(MetricError, match="Did you mean 'train/return_mean'"):
        _ = history["train/retrun_mean"]
    with pytest.raises(MetricError, match="train/nothing"):
        history.plot("train/nothing")
    assert "train/nothing" not in history
    assert history.get("train/nothing") is None


def test_the_history_goes_to_files_and_pandas(fitted, tmp_path):
    history = fitted.result.history
    with history.to_csv(tmp_path / "new" / "history.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["env_steps"]) for row in rows] == [128, 256, 384, 512]
    assert float(rows[-1]["val/return_mean"]) == history["val/return_mean"].values[-1]
    assert rows[0]["val/return_mean"] == ""
    table = history.to_pandas()
    assert table.index.tolist() == [128, 256, 384, 512]
    assert table["time/env_steps_per_second"].notna().all()
    assert table["val/return_mean"].notna().sum() == 2


def test_the_history_is_drawn(fitted, tmp_path):
    history = fitted.result.history
    figure = history.plot(path=tmp_path / "curves.png")
    labels = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in figure.axes]
    assert labels[0] == ["train/return_mean", "val/return_mean"]
    drawn = figure.axes[0].get_lines()[1].get_xydata()
    np.testing.assert_array_equal(drawn[:, 1], history["val/return_mean"].values)
    assert np.asarray(Image.open(tmp_path / "curves.png").convert("L")).std() > 5
    one = history.plot("learner/default_policy/entropy", path=tmp_path / "entropy.svg")
    assert len(one.axes) == 1
    with pytest.raises(OptionError, match="png"):
        history.plot(path=tmp_path / "curves.docx")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["curves.png", "entropy.svg"]


def test_tensorboard_opens_on_the_scores(fitted):
    tags = fitted.events.Tags()["scalars"]
    # The first two groups of the alphabet are those that it opens.
    groups = sorted({tag.partition("/")[0] for tag in tags})
    assert groups[0] == "_overview"
    assert not any("hp_metric" in tag for tag in tags)
    for name in ("train/return_mean", "val/return_mean", "test/return_mean"):
        values = [event.value for event in fitted.events.Scalars(name)]
        assert [event.value for event in fitted.events.Scalars(f"_overview/{name}")] == values
    assert not any(tag.startswith("_overview/val/level") for tag in tags)


def test_tensorboards_hparams_have_results(fitted):
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(fitted.folder))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(fitted.folder))
    context = backend_context.Context(TBContext(data_provider=provider))
    request = api_pb2.ListSessionGroupsRequest(
        slice_size=10, allowed_statuses=[api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_SUCCESS]
    )
    handler = list_session_groups.Handler(RequestContext(), context, "", request)
    (group,) = handler.run().session_groups
    assert group.hparams["seed"].number_value == 1
    assert group.hparams["env/max_steps"].number_value == 20
    assert group.hparams["training/minibatch_size"].number_value == 64
    results = {value.name.tag: value.value for value in group.metric_values}
    assert results["test/return_mean"] == pytest.approx(fitted.tested.return_mean, abs=1e-6)
    metrics = fitted.result.metrics
    assert results["train/return_mean"] == pytest.approx(metrics["train/return_mean"], rel=1e-5)


def test_outcomes_have_a_chart_of_their_own(fitted):
    def shares(name, split, step):
        (file,) = (fitted.folder / "tables").glob(f"{split}/{name}_shares/agent_1*{step}*")
        with file.open() as stream:
            return {row["label"]: float(row["value"]) for row in csv.DictReader(stream)}

    with (fitted.folder / "media.csv").open() as stream:
        charts = [row for row in csv.DictReader(stream) if row["kind"] == "bar_chart"]
    assert {(row["key"], int(row["step"])) for row in charts} == {
        (f"{split}/{name}_shares/agent_1", step)
        for split, steps in (("val", (256, 512)), ("test", (512,)))
        for step in steps
        for name in ("action", "outcome")
    }
    for row in charts:
        with (fitted.folder / row["path"]).open() as stream:
            values = {each["label"]: float(each["value"]) for each in csv.DictReader(stream)}
        outcomes = {"win", "lose", "end", "step limit"}
        assert (set(values) == outcomes) == ("outcome" in row["key"])
        assert outcomes.isdisjoint(values) == ("action" in row["key"])
        assert sum(values.values()) == pytest.approx(1.0)
    images = fitted.events.Tags()["images"]
    assert "test/outcome_shares/agent_1" in images


def names_of(mine):
    return metric_names(
        mine.env.game,
        mine.resolved_policies,
        mine.env.level_source.indices(),
        mine.env.test_levels,
        in_self_play=mine.self_play is not None,
        is_validated=mine.validate_every_env_steps is not None,
        track_actions=mine.track_actions,
    )


def unknown(metrics, names):
    prefixes = tuple(name for name in names if name.endswith("/"))
    return [name for name in metrics if name not in names and not name.startswith(prefixes)]


def test_the_metrics_are_those_that_were_foreseen(fitted):
    names = names_of(fitted.trainer)
    assert unknown(fitted.result.metrics, names) == []
    assert set(names) - set(fitted.result.metrics) == {"learner/default_policy/"}


@pytest.mark.usefixtures("ray_once")
def test_those_of_several_agents_too(tmp_path):
    mine = trainer(
        tmp_path,
        env=spec(yaml_file="Multi-Agent/foragers.yaml", levels=0),
        policies={"a": [1, 2], "b": [3, 4]},
        logger=False,
        enable_checkpointing=False,
        validate_every_env_steps=STEPS,
        validation_episodes=1,
        max_iterations=2,
    )
    metrics = mine.fit().metrics
    assert unknown(metrics, names_of(mine)) == []
    assert {name for name in names_of(mine) if not name.endswith("/")} == {
        name for name in metrics if not name.startswith("learner/")
    }


@pytest.mark.parametrize(
    ("monitor", "meant", "options"),
    [
        ("train/retrun_mean", "train/return_mean", {}),
        ("return_mean", "train/return_mean", {}),
        ("val/return_mean", "train/return_mean", {}),
        ("agent_info/1/move", None, {}),
        ("val/win_rates", "val/win_rate", {"validate_every_env_steps": STEPS}),
        ("agent_info/1/won", "agent_info/1/win", {"track_actions": True}),
        ("self_play/elo", None, {}),
        ("learner/policy/loss", None, {}),
    ],
)
def test_a_misspelt_monitor_is_named_before_training(tmp_path, monitor, meant, options):
    mend = "" if meant is None else f".*Did you mean '{meant}'"
    with pytest.raises(OptionError, match=f"monitor='{monitor}'.*no such metric{mend}"):
        trainer(tmp_path, callbacks=ModelCheckpoint(monitor=monitor), **options)


def test_a_monitor_that_a_callback_may_add_is_a_warning(tmp_path, caplog):
    class Adds(Callback):
        def on_iteration_end(self, trainer):
            trainer.metrics["mine/score"] = 1.0

    trainer(tmp_path, callbacks=[Adds(), ModelCheckpoint(monitor="mine/score")])
    assert "mine/score" in caplog.text


@pytest.mark.usefixtures("ray_once")
def test_a_monitor_of_the_learner_is_named_after_the_first_iteration(tmp_path):
    checkpoint = ModelCheckpoint(monitor="learner/default_policy/entropi")
    mine = trainer(tmp_path, callbacks=checkpoint, logger=False, max_iterations=9)
    with pytest.raises(OptionError, match="Did you mean 'learner/default_policy/entropy'"):
        mine.fit()
    assert mine.iterations == 1
