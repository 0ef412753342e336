from collections import Counter

import numpy as np
import pytest

from games import CORRIDOR, DOWN, LEFT, RIGHT
from griddly_lit.engine import Game, load_gdy, parse_game, probe, read_game
from griddly_lit.tracking.events import count_events, count_outcomes, flatten, no_counts


def make(text, **options):
    info, _ = probe(text, parse_game(text, "test"), "test", "Vector")
    return Game(load_gdy(text), info, record_events=True, **options)


def test_every_action_but_the_no_op_is_counted():
    game = make(CORRIDOR)
    game.reset(1, seed=1)
    for action in (LEFT, DOWN, RIGHT, DOWN, 0):  # The second DOWN is against a wall.
        game.step([[action]])
    assert flatten(count_events(game.take_events())) == {"agent_info/1/move": 4}
    assert count_events(game.take_events()) == {}


def test_a_win_is_counted_for_the_only_agent_which_is_agent_1():
    game = make(CORRIDOR)
    game.reset(0, seed=1)
    counts = no_counts(1, game.info.action_names)
    for _ in range(3):
        result = game.step([[RIGHT]])
    counts.update(count_events(game.take_events()))
    counts.update(count_outcomes(result.outcomes))
    assert flatten(counts) == {
        "agent_info/1/move": 3,
        "agent_info/1/win": 1,
        "agent_info/1/lose": 0,
        "agent_info/1/end": 0,
    }


def test_the_step_limit_is_no_outcome():
    game = make(CORRIDOR, max_steps=1)
    game.reset(0, seed=1)
    assert count_outcomes(game.step([[LEFT]]).outcomes) == {}


@pytest.mark.parametrize(
    ("name", "agents", "actions"),
    [
        ("Multi-Agent/foragers.yaml", 4, {"move", "gather"}),
        ("Multi-Agent/robot_tag_4.yaml", 4, {"move", "tag"}),
        ("Single-Player/GVGAI/butterflies.yaml", 1, {"move"}),
        ("Single-Player/GVGAI/zelda.yaml", 1, {"move", "attack"}),
    ],
)
def test_fetching_once_a_fragment_counts_what_fetching_each_step_does(name, agents, actions):
    text = read_game(name)
    fragment, each_step = Counter(), Counter()
    for fetches in ("fragment", "step"):
        game = make(text)
        game.reset(0, seed=3)
        rng = np.random.default_rng(3)
        size = (agents, len(game.info.action_nvec))
        for step in range(200):
            result = game.step(rng.integers(0, game.info.action_nvec, size))
            if fetches == "step":
                for event in game.take_events():
                    if event["PlayerId"]:
                        each_step[event["PlayerId"], event["ActionName"]] += 1
            elif step % 50 == 49 or result.terminated:
                fragment.update(count_events(game.take_events()))
            if result.terminated:
                break
    assert fragment == each_step
    assert {agent for agent, _ in fragment} == set(range(1, agents + 1))
    assert {action for _, action in fragment} == actions
    # The environment acts as well, and is no agent.
    assert all(key.startswith("agent_info/") for key in flatten(fragment))
    assert not any(key.startswith("agent_info/0/") for key in flatten(fragment))


def test_outcomes_are_counted_agent_by_agent_and_add_up():
    counts = no_counts(2, ["move"])
    counts.update(count_outcomes(("win", "lose")))
    counts.update(count_outcomes(("win", "lose")))
    counts.update(count_outcomes(("end", "end")))
    assert flatten(counts) == {
        "agent_info/1/end": 1,
        "agent_info/1/lose": 0,
        "agent_info/1/move": 0,
        "agent_info/1/win": 2,
        "agent_info/2/end": 1,
        "agent_info/2/lose": 2,
        "agent_info/2/move": 0,
        "agent_info/2/win": 0,
    }
