import pytest

from games import CORRIDOR
from griddly_lit import GAP, GriddlyEnvSpec, ImpalaCNN
from griddly_lit.errors import GriddlyLitError, ModelError, OptionError, PolicyError
from griddly_lit.policies import SelfPlay, resolve_policies

GRIDMAN = "recipes/games/gridman.yaml"


@pytest.fixture(scope="module")
def foragers():
    return GriddlyEnvSpec(yaml_file="Multi-Agent/foragers.yaml", max_steps=10)


@pytest.fixture(scope="module")
def gridman():
    observers = ["GridmanView", "ChaserView", "ChaserView", "ChaserView"]
    return GriddlyEnvSpec(yaml_file=GRIDMAN, max_steps=10, player_observer_type=observers)


def agents_of(policies):
    return {policy.name: policy.agents for policy in policies}


def test_ways_to_choose_policies(foragers):
    assert agents_of(resolve_policies(foragers, "shared", "GAP")) == {"shared": (1, 2, 3, 4)}
    assert agents_of(resolve_policies(foragers, "independent", "GAP")) == {
        f"agent_{agent}": (agent,) for agent in (1, 2, 3, 4)
    }
    own = resolve_policies(foragers, {"a": [4, 1], "b": [2, 3]}, {"a": "GAP", "b": ImpalaCNN()})
    assert agents_of(own) == {"a": (4, 1), "b": (2, 3)}
    assert [policy.model for policy in own] == [GAP(), ImpalaCNN()]
    only = GriddlyEnvSpec(yaml_string=CORRIDOR)
    for policies in ("shared", "independent"):
        assert agents_of(resolve_policies(only, policies, "GAP")) == {"default_policy": (1,)}


def test_those_that_learn(foragers):
    policies = resolve_policies(foragers, "independent", "GAP", train_policies=["agent_2"])
    assert [policy.trained for policy in policies] == [False, True, False, False]


def test_each_policy_has_the_shape_that_its_agents_see(gridman):
    runner, chaser = resolve_policies(gridman, {"runner": [1], "chaser": [2, 3, 4]}, "GAP")
    assert runner.observation_shape == (9, 9, 4)
    assert chaser.observation_shape == (5, 5, 4)


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (PolicyError, "policies='alone': there are no such", {"policies": "alone"}),
        (PolicyError, r"agents without a policy: \[3, 4\]", {"policies": {"a": [1, 2]}}),
        (PolicyError, r"several policies: \[2\]", {"policies": {"a": [1, 2], "b": [2, 3, 4]}}),
        (PolicyError, r"no agents of this game: \['0', '5'\]", {"policies": {"a": [0, 1, 5]}}),
        (PolicyError, "without agents", {"policies": {"a": [1, 2, 3, 4], "b": []}}),
        (
            PolicyError,
            "'b' has no model",
            {"policies": {"a": [1], "b": [2, 3, 4]}, "model": {"a": "GAP"}},
        ),
        (PolicyError, "model: 'shard'.*Did you mean 'shared'", {"model": {"shard": "GAP"}}),
        (PolicyError, "train_policies: 'agent_9'", {"train_policies": ["agent_9"]}),
        (PolicyError, "'a/b': the name is part", {"policies": {"a/b": [1, 2, 3, 4]}}),
        (PolicyError, "nothing would learn", {"train_policies": []}),
        (ModelError, "Did you mean 'GAP'", {"model": "GaP"}),
        (OptionError, "valid_actions='trees'", {"valid_actions": "trees"}),
    ],
)
def test_bad_policies_are_named(foragers, error, message, arguments):
    defaults = {"policies": "shared", "model": "GAP"}
    with pytest.raises(error, match=message) as caught:
        resolve_policies(foragers, **{**defaults, **arguments})
    assert isinstance(caught.value, GriddlyLitError)


def test_agents_of_one_policy_see_one_shape(gridman):
    with pytest.raises(PolicyError, match=r"different shapes.*Give agents of each shape a policy"):
        resolve_policies(gridman, "shared", "GAP")


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("nothing says when", {}),
        ("snapshot_every=0", {"snapshot_every": 0}),
        ("win_rate=1.5", {"win_rate": 1.5}),
        ("pool_size=1", {"snapshot_every": 1, "pool_size": 1}),
        ("opponent='best'", {"snapshot_every": 1, "opponent": "best"}),
    ],
)
def test_bad_self_play_is_named(message, arguments):
    with pytest.raises(OptionError, match=message):
        SelfPlay(**arguments)


def test_self_play_needs_company():
    with pytest.raises(PolicyError, match="has one player"):
        resolve_policies(GriddlyEnvSpec(yaml_string=CORRIDOR), SelfPlay(snapshot_every=1), "GAP")
