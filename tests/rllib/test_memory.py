"""Models with a memory through the runner and RLlib's learners."""

import numpy as np
import pytest
import torch
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.core.columns import Columns
from ray.rllib.core.learner.training_data import TrainingData

from conftest import CLUSTERS
from griddly_lit import GAP, GRU, LSTM, GriddlyEnvSpec, ImpalaCNN, SelfPlay, TorchModel
from griddly_lit.errors import AlgorithmError
from griddly_lit.policies import resolve_policies
from griddly_lit.rllib.columns import MEMORY
from griddly_lit.rllib.config import Settings, algorithm_config
from griddly_lit.rllib.env_runner import GriddlyEnvRunner
from memory_models import Guide, Mixed

SIGNPOST = "recipes/games/signpost.yaml"
LEAVERS = "tests/games/leavers.yaml"
FRAGMENT, GAMES = 10, 4


def config_of(model, spec=None, policies="shared", mode="off", **options):
    spec = spec or GriddlyEnvSpec(yaml_file=CLUSTERS, max_steps=13)
    options = {"seed": 1, "num_envs_per_env_runner": GAMES, **options}
    if options.get("algorithm", "PPO") == "PPO":
        options["training"] = {"train_batch_size_per_learner": 80, "minibatch_size": 40}
    resolved = resolve_policies(spec, policies, model, mode)
    self_play = policies if isinstance(policies, SelfPlay) else None
    config = algorithm_config(Settings(spec, resolved, self_play=self_play, **options))
    return config.env_runners(rollout_fragment_length=FRAGMENT)


def runner_of(config, learner=None):
    torch.manual_seed(0)
    learner = learner or config.build_learner()
    runner = GriddlyEnvRunner(config=config, worker_index=0)
    runner.set_state({"rl_module": learner.module.get_state(inference_only=True)})
    return learner, runner


def batch_of(learner, episodes):
    return learner._make_batch_if_necessary(TrainingData(episodes=episodes)).policy_batches


LEAVERS_SPEC = {"yaml_file": LEAVERS, "max_steps": 23, "player_done_variable": "left"}


# Sequences shorter than a fragment, longer than one, and longer than two.
@pytest.mark.parametrize(
    ("model", "options"),
    [
        (ImpalaCNN(memory=LSTM(8, max_seq_len=4)), {}),
        (GAP(memory=GRU(8)), {}),
        (TorchModel(Mixed, max_seq_len=10), {}),
        (ImpalaCNN(memory=LSTM(8, max_seq_len=4)), {"algorithm": "APPO"}),
        (ImpalaCNN(memory=GRU(8, max_seq_len=7)), {"algorithm": "IMPALA"}),
        (
            ImpalaCNN(memory=LSTM(8, max_seq_len=4)),
            {"spec": LEAVERS_SPEC, "policies": "independent", "mode": "tree"},
        ),
        (
            ImpalaCNN(memory=LSTM(8, max_seq_len=4)),
            {"spec": LEAVERS_SPEC, "mode": "tree", "algorithm": "IMPALA"},
        ),
        (
            {"with": GAP(memory=GRU(8, max_seq_len=3)), "without": ImpalaCNN()},
            {
                "spec": LEAVERS_SPEC,
                "policies": {"with": [1, 3], "without": [2]},
                "mode": "mask",
                "algorithm": "APPO",
            },
        ),
    ],
)
def test_runner_and_learner_agree_over_fragments_and_episodes(model, options):
    if "spec" in options:
        options = {**options, "spec": GriddlyEnvSpec(**options["spec"])}
    learner, runner = runner_of(config_of(model, **options))
    crossing = 0
    for _ in range(3):
        episodes = runner.sample()
        lengths = {}
        for episode in episodes:
            module_id = episode.module_id or "default_policy"
            lengths[module_id] = lengths.get(module_id, 0) + len(episode)
            crossing += episode.t_started > 0 and episode.is_done
        for module_id, batch in batch_of(learner, episodes).items():
            module = learner.module[module_id].unwrapped()
            assert module.is_stateful() == (Columns.STATE_IN in batch)
            acted = batch[Columns.ACTION_DIST_INPUTS].clone()
            with torch.no_grad():
                outputs = module.forward_train(batch)
            inputs = outputs[Columns.ACTION_DIST_INPUTS]
            distribution = module.get_train_action_dist_cls().from_logits(inputs)
            log_probs = distribution.logp(batch[Columns.ACTIONS])
            played = batch.get(Columns.LOSS_MASK, torch.ones(len(log_probs), dtype=torch.bool))
            assert int(played.sum()) == lengths[module_id]
            assert inputs.isfinite().all()
            assert log_probs.isfinite().all()
            assert distribution.entropy().isfinite().all()
            torch.testing.assert_close(
                log_probs[played], batch[Columns.ACTION_LOGP][played], atol=1e-5, rtol=0
            )
            torch.testing.assert_close(
                outputs[Columns.EMBEDDINGS][played],
                batch[Columns.VF_PREDS][played],
                atol=1e-5,
                rtol=0,
            )
            assert acted[played].flatten(0, -2).std(0).max() > 0
    assert crossing >= GAMES


def test_the_state_of_a_part_is_that_of_the_part_before():
    config = config_of(TorchModel(Mixed, max_seq_len=4))
    learner, runner = runner_of(config)
    initial = runner.module.get_initial_state()[MEMORY]
    assert runner.module.memory_size == len(initial) == 13
    last, steps = {}, 0
    for _ in range(5):
        for episode in runner.sample():
            states = episode.get_extra_model_outputs(Columns.STATE_OUT)[MEMORY]
            # The first number counts the steps of the episode.
            assert states[:, 0].tolist() == [
                episode.t_started + 1 + step for step in range(len(episode))
            ]
            steps += len(episode)
            if episode.t_started:
                before = episode.get_extra_model_outputs(
                    Columns.STATE_OUT, indices=-1, neg_index_as_lookback=True
                )[MEMORY]
                assert np.array_equal(before, last.pop(episode.id_))
            if not episode.is_done:
                last[episode.id_] = states[-1]
    assert steps == 5 * FRAGMENT * GAMES
    episodes = runner.sample()
    began = sum(episode.t_started == 0 for episode in episodes)
    (batch,) = batch_of(learner, episodes).values()
    states = batch[Columns.STATE_IN][MEMORY]
    assert int((states == initial).all(1).sum()) == began > 0


def test_gradients_are_those_of_rllib():
    """RLlib's learner takes padding and bootstrap steps along, and masks them out."""
    config = config_of(ImpalaCNN(memory=LSTM(8, max_seq_len=4)))
    found = []
    for learner_class in (config.learner_class, PPOTorchLearner):
        learner, runner = runner_of(
            config.copy(copy_frozen=False).learners(learner_class=learner_class)
        )
        runner.sample()
        episodes = runner.sample()
        taken = []
        learner.apply_gradients = lambda gradients, taken=taken: taken.append(gradients)
        ours = learner_class is not PPOTorchLearner
        size = sum(map(len, episodes)) if ours else None
        result = learner.update(training_data=TrainingData(episodes=episodes), minibatch_size=size)
        assert len(taken) == 1
        found.append((list(taken[0].values()), result["default_policy"]))
    for our, their in zip(found[0][0], found[1][0], strict=True):
        assert their.abs().max() > 0
        torch.testing.assert_close(our, their, rtol=1e-3, atol=1e-4 * float(their.abs().max()))
    assert -1 <= float(found[0][1]["vf_explained_var"].peek()) <= 1


def test_minibatches_hold_played_sequences():
    learner, runner = runner_of(config_of(ImpalaCNN(memory=LSTM(8, max_seq_len=4))))
    episodes = runner.sample()
    seen = []
    forward = learner.module.forward_train
    learner.module.forward_train = lambda batch: (
        seen.append(dict(batch["default_policy"])),
        forward(batch),
    )[1]
    learner.update(training_data=TrainingData(episodes=episodes), num_epochs=2, minibatch_size=20)
    assert len(seen) >= 4
    for columns in seen:
        lengths = columns[Columns.SEQ_LENS]
        assert lengths.min() >= 1
        assert int(lengths.sum()) == int(columns[Columns.LOSS_MASK].sum()) <= 20
        assert columns[Columns.OBS].shape[:2] == (len(lengths), 4)


@pytest.mark.parametrize(
    ("game", "policies"),
    [(CLUSTERS, "shared"), ("tests/games/outpost.yaml", SelfPlay(snapshot_every=100))],
)
def test_a_runner_goes_on_as_it_would_have(game, policies):
    spec = GriddlyEnvSpec(yaml_file=game, max_steps=13)
    config = config_of(ImpalaCNN(memory=LSTM(8, max_seq_len=4)), spec, policies)
    learner, runner = runner_of(config)
    if isinstance(policies, SelfPlay):
        weights = {k: v + 0.1 for k, v in runner.module["learner"].network.state_dict().items()}
        runner.sampler.matchmaking.set_chances({7: 1.0})
        runner.sampler.matchmaking.add_snapshots({7: weights})
    for _ in range(3):
        runner.sample()
    state = runner.state_dict()
    assert any(seats["memory"].any() for seats in state["seats"])
    _, other = runner_of(config, learner)
    if isinstance(policies, SelfPlay):
        other.sampler.matchmaking.set_chances({7: 1.0})
    other.load_state_dict(state)
    for ours, others in zip(runner.sample(), other.sample(), strict=True):
        assert ours.id_ == others.id_ or ours.t_started == 0
        assert np.array_equal(ours.get_actions(), others.get_actions())
        for column in (Columns.ACTION_LOGP, Columns.VF_PREDS):
            mine, theirs = (e.get_extra_model_outputs(column) for e in (ours, others))
            assert np.array_equal(mine, theirs)


def test_each_snapshot_has_a_state_of_its_own():
    spec = GriddlyEnvSpec(yaml_file="tests/games/outpost.yaml", max_steps=13)
    _, runner = runner_of(config_of(TorchModel(Mixed), spec, SelfPlay(snapshot_every=100)))
    network = runner.module["learner"].network
    snapshot = {name: value.clone() for name, value in network.state_dict().items()}
    snapshot["first"] = torch.full((6,), 5.0)
    matchmaking = runner.sampler.matchmaking
    matchmaking.set_chances({3: 1.0})
    matchmaking.add_snapshots({3: snapshot})
    runner.sampler.begin()
    (seats,) = runner.sampler._seats
    opponents = seats.policy == 4
    assert opponents.sum() == GAMES
    assert (seats.memory[opponents, 1:7] == 5).all()
    assert (seats.memory[~opponents, 1:7] == network.first.numpy()).all()


def test_it_remembers_over_fragments():
    """The guide wins if what it saw at the start reaches the junction, a fragment later."""
    spec = GriddlyEnvSpec(yaml_file=SIGNPOST, levels="random", max_steps=20)
    config = config_of(TorchModel(Guide), spec).env_runners(rollout_fragment_length=4)
    _, runner = runner_of(config)
    ended = [e for _ in range(12) for e in runner.sample() if e.is_done]
    assert len(ended) >= 7 * GAMES
    assert all(episode.get_rewards()[-1] == 1 for episode in ended)


def test_what_does_not_fit_is_a_named_error():
    for model in (GAP(memory=GRU(8)), TorchModel(Mixed)):
        with pytest.raises(AlgorithmError, match="knows nothing of a memory's state"):
            config_of(model, algorithm="DQN")
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS, max_steps=13)
    model = GAP(memory=GRU(8, max_seq_len=16))
    training = {"train_batch_size_per_learner": 256, "minibatch_size": 8}
    settings = Settings(
        spec,
        resolve_policies(spec, "shared", model),
        training=training,
        num_envs_per_env_runner=8,
    )
    with pytest.raises(AlgorithmError, match="minibatch_size=8, max_seq_len=16.*up to 16 steps"):
        algorithm_config(settings)
