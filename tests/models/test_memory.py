"""Models with a memory: their specs, their checks, and one network step by step and in sequences."""

import json

import pytest
import torch
from torch import nn

from griddly_lit import GAP, GRU, LSTM, ImpalaCNN, SimpleConv, TorchModel
from griddly_lit.errors import GriddlyLitError, ModelError
from griddly_lit.models import (
    Answers,
    StateLayout,
    check_model,
    may_be_asked_once,
    model_from_dict,
    summarize,
    unroll,
)
from memory_models import Guide, Mixed, Pair

SHAPE = (3, 4, 5)
MODELS = [
    SimpleConv(memory=LSTM(16)),
    GAP(memory=GRU(8)),
    ImpalaCNN(memory=LSTM(12)),
    TorchModel(Mixed, max_seq_len=5),
    TorchModel(Pair, units=3),
]


@pytest.mark.parametrize("spec", MODELS, ids=repr)
def test_specs_go_to_json_and_back(spec):
    again = model_from_dict(json.loads(json.dumps(spec.to_dict())), ["memory_models"])
    assert again == spec
    assert again.max_seq_len == spec.max_seq_len
    assert again.has_memory
    assert spec.is_saved_as(json.loads(json.dumps(spec.to_dict())))


def test_a_model_without_memory_is_saved_as_ever():
    assert SimpleConv().to_dict() == {"name": "SimpleConv"}
    assert not SimpleConv().has_memory
    assert "memory" not in dict(check_model(GAP(), SHAPE, 5).named_children())


def test_max_seq_len():
    assert SimpleConv(memory=LSTM(16)).max_seq_len == TorchModel(Mixed).max_seq_len == 32
    assert GAP(memory=GRU(16, max_seq_len=7)).max_seq_len == 7
    assert TorchModel(Mixed, max_seq_len=9).max_seq_len == 9
    assert TorchModel(Mixed).completed(TorchModel(Mixed, units=4).to_dict()).kwargs == {"units": 4}


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        (lambda: SimpleConv(memory=256), r"memory=256: this is no memory.*LSTM\(256\)"),
        (lambda: GAP(memory=LSTM), "this is no memory"),
        (lambda: LSTM(0), "units=0"),
        (lambda: GRU(16, max_seq_len=2.5), "max_seq_len=2.5"),
        (lambda: TorchModel(nn.Linear, max_seq_len=3), "A module with initial_state has a memory"),
        (lambda: TorchModel(Mixed, once_each=True), "sees every observation"),
        (lambda: TorchModel(Mixed, max_seq_len=0), "max_seq_len=0"),
        (
            lambda: model_from_dict({"name": "GAP", "memory": {"name": "GRUU", "units": 3}}),
            "there is no memory of this name.*GRU",
        ),
        (
            lambda: model_from_dict({"name": "GAP", "memory": {"name": "GRU", "layers": 3}}),
            "GRU has no such setting",
        ),
        (lambda: model_from_dict({"name": "GAP", "memory": {"name": "GRU"}}), "describes no model"),
        (lambda: model_from_dict({"name": "GAP", "memory": 3}), "this is no memory"),
    ],
)
def test_faulty_specs_are_named_errors(faulty, message):
    with pytest.raises(GriddlyLitError, match=message):
        faulty()


class NoState(Mixed):
    def initial_state(self):
        return None


class Empty(Mixed):
    def initial_state(self):
        return torch.zeros(0)


class Forgets(Mixed):
    def forward(self, observations, state):
        return super().forward(observations, state)[:2]


class Grows(Pair):
    def forward(self, observations, state):
        logits, values, (h, _) = super().forward(observations, state)
        return logits, values, (h, torch.cat([h, h], 1))


class Other(Pair):
    def forward(self, observations, state):
        logits, values, (h, _) = super().forward(observations, state)
        return logits, values, h


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (NoState, r"initial_state\(\) gives no state"),
        (Empty, "no numbers in it"),
        (Forgets, r"returns tuple, not two tensors and a state.*\(logits, values, state\)"),
        (Grows, r"state becomes a tuple of \{0: \(2, 6\), 1: \(2, 12\)\}.*Return a tuple of"),
        (Other, r"state becomes a Tensor"),
    ],
)
def test_a_module_that_breaks_the_protocol_is_a_named_error(module, message):
    with pytest.raises(ModelError, match=message):
        check_model(TorchModel(module), SHAPE, 5)


def test_what_is_told_of_a_model():
    network = check_model(SimpleConv(memory=LSTM(16)), SHAPE, 5)
    layers = {layer.name: layer for layer in summarize(network, SHAPE)}
    assert layers["memory"].output_shape == (16,)
    assert layers["memory"].parameters == 4 * 16 * (512 + 16 + 2)
    assert layers["critic"].output_shape == (1,)
    for name, parameter in network.memory.named_parameters():
        if "bias" in name:
            forgets = "ih" in name
            assert parameter.tolist() == [0.0] * 16 + [float(forgets)] * 16 + [0.0] * 32
        elif "hh" in name:
            torch.testing.assert_close(parameter.T @ parameter, torch.eye(16), atol=1e-5, rtol=0)
    mixed = check_model(TorchModel(Mixed), SHAPE, 5)
    assert not may_be_asked_once(TorchModel(Mixed), mixed, SHAPE)
    assert not may_be_asked_once(SimpleConv(memory=LSTM(16)), network, SHAPE)


def test_a_state_comes_back_as_the_network_gave_it():
    network = check_model(TorchModel(Mixed), SHAPE, 5)
    layout = StateLayout.of(network)
    assert layout.size == 13
    rows = layout.initial(network).expand(2, -1)
    state = layout.state(rows)
    assert state["steps"].dtype == torch.int64
    assert state["h"].tolist() == [network.first.tolist()] * 2
    assert torch.equal(layout.rows(state), rows)
    assert isinstance(
        StateLayout.of(check_model(TorchModel(Pair), SHAPE, 5)).state(rows[:, 1:]), tuple
    )
    scalar = StateLayout.of(Guide(SHAPE, 5))
    assert scalar.state(torch.ones(4, 1)).shape == (4,)
    assert torch.equal(scalar.rows(scalar.state(torch.ones(4, 1))), torch.ones(4, 1))


@pytest.mark.parametrize("bfloat16", [False, True])
@pytest.mark.parametrize("spec", MODELS, ids=repr)
def test_sequences_are_as_step_by_step(spec, bfloat16):
    network = check_model(spec, SHAPE, 5)
    layout = StateLayout.of(network)
    observations = torch.randint(0, 2, (4, 6, *SHAPE), dtype=torch.uint8)
    observations[2] = observations[0]
    lengths = torch.tensor([6, 1, 4, 3])
    first = layout.initial(network).expand(4, -1)
    answers = Answers()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        # Padded one step more than the longest.
        padded = torch.cat([observations, torch.full_like(observations[:, :1], 255)], 1)
        logits, values, _ = unroll(network, layout, padded, first, lengths)
        assert logits.shape == (4, 7, 5)
        assert values.shape == (4, 7)
        rows = first
        for step in range(6):
            one = observations[:, step]
            by_hand = network(one, layout.state(rows))
            step_logits, step_values, rows = unroll(
                network, layout, one[:, None], rows, answers=answers
            )
            torch.testing.assert_close(step_logits[:, 0], by_hand[0])
            torch.testing.assert_close(rows, layout.rows(by_hand[2]))
            there = lengths > step
            torch.testing.assert_close(logits[there, step], step_logits[there, 0])
            torch.testing.assert_close(values[there, step], step_values[there, 0])
            assert not logits[~there, step].any()
    assert rows.dtype == torch.float32


def test_of_our_own_models_equal_observations_are_encoded_once():
    network = check_model(SimpleConv(memory=GRU(8)), SHAPE, 5)
    seen = []
    network.body.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    layout = StateLayout.of(network)
    two = torch.randint(0, 2, (2, 1, *SHAPE), dtype=torch.uint8)
    observations = two[[0, 1, 0]].expand(3, 4, *SHAPE)
    rows = torch.rand(3, 8)
    logits, _, _ = unroll(network, layout, observations, rows)
    assert seen == [2]
    assert len(logits.flatten(0, 1).unique(dim=0)) == 12
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in network.body.parameters())


def test_gradients_go_back_through_a_sequence_and_no_further_than_its_padding():
    network = check_model(TorchModel(Pair), SHAPE, 5)
    layout = StateLayout.of(network)
    observations = torch.rand(2, 5, *SHAPE, requires_grad=True)
    rows = layout.initial(network).expand(2, -1)
    logits, _, _ = unroll(network, layout, observations, rows, torch.tensor([3, 5]))
    logits[0].sum().backward()
    reached = observations.grad.flatten(2).abs().sum(-1) > 0
    assert reached.tolist() == [[True] * 3 + [False] * 2, [False] * 5]
