"""Level sources as JSON values. Of the user's own code there is only the name, see docs/trust.md."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any

from griddly_lit.arguments import checked_mapping, shown
from griddly_lit.decoding import decoding
from griddly_lit.envs.levels.generated import HAND_OVER, GeneratedLevels
from griddly_lit.envs.levels.listed import SequentialLevels, UniformLevels
from griddly_lit.envs.levels.prioritized import PrioritizedLevels
from griddly_lit.envs.levels.source import LevelSource
from griddly_lit.errors import GriddlyLitError, LevelError
from griddly_lit.named_class import class_name, import_trusted, is_named

_LISTED: dict[str, type[Any]] = {
    "UniformLevels": UniformLevels,
    "SequentialLevels": SequentialLevels,
}
_OWN = (UniformLevels, SequentialLevels, GeneratedLevels, PrioritizedLevels)
_GENERATED = GeneratedLevels.__name__
_PRIORITIZED = PrioritizedLevels.__name__
_CLASS = "levels=TheClass"
_CLASS_OF_PRIORITIZED = f"levels=PrioritizedLevels({HAND_OVER.removeprefix('levels=')})"
# Options of PrioritizedLevels beside its levels.
_OPTIONS = ("capacity", "beta", "rho", "nu")


def source_to_dict(source: LevelSource) -> dict[str, Any]:
    """Returns a source as plain values for JSON.

    Raises:
        LevelError: What the user's own source was made with cannot be told, or is no JSON.
    """
    name = type(source).__name__
    if isinstance(source, GeneratedLevels):
        largest = None if source.largest is None else list(source.largest)
        return {
            "source": name,
            "generator": class_name(source.generator),
            "config": source.config,
            "largest": largest,
        }
    if isinstance(source, PrioritizedLevels):
        levels: Any = source.levels
        levels = source_to_dict(levels) if isinstance(levels, GeneratedLevels) else list(levels)
        return {"source": name, "levels": levels} | {n: getattr(source, n) for n in _OPTIONS}
    if isinstance(source, (UniformLevels, SequentialLevels)):
        return {"source": name, "levels": list(source.levels)}
    return {"source": class_name(type(source)), "config": config_of(source)}


def config_of(source: LevelSource) -> dict[str, Any]:
    """Returns the keywords that make the user's own source again, as JSON values.

    Raises:
        LevelError: They cannot be told, or are no JSON.
    """
    value = f"levels={type(source).__qualname__}(…)"
    try:
        config: Any = {}
        if dataclasses.is_dataclass(source):
            made_with = [each.name for each in dataclasses.fields(source) if each.init]
            every = dataclasses.asdict(source)
            config = {name: every[name] for name in made_with}
        elif callable(getattr(source, "to_dict", None)):
            config = source.to_dict()  # type: ignore[attr-defined]
        elif inspect.signature(type(source)).parameters:
            raise LevelError(
                value,
                "a file cannot say what it was made with, and its class takes arguments",
                "Make it a dataclass, or give it a method to_dict() that returns its keywords",
            )
        checked_mapping("to_dict()", config, "Return the keywords of the class", error=LevelError)
        saved: dict[str, Any] = json.loads(json.dumps(config))
    except GriddlyLitError:
        raise
    except Exception as error:  # a user's source can raise anything
        raise LevelError(
            value,
            f"what it was made with is saved as JSON ({type(error).__name__}: {error})",
            "Make it of numbers, texts, lists and dictionaries: a dataclass's fields, or what its "
            "to_dict() returns",
        ) from error
    return saved


def source_from_dict(values: Mapping[str, Any], trust: Sequence[str] = ()) -> LevelSource:
    """Restores what :func:`source_to_dict` gave.

    Args:
        values: As they were saved.
        trust: Modules that may be imported for the user's classes.

    Raises:
        LevelError: They describe no level source, or a class cannot be imported or made.
        TrustError: The module of a class is not trusted.
    """
    with decoding(LevelError, f"levels={values!r}"[:80], "they are no levels", "Save them anew"):
        kwargs = dict(values)
        name = kwargs.pop("source")
        if name == _GENERATED:
            return _generated(kwargs, trust, HAND_OVER)
        if name == _PRIORITIZED:
            levels = kwargs.pop("levels")
            if isinstance(levels, Mapping):
                inner = dict(levels)
                if inner.pop("source") != _GENERATED:
                    raise ValueError("levels are generated, or a list")
                levels = _generated(inner, trust, _CLASS_OF_PRIORITIZED)
            return PrioritizedLevels(levels, **kwargs)
        if isinstance(name, str) and ":" in name:
            found = import_trusted(name, trust, _CLASS, LevelError)
            return _made(found, kwargs["config"])
        listed: LevelSource = _LISTED[name](**kwargs)
        return listed


def handed_over(levels: Any, saved: object) -> Any:
    """Returns levels that the user hands over for saved ones.

    A class that comes alone gets the config that was saved: that of a generator, or the user's own
    source as a class. Levels of another kind than the saved ones are used instead of them.

    Raises:
        LevelError: Both are of the user's code, but of different classes or configs.
    """
    theirs = saved if isinstance(saved, Mapping) else {}
    name = theirs.get("source")
    if isinstance(levels, GeneratedLevels) and name == _GENERATED:
        return _handed_generator(levels, theirs)
    if isinstance(levels, PrioritizedLevels) and name == _PRIORITIZED:
        return _handed_prioritized(levels, theirs)
    is_users = isinstance(name, str) and ":" in name
    if isinstance(levels, type):
        if not is_users:
            return levels
        if not is_named(levels, name):
            raise _others(levels.__qualname__, name, theirs.get("config"))
        return _made(levels, theirs.get("config"))
    if is_users and isinstance(levels, LevelSource) and not isinstance(levels, _OWN):
        same = is_named(type(levels), name) and config_of(levels) == theirs.get("config")
        if not same:
            raise _others(type(levels).__qualname__, name, theirs.get("config"))
    return levels


def _generated(values: Mapping[str, Any], trust: Sequence[str], hand_over: str) -> GeneratedLevels:
    kwargs = dict(values)
    return GeneratedLevels(
        import_trusted(kwargs.pop("generator"), trust, hand_over, LevelError), **kwargs
    )


def _made(found: type[Any], config: Any) -> LevelSource:
    """Returns the user's own source, made with a saved config."""
    value = f"class {class_name(found)!r}"
    if not all(callable(getattr(found, method, None)) for method in ("draw", "indices")):
        raise LevelError(
            value,
            "a level source is a class with the methods draw() and indices()",
            f"Hand it over: {_CLASS}",
        )
    mend = "Save the levels anew"
    checked_mapping("config", config, mend, error=LevelError)
    try:
        made: LevelSource = found(**config)
    except GriddlyLitError:
        raise
    except Exception as error:  # a user's class can raise anything
        raise LevelError(
            value,
            f"it cannot be made with {shown('config', config)} ({type(error).__name__}: {error})",
            f"{mend}, with what the class takes: a dataclass's fields, or what its to_dict() returns",
        ) from error
    return made


def _handed_generator(levels: GeneratedLevels, theirs: Mapping[str, Any]) -> GeneratedLevels:
    """Returns a generator of the user's with what was saved for it."""
    name, config = theirs.get("generator"), theirs.get("config")
    largest = theirs.get("largest")
    complete = GeneratedLevels(
        levels.generator,
        levels.config or config,
        largest=largest if levels.largest is None else levels.largest,
    )
    same_size = list(complete.largest or ()) == list(largest or ())
    if not is_named(levels.generator, name) or complete.config != config or not same_size:
        raise _others(repr(levels), name, config)
    return complete


def _handed_prioritized(levels: PrioritizedLevels, theirs: Mapping[str, Any]) -> PrioritizedLevels:
    """Returns prioritised levels with the generator and options that were saved for them."""
    saved = theirs.get("levels")
    if not (isinstance(levels.levels, GeneratedLevels) and isinstance(saved, Mapping)):
        return levels
    inner = _handed_generator(levels.levels, saved)
    options: dict[str, Any] = {name: theirs.get(name) for name in _OPTIONS}
    if levels == PrioritizedLevels(levels.levels):
        return PrioritizedLevels(inner, **options)
    complete = dataclasses.replace(levels, levels=inner)
    if complete != PrioritizedLevels(inner, **options):
        raise LevelError(
            f"levels={levels!r}",
            f"the saved levels are prioritised with {options!r}",
            "Leave these options out, or give an env of your own",
        )
    return complete


def _others(ours: str, name: object, config: object) -> LevelError:
    return LevelError(
        f"levels={ours}",
        f"the saved levels are those of {name!r} with {config!r}",
        "Hand over that class, or give an env of your own",
    )
