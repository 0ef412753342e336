import pytest
import torch
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.core.columns import Columns
from ray.rllib.core.learner.training_data import TrainingData

from conftest import CLUSTERS, ZELDA
from games import CORRIDOR
from griddly_lit import GAP, GriddlyEnvSpec
from griddly_lit.policies import resolve_policies
from griddly_lit.rllib.config import Settings, algorithm_config
from griddly_lit.rllib.env_runner import GriddlyEnvRunner
from griddly_lit.rllib.learner import DQNLearner, PPOLearner

FORAGERS = "Multi-Agent/foragers.yaml"


def config_of(game=ZELDA, precision="32-true", **training):
    spec = GriddlyEnvSpec(yaml_file=game, max_steps=7)
    settings = Settings(
        spec,
        resolve_policies(spec, "shared", GAP()),
        training={"train_batch_size_per_learner": 80, "minibatch_size": 40, **training},
        num_envs_per_env_runner=4,
        precision=precision,
        seed=1,
    )
    return algorithm_config(settings)


def learner_and_episodes(config):
    """Returns a learner, and episodes that a runner with its weights has sampled."""
    torch.manual_seed(0)
    learner = config.build_learner()
    runner = GriddlyEnvRunner(config=config, worker_index=0)
    weights = learner.module.get_state(inference_only=True)
    runner.set_state({"rl_module": weights})
    return learner, runner.sample()


def gradients_of_one_update(learner, episodes, minibatch_size):
    taken = []
    apply = learner.apply_gradients
    learner.apply_gradients = lambda gradients: (
        taken.append({p: g.clone() for p, g in gradients.items()}),
        apply(gradients),
    )
    learner.update(training_data=TrainingData(episodes=episodes), minibatch_size=minibatch_size)
    return list(taken[0].values())


def parameters(learner):
    return [p for module in learner.module.values() for p in module.parameters()]


@pytest.mark.parametrize("game", [ZELDA, FORAGERS])
def test_gradients_are_those_of_rllib(game):
    """RLlib's learner computes all values anew and masks the bootstrap steps out."""
    config = config_of(game)
    stock = config.copy(copy_frozen=False).learners(learner_class=PPOTorchLearner)
    learner, episodes = learner_and_episodes(config)
    ours = gradients_of_one_update(learner, episodes, sum(map(len, episodes)))
    learner, episodes = learner_and_episodes(stock)
    for episode in episodes:
        del episode.extra_model_outputs[Columns.VF_PREDS]
    theirs = gradients_of_one_update(learner, episodes, None)
    for our, their in zip(ours, theirs, strict=True):
        assert their.abs().max() > 0
        torch.testing.assert_close(our, their, rtol=1e-3, atol=1e-4 * float(their.abs().max()))


def test_steps_are_those_of_rllib():
    config = config_of()
    ours, _ = learner_and_episodes(config)
    theirs, _ = learner_and_episodes(
        config.copy(copy_frozen=False).learners(learner_class=PPOTorchLearner)
    )
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        gradients = [torch.randn(p.shape, generator=generator) for p in parameters(ours)]
        for learner in (ours, theirs):
            learner.apply_gradients(dict(zip(parameters(learner), gradients, strict=True)))
    for our, their in zip(parameters(ours), parameters(theirs), strict=True):
        torch.testing.assert_close(our, their, rtol=0, atol=1e-7)


def test_a_gradient_that_is_not_finite_is_left_to_rllib(caplog):
    learner, _ = learner_and_episodes(config_of())
    before = [p.detach().clone() for p in parameters(learner)]
    gradients = {p: torch.ones_like(p) for p in parameters(learner)}
    next(iter(gradients.values())).view(-1)[0] = float("nan")
    with caplog.at_level("WARNING", logger="ray.rllib"):
        learner.apply_gradients(gradients)
    assert "contain `nan/inf` values" in caplog.text
    for was, now in zip(before, parameters(learner), strict=True):
        assert now.isfinite().all()
        assert not torch.equal(was, now)


def test_only_played_steps_are_learned_from():
    learner, episodes = learner_and_episodes(config_of())
    played = sum(len(episode) for episode in episodes)
    assert any(episode.is_done for episode in episodes)
    rows = []
    forward = learner.module.forward_train
    learner.module.forward_train = lambda batch: (
        rows.append(sum(len(columns[Columns.OBS]) for columns in batch.values())),
        forward(batch),
    )[1]
    learner.update(
        training_data=TrainingData(episodes=episodes), num_epochs=2, minibatch_size=played // 2
    )
    assert rows == [played // 2] * 4


def test_each_distinct_observation_of_a_minibatch_goes_through_the_network_once():
    learner, episodes = learner_and_episodes(config_of(CLUSTERS))
    module = learner.module["default_policy"]
    asked, shown = [], []
    forward = module.forward_train
    module.forward_train = lambda batch: (asked.append(batch[Columns.OBS].clone()), forward(batch))[
        1
    ]
    module.network.register_forward_pre_hook(
        lambda _, inputs: shown.append(inputs[0]) if torch.is_grad_enabled() else None
    )
    learner.update(training_data=TrainingData(episodes=episodes), minibatch_size=40)
    assert len(asked) == len(shown) > 0
    for batch, rows in zip(asked, shown, strict=True):
        assert len(rows) == len(rows.unique(dim=0)) == len(batch.unique(dim=0)) < len(batch)


def test_values_found_while_acting_are_the_modules():
    learner, episodes = learner_and_episodes(config_of())
    module = learner.module["default_policy"]
    for episode in episodes:
        observations = torch.from_numpy(episode.get_observations())
        torch.testing.assert_close(
            torch.from_numpy(episode.get_extra_model_outputs(Columns.VF_PREDS)),
            module.compute_values({Columns.OBS: observations[:-1]}),
        )
        # The learner's batch has a step more, whose value acting did not need: only that one is
        # computed, the others are taken as they are.
        played = torch.arange(len(observations)) < len(episode)
        batch = {
            Columns.OBS: observations,
            Columns.VF_PREDS: torch.full((len(observations),), 99.0),
            Columns.LOSS_MASK: played,
        }
        values = module.compute_values(batch)
        assert (values[played] == 99).all()
        last = module.compute_values({Columns.OBS: observations[-1:]})
        torch.testing.assert_close(values[~played], last)


def test_random_actions_come_without_values():
    config = config_of()
    runner = GriddlyEnvRunner(config=config, worker_index=0)
    for episode in runner.sample(random_actions=True):
        assert Columns.VF_PREDS not in episode.extra_model_outputs


def test_the_learner_is_the_algorithms_unless_the_user_brings_one():
    class Mine(PPOTorchLearner):
        pass

    spec = GriddlyEnvSpec(yaml_string=CORRIDOR, levels=0)
    policies = resolve_policies(spec, "shared", GAP())
    for algorithm, expected in (
        ("PPO", PPOLearner),
        (PPOConfig(), PPOLearner),
        ("DQN", DQNLearner),
        (PPOConfig().learners(learner_class=Mine), Mine),
    ):
        config = algorithm_config(Settings(spec, policies, algorithm=algorithm))
        assert config.learner_class is expected


def test_bfloat16_acts_and_learns_alike_around_float32_weights():
    learner, episodes = learner_and_episodes(config_of(precision="bf16-mixed"))
    exact, same_episodes = learner_and_episodes(config_of())
    module = learner.module["default_policy"]
    seen = []
    module.network.body[-2].register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    batch = {Columns.OBS: torch.from_numpy(episodes[0].get_observations()[:-1])}
    outputs = module.forward_train(batch)
    assert seen == [torch.bfloat16]
    logits = outputs[Columns.ACTION_DIST_INPUTS]
    assert logits.dtype == outputs[Columns.EMBEDDINGS].dtype == torch.float32
    acted = torch.from_numpy(episodes[0].get_extra_model_outputs(Columns.ACTION_DIST_INPUTS))
    for each in (logits, acted):
        assert torch.equal(each, each.bfloat16().float())
    in_float32 = exact.module["default_policy"].forward_train(batch)[Columns.ACTION_DIST_INPUTS]
    rounding = float(2**-8 * in_float32.detach().abs().max())
    torch.testing.assert_close(logits, acted, rtol=0, atol=2 * rounding)
    torch.testing.assert_close(logits, in_float32, rtol=0, atol=4 * rounding)
    assert not torch.equal(logits, in_float32)
    gradients = gradients_of_one_update(learner, episodes, sum(map(len, episodes)))
    wanted = gradients_of_one_update(exact, same_episodes, sum(map(len, same_episodes)))
    assert {p.dtype for p in parameters(learner)} == {torch.float32}
    assert {gradient.dtype for gradient in gradients} == {torch.float32}
    together = [torch.cat([g.flatten() for g in each]) for each in (gradients, wanted)]
    assert torch.cosine_similarity(*together, dim=0) > 0.9


@pytest.mark.parametrize("game", [ZELDA, CLUSTERS])
def test_the_change_of_the_policy_is_that_of_its_probabilities(game):
    config = config_of(game, clip_param=0.01)
    learner, episodes = learner_and_episodes(config)
    with torch.no_grad():
        for parameter in parameters(learner):
            parameter.add_(0.02 * torch.randn_like(parameter))
    played = [step for episode in episodes for step in range(len(episode))]
    module = learner.module["default_policy"]
    log_ratios = []
    for episode in episodes:
        observations = torch.from_numpy(episode.get_observations()[:-1])
        logits = module.forward_train({Columns.OBS: observations})[Columns.ACTION_DIST_INPUTS]
        actions = torch.from_numpy(episode.get_actions()).reshape(len(episode), -1)
        parts = logits.detach().split(module.head.all_parts, -1)
        now = sum(
            part.log_softmax(-1).gather(1, action[:, None])[:, 0]
            for part, action in zip(parts, actions.T, strict=True)
        )
        then = torch.from_numpy(episode.get_extra_model_outputs(Columns.ACTION_LOGP))
        log_ratios.append(now - then)
    ratio = torch.cat(log_ratios).exp()
    logged = learner.update(
        training_data=TrainingData(episodes=episodes), num_epochs=1, minibatch_size=len(played)
    )["default_policy"]
    kl, clipped = (ratio - 1 - ratio.log()).mean(), ((ratio - 1).abs() > 0.01).float().mean()
    assert kl > 1e-4
    assert clipped > 0
    assert float(logged["approximate_kl"].peek()) == pytest.approx(float(kl), rel=1e-2, abs=1e-6)
    assert float(logged["clip_fraction"].peek()) == pytest.approx(float(clipped), abs=1e-3)
