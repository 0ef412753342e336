"""Classes that a command line names: ``GAP``, ``WandbLogger``, ``my_package.MyNet``."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

import griddly_lit
from griddly_lit.cli.annotations import choices, class_modules, class_names, plain_members
from griddly_lit.cli.command_line import Word
from griddly_lit.cli.config_file import meaning
from griddly_lit.cli.declared import Option
from griddly_lit.cli.given import CLASS, MORE, SETTINGS
from griddly_lit.errors import OptionError, did_you_mean


def with_classes(option: Option, value: Any) -> Any:
    """Returns a value with its classes by their whole names, their settings in two parts.

    A class is ``{"class_path": …, "init_args": {…}, "dict_kwargs": {…}}``, where the last are the
    settings that the class takes as ``**kwargs``.

    Raises:
        OptionError: There is no such class, it cannot be imported, or has no such setting.
    """
    if not class_names(option):
        return value
    if isinstance(value, list):
        return [with_classes(option, each) for each in value]
    if isinstance(value, Mapping):
        path = value.get(CLASS) or _only_class(option)
        if path is None:
            # By names, such as those of policies or of models that are compared.
            return {
                name: with_classes(option, each) if isinstance(each, Mapping) else each
                for name, each in value.items()
            }
        settings = value if CLASS in value else {SETTINGS: value}
        return _sorted(option, class_path(option, str(path)), settings)
    if isinstance(value, str) and _names_class(option, value):
        return {CLASS: class_path(option, value)}
    return value


def class_at(path: str) -> Any:
    """Returns the class of a whole name."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _only_class(option: Option) -> str | None:
    """Returns the class that settings without a name of one are for, if there is just one."""
    names = class_names(option)
    is_only = len(names) == 1 and "Mapping" not in option.type and "Sequence" not in option.type
    return names[0] if is_only and names[0] in griddly_lit.__all__ else None


def _names_class(option: Option, word: str) -> bool:
    """Whether a word is the name of a class: ``str`` among the types takes a single word itself."""
    last = word.rpartition(".")[2]
    is_text = "." not in word and str in plain_members(option)
    return last.isidentifier() and last[0].isupper() and not is_text


def class_path(option: Option, word: str) -> str:
    """Returns a class's whole name.

    Raises:
        OptionError: There is none of the name, or it cannot be imported.
    """
    if "." in word:
        _import(option, word)
        return word
    if word in griddly_lit.__all__:
        return f"griddly_lit.{word}"
    known = {*griddly_lit.__all__, *choices(option)}
    for module in class_modules(option):
        found = importlib.import_module(module)
        if hasattr(found, word):
            return f"{module}.{word}"
        known |= set(getattr(found, "__all__", ()))
    meant = did_you_mean(word, known)
    raise OptionError(
        f"{option.name}={str(word)!r}",
        "there is no such class",
        meant if meant.startswith("Did") else "Write a class of yours as package.module.Class",
    )


def _import(option: Option, path: str) -> None:
    try:
        found = class_at(path)
    except Exception as error:  # an imported module can raise anything
        raise OptionError(
            f"{option.name}={path!r}",
            f"it cannot be imported ({type(error).__name__}: {error})",
            "Write package.module.Class, of a module in the working directory or on the Python path",
        ) from error
    if not isinstance(found, type):
        raise OptionError(f"{option.name}={path!r}", "it is no class", "Name a class")


def _sorted(option: Option, path: Any, value: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a class's settings as it takes them: by name, or as further keywords."""
    settings = {**(value.get(SETTINGS) or {}), **(value.get(MORE) or {})}
    parameters = inspect.signature(class_at(path)).parameters
    takes_more = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    own = {name: each for name, each in settings.items() if name in parameters}
    more = {name: each for name, each in settings.items() if name not in parameters}
    if more and not takes_more:
        name = next(iter(more))
        raise OptionError(
            f"{option.name}.{name}={str(more[name])!r}",
            f"{path.rpartition('.')[2]} has no such setting",
            did_you_mean(name, parameters) if parameters else "Leave it out",
            parameters,
        )
    # Nothing says of what type these are.
    more = {n: meaning(each) if isinstance(each, Word) else each for n, each in more.items()}
    return {CLASS: path, **({SETTINGS: own} if own else {}), **({MORE: more} if more else {})}
