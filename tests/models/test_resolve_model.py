import json
import pickle

import pytest
from torch import nn

from griddly_lit.errors import ModelError
from griddly_lit.models import (
    GAP,
    ImpalaCNN,
    ModelSpec,
    SimpleConv,
    TorchModel,
    model_from_dict,
    resolve_model,
)

SPECS = [SimpleConv(), GAP(), ImpalaCNN()]


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_names_specs_and_dictionaries_are_the_same(spec: ModelSpec) -> None:
    assert resolve_model(type(spec).__name__) == spec
    assert resolve_model(spec) is spec
    assert spec.to_dict() == {"name": type(spec).__name__}
    assert model_from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert hash(spec) == hash(type(spec)())


def test_the_specs_differ() -> None:
    assert len(set(SPECS)) == 3


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(ModelError) as raised:
        resolve_model("SimplConv")
    assert "Did you mean 'SimpleConv'" in str(raised.value)
    assert raised.value.available == ("SimpleConv", "GAP", "ImpalaCNN")


@pytest.mark.parametrize("model", [nn.Linear, nn.Linear(1, 1)])
def test_a_bare_module_is_to_be_wrapped(model: object) -> None:
    with pytest.raises(ModelError, match=r"TorchModel\(Linear, \*\*kwargs\)"):
        resolve_model(model)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "mend"), [(GAP, r"Write GAP\(\)"), (None, "Name one"), (3, "Name one")]
)
def test_anything_else_is_refused(model: object, mend: str) -> None:
    with pytest.raises(ModelError, match=mend):
        resolve_model(model)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [{}, {"name": "Gap"}, {"name": 3}, {"name": "GAP", "width": 3}, {"name": "TorchModel"}],
)
def test_a_faulty_dictionary_is_a_named_error(values: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        model_from_dict(values)


def test_torch_model_is_no_name() -> None:
    with pytest.raises(ModelError) as raised:
        resolve_model(TorchModel.__name__)
    assert "TorchModel" not in (raised.value.available or ())
