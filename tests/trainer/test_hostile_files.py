"""No file of ours, however it is written, runs code unless the user trusts it."""

import json
import os
import pickle
import sys

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from torch import nn

from games import CORRIDOR
from griddly_lit import (
    EpisodeReplay,
    GeneratedLevels,
    GriddlyEnvSpec,
    GriddlyTrainer,
    render_replay,
)
from griddly_lit.checkpoints import RLLIB, open_checkpoint
from griddly_lit.decoding import decoding
from griddly_lit.errors import (
    CheckpointError,
    GriddlyLitError,
    LevelError,
    OptionError,
    ReplayError,
    TrustError,
)
from griddly_lit.models import TorchModel
from griddly_lit.plain_state import with_arrays, write_state
from griddly_lit.policies import SelfPlay
from griddly_lit.recording.replay_file import write_fields
from griddly_lit.rllib.run_state import restore_state, save_state
from trainer.forged import STATE, forge, write_untrained
from trainer.small import trainer


class Corridors:
    """A level generator of the user's."""

    def __init__(self, config):
        self.length = config.get("length", 3)

    def generate(self, rng):
        row = "WA" + "." * int(rng.integers(1, self.length)) + "GW"
        row = row.ljust(self.length + 3, "W")
        return "\n".join(["W" * len(row), row, "W" * len(row)])


class Others(Corridors):
    """Another one."""


class Tiny(nn.Module):
    """A network of the user's."""

    def __init__(self, observation_shape, num_logits, width=4):
        super().__init__()
        height, columns, channels = observation_shape
        self.body = nn.Linear(height * columns * channels, width)
        self.out = nn.Linear(width, num_logits + 1)

    def forward(self, observations):
        out = self.out(self.body(observations.flatten(1).float()))
        return out[:, :-1], out[:, -1]


class Wider(Tiny):
    """Another one."""


LEVELS = GeneratedLevels(Corridors, {"length": 5})
MODEL = TorchModel(Tiny, width=3)
HAND_OVER = {"model": TorchModel(Tiny), "levels": GeneratedLevels(Corridors)}


def mine(folder, **options):
    env = GriddlyEnvSpec(yaml_string=CORRIDOR, levels=LEVELS, max_steps=5)
    return trainer(folder, env=env, **{"model": MODEL, "logger": False, **options})


@pytest.fixture(scope="module")
def owner(tmp_path_factory):
    return mine(tmp_path_factory.mktemp("owner"))


@pytest.fixture(scope="module")
def genuine(owner, tmp_path_factory):
    return write_untrained(owner, tmp_path_factory.mktemp("genuine") / "checkpoint")


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """A file that is there if code was run; and a module that writes it when it is imported."""
    file = tmp_path / "canary"
    write = f"open({str(file)!r}, 'w').close()\n"
    source = (
        f"{write}\nfrom torch import nn\n"
        "class Net(nn.Module):\n    pass\nclass Gen:\n    def generate(self):\n        return ''\n"
    )
    (tmp_path / "someones.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("CANARY", str(file))
    yield file
    sys.modules.pop("someones", None)


TOUCH = 'touch "$CANARY"'


def generated(generator, config):
    return {"source": "GeneratedLevels", "generator": generator, "config": config}


def with_levels(levels):
    return lambda spec: {**spec, "levels": levels}


def with_model(model):
    return lambda settings: {**settings, "model": model}


def with_settings(**settings):
    return lambda saved: {**saved, **settings}


def listing(name, content=None):
    """Lists a file outside of the checkpoint."""
    return lambda manifest: {**manifest, "files": {**manifest["files"], name: [1, "0" * 64]}}


class Bomb:
    """A pickle that runs a command when it is read."""

    def __reduce__(self):
        return os.system, (TOUCH,)


DEEP = "[" * 100_000 + "]" * 100_000
HOSTILE = {
    "levels run a command": {"spec.json": with_levels(generated("os:system", TOUCH))},
    "levels import a module": {"spec.json": with_levels(generated("someones:Gen", {}))},
    "levels start a process": {
        "spec.json": with_levels(generated("subprocess:Popen", ["touch", "canary"]))
    },
    "levels name a file": {"spec.json": with_levels(generated("../someones:Gen", {}))},
    "levels name no class": {"spec.json": with_levels(generated({"a": 1}, {}))},
    "a source of levels imports a module": {
        "spec.json": with_levels({"source": "someones:Gen", "config": {}})
    },
    "a source of levels starts a process": {
        "spec.json": with_levels({"source": "subprocess:Popen", "config": {"args": ["touch", "a"]}})
    },
    "prioritised levels import a module": {
        "spec.json": with_levels(
            {"source": "PrioritizedLevels", "levels": generated("someones:Gen", {})}
        )
    },
    "levels of an unknown source": {"spec.json": with_levels({"source": "os:system"})},
    "a spec that is a list": {"spec.json": "[1, 2]"},
    "a deep spec": {"spec.json": DEEP},
    "a spec of odd types": {"spec.json": lambda spec: {name: {"a": [1]} for name in spec}},
    "a spec of more": {"spec.json": with_settings(__class__="os:system")},
    "half a character": {"spec.json": with_settings(player_observer_type="\ud800")},
    "a model imports a module": {
        "trainer.json": with_model({"name": "TorchModel", "module": "someones:Net", "kwargs": {}})
    },
    "a model runs a command": {
        "trainer.json": with_model({"name": "TorchModel", "module": "os:system", "kwargs": {}})
    },
    "models of policies import a module": {
        "trainer.json": with_model(
            {"by_policy": {"a": {"name": "TorchModel", "module": "someones:Net", "kwargs": {}}}}
        )
    },
    "a model of odd types": {"trainer.json": with_model({"name": ["GAP"], "kwargs": 1})},
    "settings of more": {"trainer.json": with_settings(default_root_dir="/", callbacks=["os"])},
    "a replay buffer of others": {
        "trainer.json": with_settings(
            algorithm="DQN", training={"replay_buffer_config": {"type": "someones.Net"}}
        )
    },
    "a replay buffer that is a function": {
        "trainer.json": with_settings(
            algorithm="DQN", training={"replay_buffer_config": {"type": "warn"}}
        )
    },
    "a learner of others": {
        "trainer.json": with_settings(training={"learner_class": "someones.Net"})
    },
    "policies of odd types": {"trainer.json": with_settings(policies={"agents": {"a": 1}})},
    "settings that are text": {"trainer.json": '"os:system"'},
    "settings cut short": {"trainer.json": '{"model": {'},
    "a number of 5,000 digits": {"trainer.json": '{"seed": ' + "9" * 5_000 + "}"},
    "a file above": {"manifest.json": listing("../canary")},
    "a file elsewhere": {"manifest.json": listing("/etc/hostname")},
    "a file in no way": {"manifest.json": listing("rllib/../game.yaml")},
    "a name with a zero byte": {"manifest.json": listing("a\0b")},
    "a list of odd types": {"manifest.json": with_settings(files=[1, 2])},
    "a fingerprint of odd types": {
        "manifest.json": lambda all_: {**all_, "files": {name: {"a": 1} for name in all_["files"]}}
    },
    "an empty list": {"manifest.json": with_settings(files={})},
    "weights that are not listed": {
        "manifest.json": lambda all_: {
            **all_,
            "files": {n: f for n, f in all_["files"].items() if n != "weights.safetensors"},
        }
    },
    "a deep manifest": {"manifest.json": DEEP},
    "a manifest of odd counters": {"manifest.json": with_settings(env_steps="1e9")},
    "a manifest of odd metrics": {"manifest.json": with_settings(metrics={"a": {"b": 1}})},
    "weights that are a pickle": {"weights.safetensors": pickle.dumps(Bomb())},
    "weights of a size that is a lie": {"weights.safetensors": b"\xff" * 8 + b"{}"},
    "weights of another network": {
        "weights.safetensors": safetensors.torch.save({"default_policy/a": torch.zeros(2)})
    },
    "a game that is no text": {"game.yaml": b"\xff\xfe\x00"},
    "what must fit, of odd types": {"fits.json": '{"model": 3}'},
    "what must fit, deep": {"fits.json": DEEP},
}
NOT_READ_BY_A_TRAINER = ("spec.json", "trainer.json")


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_checkpoint_runs_nothing(case, owner, genuine, canary, tmp_path):
    forged = forge(genuine, tmp_path / "forged", HOSTILE[case])
    for given in ({}, {"model": MODEL}, {"levels": LEVELS}, HAND_OVER):
        with pytest.raises(GriddlyLitError):
            GriddlyTrainer.from_checkpoint(forged, **given)
    doors = {
        "test": lambda: owner.test(levels=0, episodes_per_level=1, ckpt_path=forged),
        "play": lambda: owner.play(0, tmp_path / "played.gif", ckpt_path=forged),
    }
    if set(HOSTILE[case]) <= set(NOT_READ_BY_A_TRAINER):
        # It has an environment and a model of its own.
        doors["test"]()
    else:
        doors["fit"] = lambda: owner.fit(ckpt_path=forged)
        for open_it in doors.values():
            with pytest.raises(GriddlyLitError):
                open_it()
    assert not canary.exists()
    assert "someones" not in sys.modules


def test_a_link_that_leads_out_is_refused(genuine, tmp_path):
    forged = forge(genuine, tmp_path / "forged", {})
    elsewhere = tmp_path / "weights"
    (forged / "weights.safetensors").rename(elsewhere)
    (forged / "weights.safetensors").symlink_to(elsewhere)
    with pytest.raises(CheckpointError, match="is a link or lies outside"):
        GriddlyTrainer.from_checkpoint(forged, **HAND_OVER)
    (forged / "weights.safetensors").unlink()
    (forged / RLLIB).rename(tmp_path / "rllib")
    (forged / RLLIB).symlink_to(tmp_path / "rllib")
    with pytest.raises(CheckpointError, match="is a link or lies outside"):
        GriddlyTrainer.from_checkpoint(forged, **HAND_OVER)


def test_classes_are_handed_over_again(owner, genuine):
    with pytest.raises(TrustError, match=r"levels=GeneratedLevels\(TheClass\)"):
        GriddlyTrainer.from_checkpoint(genuine, model=TorchModel(Tiny))
    with pytest.raises(TrustError, match=r"model=TorchModel\(TheClass\)"):
        GriddlyTrainer.from_checkpoint(genuine, levels=GeneratedLevels(Corridors))
    again = GriddlyTrainer.from_checkpoint(genuine, **HAND_OVER)
    assert (again.env, again.model) == (owner.env, owner.model)
    trusted = GriddlyTrainer.from_checkpoint(genuine, trust=[__name__])
    assert (trusted.env, trusted.model) == (owner.env, owner.model)
    for trust in ([f"{__name__}.deeper"], ["os"], []):
        with pytest.raises(TrustError):
            GriddlyTrainer.from_checkpoint(genuine, trust=trust)
    with pytest.raises(OptionError, match="trust=3"):
        GriddlyTrainer.from_checkpoint(genuine, trust=3)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"model": TorchModel(Wider)}, CheckpointError, "another model"),
        ({"model": TorchModel(Tiny, width=4)}, CheckpointError, "another model"),
        ({"model": "GAP"}, CheckpointError, "another model"),
        ({"levels": GeneratedLevels(Others)}, LevelError, "Corridors"),
        ({"levels": GeneratedLevels(Corridors, {"length": 4})}, LevelError, "'length': 5"),
        ({"env": GriddlyEnvSpec(yaml_string=CORRIDOR)}, CheckpointError, "give one|Give one"),
    ],
)
def test_another_class_than_the_saved_one_is_refused(genuine, given, error, message):
    with pytest.raises(error, match=message):
        GriddlyTrainer.from_checkpoint(genuine, **{**HAND_OVER, **given})


def test_a_saved_spec(owner, canary):
    text = owner.env.to_json()
    with pytest.raises(TrustError):
        GriddlyEnvSpec.from_json(text)
    for again in (
        GriddlyEnvSpec.from_json(text, levels=GeneratedLevels(Corridors)),
        GriddlyEnvSpec.from_json(text, trust=[__name__]),
        GriddlyEnvSpec.from_dict(json.loads(text), levels=LEVELS),
    ):
        assert again == owner.env
        assert hash(again) == hash(owner.env)
    with pytest.raises(LevelError):
        GriddlyEnvSpec.from_json(text, levels=GeneratedLevels(Others))
    values = json.loads(text)
    for generator in ("os:system", "someones:Gen", "subprocess:Popen"):
        hostile = {**values, "levels": generated(generator, TOUCH)}
        for trust in ([], ["os", "subprocess"]):
            with pytest.raises(GriddlyLitError):
                GriddlyEnvSpec.from_dict(hostile, trust=trust)
            with pytest.raises(GriddlyLitError):
                GriddlyEnvSpec.from_json(json.dumps(hostile), trust=trust)
    for broken in ("", "{", "[]", "3", DEEP, '{"levels": 1e999}', '{"yaml_strin": ""}', "null"):
        with pytest.raises(GriddlyLitError):
            GriddlyEnvSpec.from_json(broken)
    assert not canary.exists()


REPLAY = {
    "text": CORRIDOR,
    "level": 0,
    "seed": 1,
    "actions": [[[3]]],
    "rewards": [[0]],
    "terminated": False,
    "truncated": False,
    "outcomes": [],
    "max_steps": None,
    "player_observers": ["Vector"],
    "global_observer": "Block2D",
}


@pytest.mark.parametrize(
    "change",
    [
        {"text": 3},
        {"text": "\ud800"},
        {"text": "!!python/object/apply:os.system ['touch \"$CANARY\"']"},
        {"actions": [[[10**400]]]},
        {"actions": [[["os:system"]]]},
        {"actions": {"a": 1}},
        {"rewards": [[{"a": 1}]]},
        {"level": {"__class__": "os:system"}},
        {"seed": 10**400},
        {"seed": True},
        {"outcomes": 3},
        {"outcomes": [["win"]]},
        {"max_steps": "os:system"},
        {"player_observers": 1},
        {"player_observers": [{"a": 1}]},
        {"global_observer": ["Block2D"]},
        {"player_done_variable": {"a": 1}},
        {"terminated": "yes"},
        {"__reduce__": "os:system"},
    ],
)
def test_a_hostile_replay_runs_nothing(change, canary, tmp_path):
    path = tmp_path / "replay.json"
    if "\ud800" in str(change.get("text")):
        path.write_text(
            json.dumps({"format": "griddly_lit replay 1", "sha256": "", "replay": change})
        )
    else:
        write_fields(path, {**REPLAY, **change})
    with pytest.raises(GriddlyLitError):
        EpisodeReplay.load(path).replay()
    with pytest.raises(GriddlyLitError):
        render_replay(path, tmp_path / "out.gif")
    assert not canary.exists()


@pytest.mark.parametrize(
    "content", ["", "{", DEEP, "[]", '{"format": "griddly_lit replay 1"}', b"\xff"]
)
def test_what_is_no_replay_is_named(content, tmp_path):
    path = tmp_path / "replay.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ReplayError):
        EpisodeReplay.load(path)


LEAGUE = {
    "taken": 1,
    "env_steps": {"0": 0},
    "results": [],
    "recent": {"0": []},
    "returns": [],
}


@pytest.mark.parametrize(
    "change",
    [
        {"taken": "os:system"},
        {"taken": 10**9},
        {"env_steps": {"0": "a"}},
        {"env_steps": {"../../weights": 0}},
        {"env_steps": {"1": 0}},
        {"env_steps": {}},
        {"results": [[0, 0]]},
        {"results": [[0, 99, 1.0, 1]]},
        {"results": [["a", 0, 1.0, 1]]},
        {"recent": {"0": 3}},
        {"recent": {}},
        {"returns": ["a"]},
    ],
)
def test_a_hostile_league_is_named(change, genuine, tmp_path):
    forged = forge(
        genuine,
        tmp_path / "forged",
        {
            "pool/league.json": json.dumps({**LEAGUE, **change}),
            "pool/snapshot_0.safetensors": (genuine / "weights.safetensors").read_bytes(),
        },
    )
    with pytest.raises(CheckpointError):
        open_checkpoint(forged).league(SelfPlay(snapshot_every=1)).metrics()


def test_a_resume_reads_no_pickle(genuine, owner, canary, tmp_path, ray_once):
    """One build of RLlib's algorithm, which many forged states are put before."""
    from griddly_lit.rllib.run import TrainingRun

    bombs = {f"{RLLIB}/{name}": pickle.dumps(Bomb()) for name in ("algorithm_state.pkl", "x.pkl")}
    run = TrainingRun(owner.fit_config())
    try:
        save_state(run.algorithm, tmp_path)
        state = (tmp_path / "state.safetensors").read_bytes()
        fine = forge(genuine, tmp_path / "fine", {**bombs, f"{RLLIB}/state.safetensors": state})
        checkpoint = open_checkpoint(fine)
        restore_state(run.algorithm, checkpoint.files, RLLIB, checkpoint.weights())
        assert run.algorithm.iteration == 1

        moment = "optimizer/default_policy_default_optimizer/0/exp_avg"
        hostile = [
            {"state.json": "{}"},
            {"state.json": DEEP},
            {"state.json": json.dumps({**STATE, "algorithm": "DQN"})},
            {"state.json": json.dumps({**STATE, "training_iteration": "os:system"})},
            {"state.json": json.dumps({**STATE, "metrics_logger": {"a": {"b": 1}}})},
            {"state.json": json.dumps({**STATE, "learner": [1]})},
            {"state.safetensors": pickle.dumps(Bomb())},
            {"state.safetensors": safetensors.torch.save({moment: torch.zeros(7)})},
            {"state.safetensors": safetensors.torch.save({"optimizer/other/0/a": torch.zeros(7)})},
            {"state.safetensors": safetensors.torch.save({"a": torch.zeros(7)})},
        ]
        for number, change in enumerate(hostile):
            files = {f"{RLLIB}/{name}": content for name, content in change.items()}
            forged = forge(fine, tmp_path / f"forged_{number}", files)
            checkpoint = open_checkpoint(forged)
            with pytest.raises(CheckpointError):
                restore_state(run.algorithm, checkpoint.files, RLLIB, checkpoint.weights())
    finally:
        run.close()
    assert not canary.exists()


def _leaves(state, path=()):
    """Yields the path of every value in nested dictionaries and lists."""
    yield path
    if isinstance(state, (dict, list)):
        for key, value in state.items() if isinstance(state, dict) else enumerate(state):
            yield from _leaves(value, (*path, key))


def _replaced(state, path, value):
    if not path:
        return value
    changed = dict(state) if isinstance(state, dict) else list(state)
    changed[path[0]] = _replaced(changed[path[0]], path[1:], value)
    return changed


def test_a_hostile_state_is_taken_or_named(owner, tmp_path, ray_once):
    from griddly_lit.rllib.run import TrainingRun

    odd = (None, -1, 2**70, "os:system", [], {}, [[1, [2]]], np.full((3, 1, 9), 250, np.uint8), 0.5)
    rng = np.random.default_rng(1)
    run = TrainingRun(owner.fit_config())
    try:
        run.iterate()
        write_state(tmp_path, run.state_dict())
        arrays = safetensors.numpy.load_file(tmp_path / "state.safetensors")
        genuine = with_arrays(json.loads((tmp_path / "state.json").read_text()), arrays)
        paths = [path for path in _leaves(genuine) if "python" not in path]
        named = 0
        for number in rng.permutation(len(paths))[:60].tolist():
            changed = _replaced(genuine, paths[number], odd[number % len(odd)])
            try:
                with decoding(CheckpointError, "state", "it is odd", "Use another"):
                    run.load_state_dict(changed)
            except GriddlyLitError:
                named += 1
        assert named > 20
        assert run.load_state_dict(genuine) == []
    finally:
        run.close()
