"""Every argument of every public class: what is wrong is named, and Ray is not started for it."""

import math
import pickle

import numpy as np
import pytest
import ray

from conftest import CLUSTERS
from games import CORRIDOR
from griddly_lit import (
    GAP,
    Callback,
    EpisodeReplay,
    GeneratedLevels,
    GriddlyEnv,
    GriddlyEnvSpec,
    GriddlyMultiAgentEnv,
    GriddlyParallelEnv,
    GriddlyTrainer,
    ModelCheckpoint,
    PrioritizedLevels,
    SelfPlay,
    SequentialLevels,
    TorchModel,
    VideoRecording,
    render_replay,
)
from griddly_lit.errors import AlgorithmError, GriddlyLitError, OptionError

HUGE = 10**400
LONG = 10**5000  # Python does not print it
OBJECT = object()
NAN, INFINITY = math.nan, math.inf

NO_BOOL = (None, 0, 1, "True", [], {}, OBJECT, NAN)
NO_COUNT = (True, 0, -1, 1.5, NAN, INFINITY, "3", "", [], [1], {}, OBJECT, LONG, b"1")
NO_TEXT = (True, 3, 1.5, [], {}, OBJECT, b"x", "")
NO_PATH = (True, 3, 1.5, NAN, [], {}, OBJECT, "", "a\0b")
NO_LEVEL = (True, -1, 99, HUGE, 1.5, NAN, "two", [1.5], [None], [True], [[0]], {}, OBJECT, b"0")
NO_CHOICE = (None, True, 3, "other", "", [], {}, OBJECT, np.array([1, 2]))
NO_MAPPING = (True, 3, NAN, "x", [], [1], OBJECT, {1: 2})


class Net(GAP):
    pass


@pytest.fixture(scope="module")
def spec():
    return GriddlyEnvSpec(yaml_file=CLUSTERS, max_steps=20)


@pytest.fixture(scope="module")
def replay(spec):
    return EpisodeReplay(**_replay())


def _replay(**changes):
    values = {
        "text": CORRIDOR,
        "level": 0,
        "seed": 1,
        "actions": [[[3]]],
        "rewards": [[0.0]],
        "terminated": False,
        "truncated": False,
        "outcomes": (),
        "max_steps": None,
        "player_observers": ("Vector",),
    }
    return {**values, **changes}


def refused(call, argument, values):
    """Returns the values that were taken, or refused in another way than by name."""
    return [
        (value, fault) for value in values if (fault := _fault(call, argument, value)) is not None
    ]


def _fault(call, argument, value):
    try:
        call(**{argument: value})
    except GriddlyLitError as error:
        # It reads the same after a trip between processes.
        return None if str(pickle.loads(pickle.dumps(error))) == str(error) else "not pickled"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "taken"


TRAINER = {
    "env": (None, True, 3, NAN, "GDY-Sokoban-v0", CLUSTERS, [], {}, OBJECT, GriddlyEnvSpec),
    "model": (None, True, 3, NAN, "", "gap", [], {}, {1: "GAP"}, OBJECT, Net, GAP),
    "algorithm": (None, True, 3, NAN, "", "PP0", [], {}, OBJECT),
    "training": NO_MAPPING,
    "policies": (None, True, 3, NAN, "", "both", [], {}, OBJECT, {"a": 1}, {"a": [True]}, {1: [1]}),
    "train_policies": (True, 3, "default_policy", [], [1], [[]], {}, OBJECT),
    "valid_actions": NO_CHOICE,
    "video": (True, 3, "mp4", [], {"frequency": 1000}, OBJECT, VideoRecording),
    "track_actions": NO_BOOL,
    "logger": (None, 3, NAN, "wandb", "csv", "", {}, OBJECT, [OBJECT], [True]),
    "callbacks": (True, 3, "early_stopping", {}, OBJECT, [OBJECT], Callback, ModelCheckpoint),
    "max_env_steps": NO_COUNT,
    "max_iterations": NO_COUNT,
    "max_time": (True, 3, 1.5, NAN, "", "1h", "00:00:00:00", "9" * 5000, [], {"hours": 1}, OBJECT),
    "validate_every_env_steps": NO_COUNT,
    "validation_episodes": (None, *NO_COUNT),
    "num_env_runners": (None, True, -1, 1.5, NAN, "1", [], {}, OBJECT, HUGE),
    "num_envs_per_env_runner": (None, *NO_COUNT, HUGE),
    "num_learners": (None, True, -1, 1.5, NAN, "1", [], {}, OBJECT, HUGE),
    "accelerator": NO_CHOICE,
    "precision": NO_CHOICE,
    "seed": (True, -1, 2**32, HUGE, LONG, 1.5, NAN, "1", "", [], {}, OBJECT),
    "default_root_dir": NO_PATH,
    "fast_dev_run": (None, 3, *NO_BOOL[3:]),
    "enable_checkpointing": NO_BOOL,
    "enable_progress_bar": NO_BOOL,
    "enable_model_summary": NO_BOOL,
    "profiler": (True, 3, "", "advanced", [], {}, OBJECT),
}


@pytest.fixture(autouse=True)
def _ray_is_not_started(monkeypatch):
    def start(*_, **__):
        raise AssertionError("Ray is started")

    monkeypatch.setattr(ray, "init", start)


def make_trainer(spec, **options):
    return GriddlyTrainer(**{"env": spec, "model": "GAP", "logger": False, **options})


@pytest.mark.parametrize("argument", TRAINER)
def test_a_trainer(spec, argument):
    assert not refused(lambda **bad: make_trainer(spec, **bad), argument, TRAINER[argument])


SPEC = {
    "yaml_file": (*NO_PATH, "nowhere.yaml", "x" * 5000, "~nobody/x.yaml"),
    "yaml_string": (True, 3, 1.5, [], {}, OBJECT, b"x", ""),
    "levels": (None, *NO_LEVEL, [], [0, 99], SequentialLevels),
    "test_levels": (None, *NO_LEVEL),
    "player_observer_type": (None, *NO_TEXT, "Vektor", ["Vector", "Vector"], [None]),
    "global_observer_type": (None, *NO_TEXT, "Sprite3D"),
    "max_steps": (*NO_COUNT, HUGE),
    "player_done_variable": (*NO_TEXT, "gone"),
    "actions_per_turn": (None, *NO_COUNT, HUGE),
    "pad_levels": NO_BOOL,
}


@pytest.mark.parametrize("argument", SPEC)
def test_a_spec(argument):
    def make(**bad):
        game = {} if argument == "yaml_string" else {"yaml_file": CLUSTERS}
        return GriddlyEnvSpec(**{**game, **bad})

    assert not refused(make, argument, SPEC[argument])


NO_LISTED = (None, True, 3, "01", [], [1.5], [None], [True], [-1], [HUGE], {}, OBJECT)
SMALL = {
    SequentialLevels: ({}, {"levels": NO_LISTED}),
    GeneratedLevels: (
        {"generator": "some:Class"},
        {
            "generator": (None, True, 3, NAN, "", "Class", [], {}, OBJECT),
            "config": (None, True, 3, "x", [], OBJECT, {1: 2}, {"a": OBJECT}),
            "largest": (True, 3, "x", [], OBJECT, [1], [0, 1], [1.5, 2], [HUGE, 1]),
        },
    ),
    PrioritizedLevels: (
        {"levels": [0]},
        {
            "levels": NO_LISTED,
            "capacity": (True, 0, 3, "1", OBJECT),
            "beta": (None, True, 0, -1.0, NAN, "1", [], OBJECT),
            "rho": (None, True, -0.1, 1.1, NAN, "1", [], OBJECT),
            "nu": (True, 0, 1.1, NAN, "1", [], OBJECT),
        },
    ),
    VideoRecording: (
        {},
        {
            "every_env_steps": NO_COUNT,
            "every_steps_per_env": NO_COUNT,
            "include_global": NO_BOOL,
            "include_agents": NO_BOOL,
            "best": NO_BOOL,
            "worst": NO_BOOL,
            "fps": (None, *NO_COUNT, 101),
            "format": NO_CHOICE,
            "directory": NO_PATH,
            "renderer": NO_CHOICE,
            "strip": NO_BOOL,
        },
    ),
    ModelCheckpoint: (
        {},
        {
            "monitor": NO_TEXT,
            "mode": NO_CHOICE,
            "save_top_k": (None, True, -1, 1.5, NAN, "1", [], {}, OBJECT),
            "every_env_steps": (None, *NO_COUNT),
        },
    ),
    SelfPlay: (
        {"snapshot_every": 1000},
        {
            "snapshot_every": NO_COUNT,
            "win_rate": (True, 0, 1, -0.5, 1.5, NAN, INFINITY, "0.5", [], {}, OBJECT, HUGE),
            "pool_size": (None, 1, *NO_COUNT),
            "opponent": NO_CHOICE,
        },
    ),
    TorchModel: (
        {},
        {"module_class": (None, True, 3, "Net", [], {}, OBJECT, GAP)},
    ),
}
CASES = [(kind, argument) for kind, (_, table) in SMALL.items() for argument in table]


@pytest.mark.parametrize(("kind", "argument"), CASES)
def test_the_smaller_ones(kind, argument):
    defaults, table = SMALL[kind]

    def make(**values):
        if kind is TorchModel:
            return TorchModel(values["module_class"])
        return kind(**{**defaults, **values})

    assert not refused(make, argument, table[argument])


@pytest.mark.parametrize("kind", [GriddlyEnv, GriddlyParallelEnv, GriddlyMultiAgentEnv])
def test_environments_for_other_tools(spec, kind):
    assert not refused(kind, "env_spec", (True, 3, CLUSTERS, [], {}, OBJECT, GriddlyEnvSpec))
    with pytest.raises(OptionError, match="Did you mean 'yaml_file'"):
        kind(yaml_fill=CLUSTERS)
    with pytest.raises(OptionError, match="two specs"):
        kind(spec, max_steps=5)
    env = kind(spec)
    assert not refused(env.reset, "seed", (True, -1, 1.5, NAN, "1", [], {}, OBJECT))
    assert not refused(env.reset, "options", NO_MAPPING)
    levels = (True, -1, 99, 1.5, "", [], {}, OBJECT)
    assert not refused(lambda level: env.reset(options={"level": level}), "level", levels)
    env.reset(seed=np.int64(3), options={"level": np.int64(2), "options": 1})
    actions = (None, True, 1.5, 99, -1, "x", [], [9], {}, {3: 0}, OBJECT)
    name = "action_dict" if kind is GriddlyMultiAgentEnv else "actions"
    name = "action" if kind is GriddlyEnv else name
    assert not refused(env.step, name, actions)
    if kind is not GriddlyEnv:
        agents = (None, True, 0, 2, 1.5, "1", [], {}, OBJECT)
        assert not refused(env.valid_actions, "agent", agents)
    if kind is GriddlyParallelEnv:
        assert not refused(env.observation_space, "agent", agents)
        assert not refused(env.action_space, "agent", agents)
    env.close()


REPLAY = {
    "text": (None, *NO_TEXT),
    "level": (None, True, -1, 1.5, NAN, [], {}, OBJECT, HUGE),
    "seed": (None, True, -1, 2**32, 1.5, NAN, "1", [], {}, OBJECT, LONG),
    "actions": (
        None,
        True,
        3,
        "x",
        [],
        {},
        [[["a"]]],
        [[[1.5]]],
        [[[-1]]],
        [[[1], [2, 3]]],
        OBJECT,
    ),
    "rewards": (None, True, 3, "x", [], {}, [["a"]], [[0.0, 1.0]], OBJECT),
    "terminated": NO_BOOL,
    "truncated": NO_BOOL,
    "outcomes": (None, True, 3, "win", ["draw"], [3], {}, OBJECT),
    "max_steps": NO_COUNT,
    "player_observers": (None, True, 3, "Vector", [], [3], {}, OBJECT),
    "global_observer": (None, *NO_TEXT),
    "player_done_variable": NO_TEXT,
    "env_steps": (True, -1, 1.5, NAN, "3", [], {}, OBJECT, HUGE),
}


@pytest.mark.parametrize("argument", REPLAY)
def test_a_replay(argument):
    assert not refused(lambda **bad: EpisodeReplay(**_replay(**bad)), argument, REPLAY[argument])


def test_a_replays_files_and_videos(replay, tmp_path):
    assert not refused(replay.save, "path", NO_PATH)
    assert not refused(EpisodeReplay.load, "path", (None, *NO_PATH))
    assert not refused(EpisodeReplay.from_dict, "values", (None, *NO_MAPPING, {}))
    out = tmp_path / "video.mp4"

    def render(**bad):
        return render_replay(**{"replay": replay, "out": out, **bad})

    assert not refused(render, "replay", (None, *NO_PATH))
    assert not refused(render, "out", (None, *NO_PATH, tmp_path / "video.txt"))
    assert not refused(render, "view", (None, True, 0, 2, 1.5, "", "agent", [], {}, OBJECT))
    assert not refused(render, "fps", (None, *NO_COUNT))
    assert not refused(render, "renderer", NO_CHOICE)
    assert not refused(render, "strip", NO_BOOL)
    assert not out.exists()


def test_the_trainers_methods(spec, tmp_path):
    mine = make_trainer(spec, default_root_dir=tmp_path, seed=1)
    paths = (True, 3, 1.5, NAN, [], {}, OBJECT, "", "a\0b", "best", tmp_path / "nothing")
    assert not refused(mine.fit, "ckpt_path", (*paths[:9], tmp_path / "nothing"))
    assert not refused(mine.test, "levels", (*NO_LEVEL, []))
    assert not refused(mine.test, "episodes_per_level", (None, *NO_COUNT))
    assert not refused(mine.test, "ckpt_path", paths)
    assert not refused(mine.play, "level", (None, *NO_LEVEL, ""))
    assert not refused(mine.play, "path", (None, *NO_PATH, "episode.txt"))
    assert not refused(mine.play, "view", (None, True, 0, 2, 1.5, "", [], {}, OBJECT))
    assert not refused(mine.play, "ckpt_path", paths)
    assert not refused(mine.save_checkpoint, "path", (None, *NO_PATH))
    assert not refused(GriddlyTrainer.from_checkpoint, "path", (None, *NO_PATH, tmp_path))
    seen = np.zeros((5, 5, 10), np.uint8)
    bad_views = (None, True, 3, "x", [], {}, OBJECT, seen[:4], seen[None, None], seen[None][:0])
    bad_values = (seen * NAN, seen.astype(str), seen.astype(object), seen * 1j, [[1], [2, 3]])
    assert not refused(mine.act, "observation", (*bad_views, *bad_values))
    agents = (True, 0, 2, 1.5, NAN, "1", [], {}, OBJECT)
    assert not refused(lambda **bad: mine.act(seen, **bad), "agent_id", agents)
    masked = make_trainer(spec, valid_actions="mask")
    lists = (True, 3, "x", [], [[9]], [[-1]], [[0.5]], [[0], [1, 2]], {}, OBJECT)
    assert not refused(lambda **bad: masked.act(seen, **bad), "valid_actions", lists)
    with pytest.raises(OptionError, match="Did you mean 'logger'"):
        GriddlyTrainer.from_checkpoint(tmp_path, loger=False)


TRAINING = {
    "lr": (
        None,
        True,
        -1,
        NAN,
        INFINITY,
        "x",
        "",
        [],
        [[0, 1e-3]],
        [[5, 1.0], [9, 0.1]],
        {},
        OBJECT,
    ),
    "gamma": (None, True, -0.1, 1.1, NAN, "x", [], {}, OBJECT),
    "lambda_": (None, True, -0.1, 1.1, NAN, "x", [], {}, OBJECT),
    "entropy_coeff": (None, True, -1, NAN, "x", [[0, "x"], [1, 2]], {}, OBJECT),
    "clip_param": (None, True, 0, -1, NAN, "x", [], {}, OBJECT),
    "vf_clip_param": (None, True, 0, -1, NAN, "x", [], {}, OBJECT),
    "grad_clip": (True, 0, -1, NAN, "x", [], {}, OBJECT),
    "vf_loss_coeff": (None, True, NAN, "x", [], {}, OBJECT),
    "use_kl_loss": NO_BOOL,
    "num_epochs": (None, *NO_COUNT),
    "train_batch_size_per_learner": NO_COUNT,
    "minibatch_size": (*NO_COUNT, 4097),
    "default_policy": (None, True, 3, "x", [], OBJECT, {"lr": "x"}, {"lerning_rate": 1.0}),
}


@pytest.mark.parametrize("argument", TRAINING)
def test_training_values(spec, argument):
    def make(**bad):
        return make_trainer(spec, training=bad)

    assert not refused(make, argument, TRAINING[argument])


@pytest.mark.parametrize("algorithm", ["APPO", "IMPALA", "DQN"])
def test_training_values_of_other_algorithms(spec, algorithm):
    def make(**bad):
        return make_trainer(spec, algorithm=algorithm, training=bad)

    assert not refused(make, "lr", TRAINING["lr"])
    assert not refused(make, "train_batch_size_per_learner", NO_COUNT)
    if algorithm == "DQN":
        assert not refused(make, "epsilon", (None, "x", NAN, [[0, "x"]], {}))
        assert not refused(make, "replay_buffer_config", (3, "x"))


def test_a_config_of_rllibs_is_checked_as_well(spec):
    from ray.rllib.algorithms.ppo import PPOConfig

    with pytest.raises(AlgorithmError, match="minibatch_size=5000.*at most 4000"):
        make_trainer(spec, algorithm=PPOConfig().training(minibatch_size=5000))
    with pytest.raises(AlgorithmError, match=r"training\['gamma'\]=7"):
        make_trainer(spec, algorithm=PPOConfig().training(gamma=7))


def test_numpys_numbers_are_numbers(spec):
    mine = make_trainer(
        spec,
        max_env_steps=np.int64(1000),
        seed=np.uint32(7),
        num_envs_per_env_runner=np.int32(8),
        track_actions=np.bool_(True),
        training={"lr": np.float32(0.5), "num_epochs": np.int64(2)},
    )
    assert type(mine.max_env_steps) is int
    assert (type(mine.seed), mine.seed) == (int, 7)
    assert mine.track_actions is True
    assert (mine.to_rllib().lr, mine.to_rllib().num_epochs) == (0.5, 2)
    again = GriddlyEnvSpec(
        yaml_file=CLUSTERS,
        levels=np.array([0, 1]),
        test_levels=np.int64(3),
        max_steps=np.int64(20),
    )
    same = GriddlyEnvSpec(yaml_file=CLUSTERS, levels=[0, 1], test_levels=[3], max_steps=20)
    assert again == same
    assert again.to_json() == same.to_json()
    assert VideoRecording(every_env_steps=np.int64(9)) == VideoRecording(every_env_steps=9)


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_the_largest_seed_reaches_numpys_global_generator(spec, seed):
    config = make_trainer(spec, seed=seed, num_env_runners=3).to_rllib()
    assert 0 <= config.seed + 3 < 2**32 + 3
    np.random.RandomState(config.seed + config.num_env_runners)


@pytest.mark.parametrize(
    ("option", "value", "mend"),
    [
        ("max_env_steps", 1e6, "Write 1000000"),
        ("max_env_steps", "1000", "Pass a number, not text"),
        ("env", "GDY-Spider-Nest-v0", r"yaml_file='Single-Player/GVGAI/spider-nest.yaml'"),
        ("env", "my/game.yaml", r"GriddlyEnvSpec\(yaml_file='my/game.yaml'\)"),
        ("env", {"yaml_file": "x"}, "from_env_config"),
        ("logger", "wandb", "WandbLogger"),
        ("logger", "TensorBoard", "TensorBoardLogger"),
        ("video", {"frequency": 5}, "from_env_config"),
        ("video", True, r"VideoRecording\(\)"),
        ("callbacks", ModelCheckpoint, r"Make one of the class: ModelCheckpoint"),
    ],
)
def test_the_mend_says_what_to_write(spec, option, value, mend):
    with pytest.raises(OptionError, match=mend):
        make_trainer(spec, **{option: value})


def test_lightnings_own_are_named(spec, tmp_path):
    import gymnasium
    from lightning.fabric.loggers import CSVLogger as FabricLogger
    from lightning.pytorch import callbacks
    from lightning.pytorch.loggers import CSVLogger

    with pytest.raises(OptionError, match=r"griddly_lit.ModelCheckpoint"):
        make_trainer(spec, callbacks=callbacks.ModelCheckpoint())
    assert make_trainer(spec, callbacks=[callbacks.EarlyStopping("train/return_mean")]).callbacks
    with pytest.raises(OptionError, match="CSVLogger from lightning.pytorch.loggers"):
        make_trainer(spec, logger=FabricLogger(tmp_path))
    assert make_trainer(spec, logger=CSVLogger(tmp_path)).logger
    wrapped = gymnasium.wrappers.TimeLimit(GriddlyEnv(spec), 5)
    with pytest.raises(OptionError, match=r"without wrappers.*env=env.unwrapped.env_spec"):
        make_trainer(wrapped)
    with pytest.raises(OptionError, match=r"env=env.unwrapped.env_spec"):
        make_trainer(GriddlyEnv(spec))


def test_hooks_that_nothing_calls_are_named(spec):
    class Misspelt(Callback):
        def on_iteration_ends(self, trainer):
            pass

    class Lightnings(Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            pass

    class OneMore(Callback):
        def on_fit_start(self, trainer, pl_module):
            pass

    class Right(Callback):
        def on_fit_start(self, *arguments):
            pass

        def _on_my_own(self):
            pass

    with pytest.raises(OptionError, match=r"Misspelt.on_iteration_ends.*'on_iteration_end'"):
        make_trainer(spec, callbacks=Misspelt())
    with pytest.raises(OptionError, match=r"Lightnings.on_train_batch_end: there is no such hook"):
        make_trainer(spec, callbacks=Lightnings())
    with pytest.raises(OptionError, match=r"Define it as on_fit_start\(self, trainer\)"):
        make_trainer(spec, callbacks=OneMore())
    make_trainer(spec, callbacks=Right())
