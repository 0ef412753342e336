"""A trainer whose model has a memory: act, play, validate, test, save."""

import numpy as np
import pytest
import torch

from griddly_lit import GRU, LSTM, GriddlyEnvSpec, GriddlyTrainer, ImpalaCNN, TorchModel
from griddly_lit.envs.gymnasium_env import GriddlyEnv
from griddly_lit.errors import CheckpointError, PolicyError
from memory_models import Guide, Mixed
from trainer.small import TRAINING, spec, trainer

pytestmark = pytest.mark.usefixtures("ray_once")

SIGNPOST = GriddlyEnvSpec(yaml_file="recipes/games/signpost.yaml", levels=[0, 1], max_steps=12)
MEMORY = ImpalaCNN(memory=LSTM(16, max_seq_len=8))


def episode(mine, level, seed=0):
    """Returns the actions and rewards of an episode of act()."""
    env = GriddlyEnv(GriddlyEnvSpec(yaml_file=SIGNPOST.yaml_file, levels=level, max_steps=12))
    observation, _ = env.reset(seed=seed)
    state, over, actions, rewards = None, False, [], []
    while not over:
        action, state = mine.act(observation, state=state)
        observation, reward, terminated, truncated, _ = env.step(action)
        over = terminated or truncated
        actions.append(action)
        rewards.append(reward)
    return actions, rewards


def test_the_game_needs_memory_and_no_more():
    """The guide wins always; without the sign in sight, both levels look alike."""
    guide = GriddlyTrainer(SIGNPOST, TorchModel(Guide), logger=False)
    for level, last in ((0, 2), (1, 4)):
        assert episode(guide, level) == ([3] * 5 + [last], [0.0] * 5 + [1.0])
    # Many more episodes than games are played together, so that states end with them.
    result = guide.test(episodes_per_level=100)
    assert result.return_mean == 1.0
    assert all(set(each.lengths) == {6} for each in result.by_level)
    envs = [GriddlyEnv(GriddlyEnvSpec(yaml_file=SIGNPOST.yaml_file, levels=n)) for n in (0, 1)]
    for env in envs:
        env.reset(seed=0)
    seen = [[env.step(3)[0] for env in envs] for _ in range(5)]
    assert not np.array_equal(*seen[0])
    assert all(np.array_equal(*pair) for pair in seen[1:])
    for _ in range(3):
        assert np.array_equal(*[env.step(1)[0] for env in envs])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    mine = trainer(
        tmp_path_factory.mktemp("memory"),
        SIGNPOST,
        MEMORY,
        validate_every_env_steps=128,
        validation_episodes=40,
        max_iterations=3,
        logger=False,
        training={**TRAINING, "lr": 1e-2},
    )
    mine.fit()
    return mine


def test_act_plays_what_play_plays(trained, tmp_path):
    for level in (0, 1):
        replay = trained.play(level, tmp_path / "a.gif", deterministic=True, seed=3)
        assert replay.actions[:, 0, -1].tolist() == episode(trained, level, replay.seed)[0]


def test_validation_is_the_same_on_the_runner_and_here(trained):
    during = trained.metrics["val/return_mean"]
    assert trained.validate().return_mean == during
    assert trained.validate().return_mean == during


def test_a_checkpoint_holds_the_memory(trained, tmp_path):
    path = trained.default_root_dir / "checkpoints" / "last"
    loaded = GriddlyTrainer.from_checkpoint(path)
    assert loaded.model == MEMORY
    weights = trained._actor.weights()["default_policy"]
    for name, value in loaded._actor.weights()["default_policy"].items():
        assert torch.equal(value, weights[name])
    assert episode(loaded, 0) == episode(trained, 0)
    with pytest.raises(CheckpointError, match="model"):
        trainer(tmp_path, SIGNPOST, ImpalaCNN(memory=GRU(16)), logger=False).fit(path)


def test_a_state_is_handed_back(trained):
    one = torch.randint(0, 2, (3, 3, 5), dtype=torch.uint8).numpy()
    action, state = trained.act(one)
    assert isinstance(action, int)
    assert state.shape == (32,)
    assert state.dtype == np.float32
    _, later = trained.act(one, state=state)
    assert not np.array_equal(later, state)
    assert np.array_equal(trained.act(one, state=state)[1], later)
    many = np.stack([one, one])
    actions, states = trained.act(many, state=np.stack([np.zeros(32), state]))
    assert actions.shape == (2,)
    np.testing.assert_allclose(states, [state, later], atol=1e-6)
    for faulty in (3, np.zeros(31), np.zeros((1, 32)), [float("nan")] * 32, "state", [[1], [2, 3]]):
        with pytest.raises(PolicyError, match="state"):
            trained.act(one, state=faulty)
    with pytest.raises(PolicyError, match=r"the state here is \(2, 32\)"):
        trained.act(many, state=state)


def test_without_memory_there_is_no_state(tmp_path):
    mine = trainer(tmp_path, logger=False)
    observation = np.zeros((5, 5, 10), dtype=np.uint8)
    assert isinstance(mine.act(observation), int)
    with pytest.raises(PolicyError, match="has no memory"):
        mine.act(observation, state=np.zeros(3))


@pytest.mark.parametrize(
    ("options", "model"),
    [
        ({"algorithm": "APPO", "training": {}, "num_env_runners": 1}, MEMORY),
        ({"algorithm": "IMPALA", "training": {}}, ImpalaCNN(memory=GRU(8))),
        ({"precision": "bf16-mixed"}, TorchModel(Mixed, units=5)),
        ({"fast_dev_run": True}, MEMORY),
    ],
)
def test_it_trains(tmp_path, options, model):
    options = {"logger": False, "max_iterations": 1, "enable_checkpointing": False, **options}
    mine = trainer(tmp_path, spec(), model, **options)
    before = {k: v.clone() for k, v in mine._actor.weights()["default_policy"].items()}
    result = mine.fit()
    assert np.isfinite(result.metrics["learner/default_policy/loss"])
    after = mine._actor.weights()["default_policy"]
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    parameters = dict(mine._actor.networks["default_policy"].named_parameters())
    assert set(changed) == set(parameters)
