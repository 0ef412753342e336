import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from conftest import CLUSTERS, ZELDA
from games import CORRIDOR
from griddly_lit import GriddlyEnvSpec, ImpalaCNN, TorchModel, VideoRecording
from griddly_lit.engine import Game, load_gdy
from griddly_lit.models import Factored
from griddly_lit.policies import resolve_policies
from griddly_lit.rllib.config import Settings, algorithm_config
from griddly_lit.rllib.env_runner import GriddlyEnvRunner

IMPALA = ImpalaCNN()


class Normalised(nn.Module):
    """Normalises over the batch."""

    def __init__(self, observation_shape, num_logits):
        super().__init__()
        self.norm = nn.BatchNorm1d(math.prod(observation_shape))
        self.heads = nn.Linear(math.prod(observation_shape), num_logits + 1)

    def forward(self, observations):
        outputs = self.heads(self.norm(observations.flatten(1).float()))
        return outputs[:, :-1], outputs[:, -1]


def make_runner(spec, model=IMPALA, games=4, fragment=10, **settings):
    policies = resolve_policies(spec, "shared", model)
    config = algorithm_config(
        Settings(spec, policies, num_envs_per_env_runner=games, seed=1, **settings)
    )
    config.env_runners(rollout_fragment_length=fragment)
    runner = GriddlyEnvRunner(config=config, worker_index=0)
    # The learner's part: acting modules start without weights.
    torch.manual_seed(0)
    shape, logits = spec.observation_shapes[0], sum(spec.action_nvec)
    runner.module.network.load_state_dict(model.build(shape, logits).state_dict())
    return runner


@pytest.mark.parametrize("game", [CLUSTERS, ZELDA])
def test_episodes_are_what_the_engine_plays(game):
    """Joined over fragments, every column equals the same episode played by hand."""
    spec = GriddlyEnvSpec(yaml_file=game, levels="random", max_steps=25)
    runner = make_runner(spec)
    chunks, starts = {}, {}
    runner.sample(num_timesteps=4)
    for fragment in range(8):
        if fragment == 0:
            runner.sample(force_reset=True, num_timesteps=0)
            starts = dict(
                zip(runner.sampler._seats[0].episodes, runner.env.in_flight(), strict=True)
            )
        for episode in runner.sample():
            chunks.setdefault(episode.id_, []).append(episode)
    whole = [parts for id_, parts in chunks.items() if id_ in starts and parts[-1].is_done]
    assert len(whole) == 4
    for parts in whole:
        (start, _) = starts[parts[0].id_]
        alone = Game(load_gdy(spec.text), spec.game, max_steps=spec.max_steps)
        alone.reset(start.level, start.seed)
        step = 0
        for part in parts:
            assert part.is_numpy
            assert part.t_started == step
            observations = part.get_observations()
            assert len(observations) == len(part) + 1
            for t in range(len(part)):
                assert np.array_equal(padded(alone.observation(), observations[t]), observations[t])
                action = np.atleast_1d(part.get_actions(t))
                result = alone.step(action[np.newaxis])
                assert result.rewards[0] == part.get_rewards(t)
                step += 1
            last = observations[-1]
            assert np.array_equal(padded(alone.observation(), last), last)
        assert parts[-1].is_terminated == result.terminated
        assert parts[-1].is_truncated == result.truncated
        assert not any(part.is_done for part in parts[:-1])


def padded(observation, like):
    array = np.zeros_like(like)
    array[: observation.shape[0], : observation.shape[1]] = observation
    return array


def test_log_probs_are_those_of_the_module():
    spec = GriddlyEnvSpec(yaml_file=ZELDA, max_steps=50)
    runner = make_runner(spec)
    for episode in runner.sample():
        observations = torch.from_numpy(episode.get_observations()[:-1])
        with torch.no_grad():
            logits, _ = runner.module.network(observations)
        torch.testing.assert_close(
            torch.from_numpy(episode.get_extra_model_outputs("action_dist_inputs")), logits
        )
        actions = torch.from_numpy(episode.get_actions())
        torch.testing.assert_close(
            torch.from_numpy(episode.get_extra_model_outputs("action_logp")),
            Factored(logits, spec.action_nvec).log_prob(actions),
        )


def test_each_distinct_view_goes_through_the_network_once_until_the_weights_change():
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR, levels=[0, 1], max_steps=15)
    runner = make_runner(spec, games=8, fragment=40)
    module, seen = runner.module, []
    module.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))

    def observations(episodes):
        return torch.cat([torch.from_numpy(e.get_observations()[:-1]) for e in episodes])

    played = observations(runner.sample())
    shown = torch.cat(seen)
    assert len(shown) == len(shown.unique(dim=0)) == len(played.unique(dim=0)) < 8 * 40 / 10
    weights = ImpalaCNN().build(spec.observation_shapes[0], sum(spec.action_nvec)).state_dict()
    runner.set_state({"rl_module": {f"network.{name}": w for name, w in weights.items()}})
    episodes = runner.sample()
    with torch.no_grad():
        logits, _ = module.network(observations(episodes))
    acted = [torch.from_numpy(e.get_extra_model_outputs("action_dist_inputs")) for e in episodes]
    torch.testing.assert_close(torch.cat(acted), logits)


def test_a_network_that_looks_at_the_whole_batch_gets_the_whole_batch():
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR, levels=[0, 1], max_steps=15)
    runner = make_runner(spec, TorchModel(Normalised), games=8, fragment=5)
    rows = []
    runner.module.network.register_forward_hook(lambda _, inputs, __: rows.append(len(inputs[0])))
    runner.sample()
    assert rows == [8] * 5


def test_steps_episodes_and_metrics_agree():
    spec = GriddlyEnvSpec(yaml_string=CORRIDOR, levels=[0, 1], max_steps=15)
    runner = make_runner(spec, games=8, fragment=40)
    runner.sample(num_timesteps=0)
    episodes = runner.sample()
    assert sum(len(episode) for episode in episodes) == 8 * 40
    done = [episode for episode in episodes if episode.is_done]
    metrics = runner.get_metrics()
    peek = {name: metrics[name].peek() for name in ("num_env_steps_sampled", "num_episodes")}
    assert peek == {"num_env_steps_sampled": 320, "num_episodes": len(done)}
    returns = [episode.get_return() for episode in done]
    assert metrics["episode_return_mean"].peek() == pytest.approx(np.mean(returns[-100:]))
    assert metrics["episode_len_mean"].peek() == pytest.approx(
        np.mean([len(episode) for episode in done])
    )
    facts = [
        ((e.get_return(),), len(e), (e.is_terminated and e.get_rewards(-1) > 0,)) for e in done
    ]
    assert metrics["episodes"].peek(compile=False) == facts


def test_without_exploration_the_best_action_is_taken():
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS, max_steps=50)
    for episode in make_runner(spec).sample(explore=False):
        logits = episode.get_extra_model_outputs("action_dist_inputs")
        assert np.array_equal(episode.get_actions(), logits.argmax(-1))


def test_num_episodes_samples_until_they_ended():
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS, max_steps=12)
    episodes = make_runner(spec).sample(num_episodes=6)
    assert sum(episode.is_done for episode in episodes) >= 6


def test_dqn_explores_by_its_schedule():
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS, max_steps=50)
    runner = make_runner(
        spec,
        games=64,
        fragment=20,
        algorithm="DQN",
        training={"epsilon": [[0, 1.0], [10_000, 0.1]]},
    )

    def share_of_best():
        best = total = 0
        for episode in runner.sample():
            with torch.no_grad():
                q, _ = runner.module.network(torch.from_numpy(episode.get_observations()[:-1]))
            best += int((q.argmax(-1).numpy() == episode.get_actions()).sum())
            total += len(episode)
        return best / total

    # Uniform over 4 actions at first; 0.9 + 0.1 / 4 of best ones at the end.
    assert share_of_best() == pytest.approx(0.25, abs=0.1)
    runner.num_env_steps_sampled_lifetime = 10_000
    assert share_of_best() == pytest.approx(0.925, abs=0.03)


def test_same_seed_same_samples_other_worker_others():
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS, levels="random", max_steps=50)

    def actions(worker_index):
        policies = resolve_policies(spec, "shared", ImpalaCNN())
        config = algorithm_config(Settings(spec, policies, num_envs_per_env_runner=4, seed=1))
        config.env_runners(rollout_fragment_length=30)
        runner = GriddlyEnvRunner(config=config, worker_index=worker_index)
        return [e.get_actions().tolist() for e in runner.sample(random_actions=True)]

    assert actions(1) == actions(1)
    assert actions(1) != actions(2)


def test_a_runner_in_its_own_process_imports_no_loggers():
    """What ray unpickles in a worker must not pay for Lightning and W&B."""
    script = (
        "import sys, griddly_lit.rllib.config, griddly_lit.rllib.env_runner\n"
        "names = ('lightning', 'torchmetrics', 'wandb', 'matplotlib', 'gym', 'griddly')\n"
        "print([name for name in names if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("interval", "runners", "expected"),
    [
        # 1,600 steps of the run, 400 of each of 4 games: 20 a whole episode.
        ({"every_env_steps": 400}, 1, [4]),
        # They take turns.
        ({"every_env_steps": 200}, 2, [4, 4]),
        # 200 steps of the first game of each.
        ({"every_steps_per_env": 100}, 1, [4]),
        ({"every_steps_per_env": 100}, 2, [2, 2]),
    ],
)
def test_first_games_are_recorded_once_an_interval(interval, runners, expected):
    spec = GriddlyEnvSpec(yaml_file=CLUSTERS, levels=1, max_steps=20)
    policies = resolve_policies(spec, "shared", IMPALA)
    config = algorithm_config(
        Settings(
            spec,
            policies,
            num_envs_per_env_runner=4,
            seed=1,
            num_env_runners=0 if runners == 1 else runners,
            video=VideoRecording(**interval),
        )
    )
    workers = [0] if runners == 1 else range(1, runners + 1)
    recorded = []
    for worker in workers:
        runner = GriddlyEnvRunner(config=config, worker_index=worker)
        for _ in range(20 // runners):
            runner.sample(num_timesteps=4 * 20, random_actions=True)
        replays = runner.take_replays()
        assert all(replay.length == 20 or replay.terminated for replay in replays)
        recorded.append(len(replays))
    assert recorded == expected
