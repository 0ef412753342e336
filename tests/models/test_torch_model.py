import json
import pickle

import pytest
import torch
from torch import Tensor, nn

from griddly_lit.errors import ModelError, TrustError
from griddly_lit.models import TorchModel, check_model, model_from_dict


class Flat(nn.Module):
    def __init__(
        self, observation_shape: tuple[int, int, int], num_logits: int, width: int = 8
    ) -> None:
        super().__init__()
        height, columns, channels = observation_shape
        self.hidden = nn.Linear(height * columns * channels, width)
        self.out = nn.Linear(width, num_logits + 1)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        out = self.out(self.hidden(observations.flatten(1).float()).relu())
        return out[:, :-1], out[:, -1]


class Outer:
    class Inner(Flat):
        pass


def test_it_builds_with_its_keywords() -> None:
    module = check_model(TorchModel(Flat, width=3), (2, 3, 4), 5)
    assert isinstance(module, Flat)
    assert module.hidden.weight.shape == (3, 24)


@pytest.mark.parametrize("module_class", [Flat, Outer.Inner])
def test_round_trips(module_class: type[nn.Module]) -> None:
    spec = TorchModel(module_class, width=3, sizes=(1, 2), deep={"a": None})
    assert spec.kwargs["sizes"] == [1, 2]
    assert spec.to_dict()["module"] == f"{__name__}:{module_class.__qualname__}"
    for again in (
        model_from_dict(json.loads(json.dumps(spec.to_dict())), [__name__]),
        pickle.loads(pickle.dumps(spec)),
    ):
        assert again == spec
        assert hash(again) == hash(spec)
    assert spec != TorchModel(module_class, width=4)


def test_its_dictionary_is_a_copy() -> None:
    spec = TorchModel(Flat, sizes=[1])
    spec.to_dict()["kwargs"]["sizes"].append(2)  # type: ignore[index]
    assert spec == TorchModel(Flat, sizes=[1])


def test_its_text_is_what_the_user_wrote() -> None:
    assert repr(TorchModel(Flat, width=3)) == "TorchModel(Flat, width=3)"


def test_a_local_class_can_be_used_but_not_imported() -> None:
    class Local(Flat):
        pass

    spec = TorchModel(Local, width=3)
    check_model(spec, (2, 3, 4), 5)
    with pytest.raises(ModelError, match="inside a function"):
        model_from_dict(spec.to_dict(), [__name__])


def test_a_class_that_is_not_trusted_is_not_imported(tmp_path, monkeypatch) -> None:
    (tmp_path / "someones_net.py").write_text("raise SystemExit('it was run')")
    monkeypatch.syspath_prepend(tmp_path)
    saved = {"name": "TorchModel", "module": "someones_net:Net", "kwargs": {}}
    for trust in ([], ["someones"], ["someones_net.inner"], ["torch"]):
        with pytest.raises(TrustError, match=r"someones_net.*TorchModel.*trust=\['someones_net'\]"):
            model_from_dict(saved, trust)


def test_of_a_class_of_the_script_the_module_does_not_count() -> None:
    script_class = type("Flat", (Flat,), {"__module__": "__main__", "__qualname__": "Flat"})
    saved = TorchModel(script_class, width=3).to_dict()
    assert saved["module"] == "__main__:Flat"
    assert TorchModel(Flat, width=3).is_saved_as(saved)
    assert TorchModel(script_class, width=3).is_saved_as(TorchModel(Flat, width=3).to_dict())
    assert not TorchModel(Flat, width=4).is_saved_as(saved)
    assert not TorchModel(Outer.Inner, width=3).is_saved_as(saved)
    assert not TorchModel(Flat).is_saved_as({"name": "GAP"})


def test_a_class_handed_over_alone_gets_the_saved_keywords() -> None:
    saved = TorchModel(Flat, width=3).to_dict()
    assert TorchModel(Flat).completed(saved) == TorchModel(Flat, width=3)
    assert TorchModel(Flat, width=5).completed(saved) == TorchModel(Flat, width=5)
    assert TorchModel(Outer.Inner).completed(saved) == TorchModel(Outer.Inner)


@pytest.mark.parametrize(
    "path",
    [
        "no_such_module:Net",
        f"{__name__}:NoNet",
        f"{__name__}:json.JSONDecoder",
        f"{__name__}:check_model",
        f"{__name__}:TrustError",
        "torch",
        ":Net",
        "torch.nn:functional",
        "os:system",
        3,
    ],
)
def test_what_is_no_module_class_is_a_named_error(path: object) -> None:
    with pytest.raises(ModelError):
        model_from_dict(
            {"name": "TorchModel", "module": path, "kwargs": {}},
            ["no_such_module", __name__, "torch", "os"],
        )


def test_an_instance_is_refused() -> None:
    with pytest.raises(ModelError, match="Pass the class itself"):
        TorchModel(Flat((1, 1, 1), 2))  # type: ignore[arg-type]


def test_a_keyword_that_is_no_json_value_is_refused() -> None:
    with pytest.raises(ModelError, match="JSON"):
        TorchModel(Flat, activation=torch.relu)


@pytest.mark.parametrize("once_each", [True, False])
def test_who_says_whether_it_sees_equal_observations_once(once_each: bool) -> None:
    spec = TorchModel(Flat, once_each=once_each, width=3)
    assert spec.kwargs == {"width": 3}
    assert isinstance(check_model(spec, (2, 3, 4), 5), Flat)
    saved = json.loads(json.dumps(spec.to_dict()))
    again = model_from_dict(saved, trust=[Flat.__module__])
    assert isinstance(again, TorchModel)
    assert again == spec != TorchModel(Flat, width=3)
    assert again.once_each is once_each
    assert repr(spec) == f"TorchModel(Flat, once_each={once_each}, width=3)"


def test_once_each_is_a_boolean() -> None:
    with pytest.raises(ModelError, match="once_each='no'"):
        TorchModel(Flat, once_each="no")  # type: ignore[arg-type]
