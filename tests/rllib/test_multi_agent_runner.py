"""Several players through our runner: who acts, what of it reaches the learner."""

from collections import Counter

import numpy as np
import pytest
import torch

from griddly_lit import GAP, GriddlyEnvSpec, ImpalaCNN
from griddly_lit.engine import Game, load_gdy
from griddly_lit.models.valid_actions import unpack
from griddly_lit.policies import SelfPlay, resolve_policies
from griddly_lit.rllib.config import Settings, algorithm_config
from griddly_lit.rllib.env_runner import GriddlyEnvRunner

FORAGERS = "Multi-Agent/foragers.yaml"
ROBOT_TAG = "Multi-Agent/robot_tag_12.yaml"
RTS = "RTS/GriddlyRTS.yaml"


def make_runner(
    spec, policies="shared", games=4, fragment=10, model="GAP", mode="off", trained=None, **settings
):
    resolved = resolve_policies(spec, policies, model, mode, trained)
    self_play = policies if isinstance(policies, SelfPlay) else None
    config = algorithm_config(
        Settings(
            spec,
            resolved,
            self_play=self_play,
            num_envs_per_env_runner=games,
            seed=1,
            **settings,
        )
    )
    config.env_runners(rollout_fragment_length=fragment)
    runner = GriddlyEnvRunner(config=config, worker_index=0)
    torch.manual_seed(0)
    for policy in resolved:
        network = policy.model.build(policy.observation_shape, policy.head.num_logits)
        runner.module[policy.name].network.load_state_dict(network.state_dict())
    return runner


def whole_episodes(runner, fragments):
    """Joined over fragments, by id, those that ended."""
    chunks = {}
    for _ in range(fragments):
        for episode in runner.sample():
            chunks.setdefault(episode.id_, []).append(episode)
    return [parts for parts in chunks.values() if parts[0].t_started == 0 and parts[-1].is_done]


def rewards_of(parts):
    return np.concatenate([part.get_rewards() for part in parts])


def test_policies_act_for_their_agents():
    spec = GriddlyEnvSpec(yaml_file=FORAGERS, max_steps=15)
    runner = make_runner(
        spec,
        {"odd": [1, 3], "even": [2, 4]},
        model={"odd": GAP(), "even": ImpalaCNN()},
    )
    episodes = runner.sample()
    assert Counter((e.agent_id, e.module_id) for e in episodes if not e.is_done) == {
        (agent, "odd" if agent % 2 else "even"): 4 for agent in range(1, 5)
    }
    assert sum(len(episode) for episode in episodes) == 4 * 4 * 10
    assert len({episode.multi_agent_episode_id for episode in episodes}) == len(episodes)
    for episode in episodes:
        observations = torch.from_numpy(episode.get_observations()[:-1])
        with torch.no_grad():
            logits, _ = runner.module[episode.module_id].network(observations)
        torch.testing.assert_close(
            torch.from_numpy(episode.get_extra_model_outputs("action_dist_inputs")), logits
        )


def test_nothing_of_a_policy_that_does_not_learn_is_kept():
    spec = GriddlyEnvSpec(yaml_file=FORAGERS, max_steps=15)
    runner = make_runner(spec, {"a": [1], "b": [2, 3, 4]}, trained=["a"])
    assert {episode.agent_id for episode in runner.sample()} == {1}
    assert runner.env.observations[3].any()


def test_agents_episodes_are_what_the_engine_plays():
    spec = GriddlyEnvSpec(yaml_file=FORAGERS, max_steps=25)
    runner = make_runner(spec, games=2)
    runner.sample(num_timesteps=2)
    starts = [start for start, _ in runner.env.in_flight()]
    runner = make_runner(spec, games=2)
    found = whole_episodes(runner, 3)
    assert len(found) == 8
    for game, start in enumerate(starts):
        seats = [parts for parts in found if parts[0].id_ in _first_ids(found, game)]
        by_agent = {parts[0].agent_id: parts for parts in seats}
        assert sorted(by_agent) == [1, 2, 3, 4]
        columns = [
            np.concatenate([part.get_actions() for part in by_agent[agent]])
            for agent in (1, 2, 3, 4)
        ]
        alone = Game(load_gdy(spec.text), spec.game, max_steps=spec.max_steps)
        alone.reset(start.level, start.seed)
        total = np.zeros(4)
        for actions in np.stack(columns, axis=1):
            total += alone.step(actions).rewards
        assert [rewards_of(by_agent[agent]).sum() for agent in (1, 2, 3, 4)] == total.tolist()
        assert all(parts[-1].is_truncated for parts in seats)


def _first_ids(found, game):
    # Seats come player by player, and games in order within.
    by_agent = {}
    for parts in found:
        by_agent.setdefault(parts[0].agent_id, []).append(parts[0].id_)
    return {ids[game] for ids in by_agent.values()}


def test_nothing_of_a_player_reaches_the_learner_after_it_left():
    spec = GriddlyEnvSpec(yaml_file=ROBOT_TAG, max_steps=300, player_done_variable="player_done")
    games = 3
    runner = make_runner(spec, games=games, fragment=50)
    left_at = [{} for _ in range(games)]
    begun, expected, returns, steps = [0] * games, [], [], [0]
    step = runner.env.step

    def spying_step(actions):
        ends = step(actions)
        steps[0] += 1
        over = {end.index: end for end in ends}
        for game in range(games):
            for player in np.flatnonzero(runner.env.left[game]):
                left_at[game][player + 1] = steps[0] - begun[game]
            if game in over:
                for player in range(12):
                    length = left_at[game].get(player + 1, over[game].length)
                    expected.append((player + 1, length, player + 1 in left_at[game]))
                    assert over[game].lengths[player] == length
                    returns.append((player + 1, over[game].returns[player]))
                left_at[game], begun[game] = {}, steps[0]
        return ends

    runner.env.step = spying_step
    found = whole_episodes(runner, 24)
    leavers = [entry for entry in expected if entry[2]]
    assert len(leavers) > 20, "nobody left, so nothing was tested"
    lengths = Counter((p[0].agent_id, sum(map(len, p))) for p in found)
    wanted = Counter((agent, length) for agent, length, _ in expected)
    in_flight = Counter((agent, length) for game in left_at for agent, length in game.items())
    assert lengths == wanted + in_flight
    # Who is gone sees nothing, and everyone else at least itself.
    for parts in found:
        assert all(part.get_observations()[:-1].any(axis=(1, 2, 3)).all() for part in parts)
    sums = Counter((p[0].agent_id, float(rewards_of(p).sum())) for p in found)
    for agent, value in returns:
        assert sums[agent, float(value)] > 0
    sampled = sum(len(part) for parts in found for part in parts)
    assert sampled < steps[0] * games * 12


@pytest.mark.parametrize("mode", ["mask", "tree"])
def test_log_probs_are_those_that_the_learner_finds(mode):
    """Drawn, stored, and recomputed by the learner's module: one and the same number."""
    spec = GriddlyEnvSpec(yaml_file=RTS, max_steps=100, actions_per_turn=2)
    runner = make_runner(spec, mode=mode, games=3, fragment=20)
    policy = runner.policies[0]
    module = runner.module["shared"]
    for episode in runner.sample():
        batch = {
            "obs": torch.from_numpy(episode.get_observations()[:-1]),
            "actions": torch.from_numpy(episode.get_actions()),
            **{
                key: torch.from_numpy(np.asarray(episode.get_extra_model_outputs(key)))
                for key in ("action_dist_inputs", "action_logp", "valid_actions")
            },
        }
        output = module._forward_train(batch)
        make = module.get_train_action_dist_cls().from_logits
        current, behaviour = make(output["action_dist_inputs"]), make(batch["action_dist_inputs"])
        for distribution in (current, behaviour):
            torch.testing.assert_close(distribution.logp(batch["actions"]), batch["action_logp"])
        direct = policy.head.distribution(
            batch["action_dist_inputs"][:, : policy.head.num_logits], batch["valid_actions"]
        )
        torch.testing.assert_close(current.entropy(), direct.entropy())
        torch.testing.assert_close(
            current.kl(behaviour), torch.zeros(len(episode)), atol=1e-5, rtol=0
        )


def test_a_tree_draws_valid_actions_only():
    spec = GriddlyEnvSpec(yaml_file=RTS, max_steps=400)
    runner = make_runner(spec, mode="tree", games=4, fragment=60)
    asked = Game(load_gdy(spec.text), spec.game, max_steps=spec.max_steps)
    starts = None
    checked = 0
    for fragment in range(2):
        episodes = runner.sample()
        if fragment == 0:
            starts = [start for start, _ in runner.env.in_flight()]
            for game, start in enumerate(starts):
                asked.reset(start.level, start.seed)
                seats = [e for e in episodes if not e.is_done][game::4]
                columns = np.stack([e.get_actions() for e in seats], axis=1)
                for actions in columns:
                    valid = asked.valid_actions(spec.single_action_nvec)
                    for player, action in enumerate(actions):
                        flat = np.ravel_multi_index(action, spec.single_action_nvec)
                        assert flat in valid[player]
                        checked += 1
                    asked.step(actions)
    assert checked == 4 * 60 * 2


def test_packed_valid_actions_are_the_engines():
    spec = GriddlyEnvSpec(yaml_file=RTS, max_steps=100)
    runner = make_runner(spec, mode="tree", games=3, fragment=15)
    runner.sample()
    (block,) = runner.env.blocks
    valid = unpack(torch.from_numpy(block.valid_actions))
    for seat in range(6):
        player, game = divmod(seat, 3)
        of_seat = runner.env._games[game].valid_actions(spec.single_action_nvec)[player]
        assert valid.flat[valid.item == seat].tolist() == sorted(of_seat)


def test_self_play_seats_the_learner_and_a_snapshot():
    spec = GriddlyEnvSpec(yaml_file=RTS, max_steps=10)
    runner = make_runner(spec, SelfPlay(snapshot_every=100), games=8, fragment=30)
    weights = runner.module["learner"].network.state_dict()
    other = {name: torch.zeros_like(value) for name, value in weights.items()}
    assert runner.sampler.matchmaking.set_chances({0: 0.5, 3: 0.5}) == {0, 3}
    runner.sampler.matchmaking.add_snapshots({0: weights, 3: other})
    episodes = runner.sample()
    # One seat of each game is the learner's, and only that is kept.
    assert sum(len(episode) for episode in episodes) == 8 * 30
    assert {episode.agent_id for episode in episodes} == {1, 2}
    assert {episode.module_id for episode in episodes} == {"learner"}
    metrics = runner.get_metrics()
    matches = metrics["matches"].peek(compile=False)
    assert len(matches) == 8 * 3
    assert {match.snapshot for match in matches} == {0, 3}
    assert all(match.score in (0, 0.5, 1) for match in matches)
    done = [episode for episode in episodes if episode.is_done]
    assert sorted(m.learner_return for m in matches) == sorted(e.get_return() for e in done)
    assert runner.sampler.matchmaking.set_chances({3: 1.0}) == set()
    runner.sample()
    runner.get_metrics()
    runner.sampler.matchmaking.set_chances({3: 1.0})
    assert set(runner.sampler.matchmaking.modules) == {0, 4}
    runner.sample()
    assert {m.snapshot for m in runner.get_metrics()["matches"].peek(compile=False)} == {3}


def test_a_restarted_runner_plays_itself_until_it_knows_the_pool():
    spec = GriddlyEnvSpec(yaml_file=RTS, max_steps=10)
    runner = make_runner(spec, SelfPlay(snapshot_every=100), games=4, fragment=20)
    assert sum(len(episode) for episode in runner.sample()) == 2 * 4 * 20
    assert "matches" not in runner.get_metrics()
    weights = runner.module["learner"].network.state_dict()
    assert runner.sampler.matchmaking.set_chances({0: 1.0}) == {0}
    runner.sampler.matchmaking.add_snapshots({0: weights})
    runner.sample()
    runner.get_metrics()
    assert sum(len(episode) for episode in runner.sample()) == 4 * 20
    assert len(runner.get_metrics()["matches"].peek(compile=False)) == 4 * 2
