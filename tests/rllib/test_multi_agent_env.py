import numpy as np
import pytest
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.env.multi_agent_env_runner import MultiAgentEnvRunner
from ray.rllib.utils.pre_checks.env import check_multiagent_environments
from ray.tune.registry import register_env

from griddly_lit import GriddlyEnvSpec, GriddlyMultiAgentEnv, GriddlyParallelEnv, bundled_games
from griddly_lit.errors import ActionError, EpisodeError

MULTI_PLAYER = [game for game in bundled_games() if not game.startswith("Single-Player")]


def spec_of(game, **options):
    if "robot_tag" in game:
        options["player_done_variable"] = "player_done"
    # The other levels of GriddlyRTS are broken as shipped.
    levels = 0 if "GriddlyRTS" in game else "random"
    return GriddlyEnvSpec(yaml_file=game, **{"levels": levels, "max_steps": 60, **options})


@pytest.fixture(scope="module")
def robot_tag():
    return spec_of("Multi-Agent/robot_tag_12.yaml", levels=0, max_steps=100)


# A game of one step ends in the only step that the check plays.
@pytest.mark.parametrize("max_steps", [60, 1])
@pytest.mark.parametrize("game", MULTI_PLAYER)
def test_rllib_check_passes(game, max_steps):
    assert len(MULTI_PLAYER) == 8
    env = GriddlyMultiAgentEnv(spec_of(game, max_steps=max_steps))
    check_multiagent_environments(env)
    for agent in env.possible_agents:
        assert env.get_observation_space(agent) is env.observation_spaces[agent]
        assert env.get_action_space(agent) is env.action_spaces[agent]
    env.close()


def test_it_plays_the_episodes_of_the_parallel_env(robot_tag):
    env, other = GriddlyMultiAgentEnv(robot_tag), GriddlyParallelEnv(robot_tag)
    rng = np.random.default_rng(0)
    left = 0
    for seed in (0, None, None, 4):
        np.testing.assert_equal(env.reset(seed=seed), other.reset(seed=seed))
        over = False
        while not over:
            actions = {agent: rng.integers([2, 5]) for agent in other.agents}
            observations, rewards, terminated, truncated, infos = env.step(actions)
            same = other.step(actions)
            over = terminated.pop("__all__") or truncated["__all__"]
            np.testing.assert_equal((observations, rewards), same[:2])
            assert (terminated, infos) == (same.terminated, same.infos)
            assert truncated == {"__all__": any(same.truncated.values())}
            assert over == (not other.agents)
            assert env.agents == list(observations)
            left += not over and any(terminated.values())
    assert left > 0


def test_rllib_samples_it_and_tells_time_outs_from_ends(robot_tag):
    register_env("robot_tag", lambda config: GriddlyMultiAgentEnv(robot_tag))
    config = (
        PPOConfig()
        .environment("robot_tag")
        .env_runners(num_envs_per_env_runner=2)
        .multi_agent(policies={"robot"}, policy_mapping_fn=lambda *args, **kwargs: "robot")
        .rl_module(rl_module_spec=RLModuleSpec(model_config={"conv_filters": [[4, 3, 1]]}))
    )
    runner = MultiAgentEnvRunner(config=config)
    episodes = runner.sample(num_episodes=12, random_actions=True)
    early = timed_out = 0
    for episode in episodes:
        assert episode.is_terminated != episode.is_truncated
        for agent in episode.agent_episodes.values():
            left = agent.get_rewards(-1) in (-7.0, -5.0)
            assert agent.is_terminated == (left or episode.is_terminated)
            if len(agent) < episode.env_t:
                assert left
                early += 1
            elif not agent.is_terminated:
                assert agent.is_truncated
                timed_out += 1
    assert early > 0
    assert timed_out > 0
    runner.stop()


def test_wrong_use_is_a_named_error():
    env = GriddlyMultiAgentEnv(yaml_file="Multi-Agent/foragers.yaml", max_steps=1)
    with pytest.raises(EpisodeError):
        env.step({agent: [0, 0] for agent in env.possible_agents})
    env.reset(seed=1)
    with pytest.raises(ActionError, match=r"agents \[2, 3, 4\] have no action"):
        env.step({1: [0, 0]})
