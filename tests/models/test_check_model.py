from typing import Any

import pytest
import torch
from torch import Tensor, nn

from griddly_lit.errors import ModelError
from griddly_lit.models import GAP, ImpalaCNN, ModelSpec, SimpleConv, TorchModel, check_model

SHAPE = (3, 4, 2)


class Tiny(nn.Module):
    """A model that fits; the tests break it in one place."""

    def __init__(self, observation_shape: tuple[int, ...], num_logits: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(24)
        self.out = nn.Linear(24, num_logits)

    def forward(self, observations: Tensor) -> Any:
        logits = self.out(self.norm(observations.flatten(1).float()))
        return self.spoil(logits, logits[:, 0])

    def spoil(self, logits: Tensor, values: Tensor) -> Any:
        return logits, values


class OnlyLogits(Tiny):
    def spoil(self, logits: Tensor, values: Tensor) -> Any:
        return logits


class Triple(Tiny):
    def spoil(self, logits: Tensor, values: Tensor) -> Any:
        return logits, values, values


class ColumnOfValues(Tiny):
    def spoil(self, logits: Tensor, values: Tensor) -> Any:
        return logits, values[:, None]


class TooManyLogits(Tiny):
    def spoil(self, logits: Tensor, values: Tensor) -> Any:
        return torch.cat([logits, logits], 1), values


class WholeNumbers(Tiny):
    def spoil(self, logits: Tensor, values: Tensor) -> Any:
        return logits.long(), values


class KeepsUint8(Tiny):
    def forward(self, observations: Tensor) -> Any:
        return self.out(observations.flatten(1)), None


class NoConstructor(nn.Module):
    pass


class Lazy(Tiny):
    def __init__(self, observation_shape: tuple[int, ...], num_logits: int) -> None:
        super().__init__(observation_shape, num_logits)
        self.out = nn.LazyLinear(num_logits)


@pytest.mark.parametrize("spec", [SimpleConv(), GAP(), ImpalaCNN(), TorchModel(Tiny)], ids=repr)
@pytest.mark.parametrize("num_logits", [5, 2 + 5])
def test_a_fitting_model_passes_and_leaves_no_trace(spec: ModelSpec, num_logits: int) -> None:
    state = torch.get_rng_state()
    module = check_model(spec, SHAPE, num_logits)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(part.training for part in module.modules())


def test_normalisation_statistics_stay_as_they_were() -> None:
    module = check_model(TorchModel(Tiny), SHAPE, 5)
    assert isinstance(module, Tiny)
    assert module.norm.num_batches_tracked == 0


@pytest.mark.parametrize(
    ("module_class", "message"),
    [
        (OnlyLogits, "returns Tensor, not a pair"),
        (Triple, "returns tuple, not a pair"),
        (ColumnOfValues, r"values have shape \(2, 1\).*Return values of shape \(2,\)"),
        (TooManyLogits, r"logits have shape \(2, 10\).*Return logits of shape \(2, 5\)"),
        (WholeNumbers, "logits are torch.int64"),
        (KeepsUint8, "fails on a batch of 2 uint8 observations.*convert uint8"),
        (NoConstructor, "does not build.*TypeError.*MyModule"),
        (Lazy, "lazy layers"),
    ],
)
def test_a_model_that_does_not_fit_is_a_named_error(
    module_class: type[nn.Module], message: str
) -> None:
    with pytest.raises(ModelError, match=message) as raised:
        check_model(TorchModel(module_class), SHAPE, 5)
    assert raised.value.value == f"model=TorchModel({module_class.__name__})"


@pytest.mark.parametrize("spec", [SimpleConv(), GAP(), ImpalaCNN()], ids=repr)
@pytest.mark.parametrize("shape", [(25,), (5, 5), (5, 0, 3)])
def test_a_convolution_needs_a_grid(spec: ModelSpec, shape: Any) -> None:
    with pytest.raises(ModelError, match="height, width, channels"):
        check_model(spec, shape, 5)


def test_a_spec_that_builds_no_module_is_a_named_error() -> None:
    class Nothing(ModelSpec):
        def build(self, observation_shape: tuple[int, int, int], num_logits: int) -> Any:
            return None

    with pytest.raises(ModelError, match="builds a NoneType"):
        check_model(Nothing(), SHAPE, 5)
