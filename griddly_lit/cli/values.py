"""Values of options, checked by their types with jsonargparse."""

from __future__ import annotations

import inspect
import json
import re
import types
import typing
from argparse import ArgumentError
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

from jsonargparse import ArgumentParser, Namespace, set_parsing_settings

from griddly_lit.arguments import shown
from griddly_lit.cli.annotations import choices, members, plain_members
from griddly_lit.cli.classes import class_at, with_classes
from griddly_lit.cli.command_line import Word
from griddly_lit.cli.commands import Command
from griddly_lit.cli.config_file import meaning
from griddly_lit.cli.declared import Option
from griddly_lit.cli.given import CLASS
from griddly_lit.errors import OptionError, did_you_mean

# So that a dataclass is told apart from others of its kind, and a dump names it; and so that no
# class is made but where an option takes one.
set_parsing_settings(
    subclasses_enabled=["is_pure_dataclass"], instantiate_subclass_spec_in_any=False
)


class Values:
    """The checked values of a command's options; nothing of them is made yet.

    Args:
        command: The command.
        given: What was given, see :func:`griddly_lit.cli.given.given_options`.

    Attributes:
        given: Names of the options that were given.

    Raises:
        OptionError: A value is not of its option's type, or names no class that there is.
    """

    def __init__(self, command: Command, given: Mapping[str, Any]) -> None:
        self.given = frozenset(given)
        self._options = command.options
        self._parser = ArgumentParser(exit_on_error=False)
        self._namespace: Namespace = Namespace()  # type: ignore[no-untyped-call]
        for name, option in self._options.items():
            if name not in given:
                continue
            value = with_classes(option, given[name])
            # YAML's `off` is false.
            value = "off" if value is False and "off" in choices(option) else value
            self._parser.add_argument(f"--{name}", type=_type(option, value))
            # One by one, so that the fault is this option's.
            try:
                part = self._parser.parse_object({name: _plain(value)}, defaults=False)
            except ArgumentError as error:
                raise _refused(option, value, str(error)) from error
            self._namespace[name] = part[name]

    def made(self) -> dict[str, Any]:
        """Returns the options that were given, classes made into objects, by their flat names."""
        namespace = self._parser.instantiate(self._namespace)
        return {name: namespace[name] for name in self.given}

    def whole(self) -> dict[str, Any]:
        """Returns every option that says anything as YAML values, groups as mappings."""
        dumped = json.loads(self._parser.dump(self._namespace, format="json"))
        whole: dict[str, Any] = {}
        for name, option in self._options.items():
            group, _, key = name.rpartition(".")
            theirs = dumped.get(group, {}) if group else dumped
            default = list(option.default) if isinstance(option.default, tuple) else option.default
            value = theirs.get(key) if name in self.given else default
            if value is not None:
                place = whole.setdefault(group, {}) if group else whole
                place[key] = value
        return whole


def _plain(value: Any) -> Any:
    """Returns a value with the shell's words as plain texts."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Word) else value


def _type(option: Option, value: Any) -> Any:
    """Returns the one type among an option's that a value of this shape has."""
    if isinstance(value, Mapping) and CLASS in value:
        return _class(value)
    if isinstance(value, list) and any(isinstance(v, Mapping) and CLASS in v for v in value):
        kinds = tuple(_class(each) if isinstance(each, Mapping) else Any for each in value)
        return types.GenericAlias(tuple, kinds)
    meant = meaning(value) if isinstance(value, Word) else value
    plain = plain_members(option)
    if isinstance(meant, (bool, int, float, str, type(None))) and any(
        each is None or (isinstance(each, type) and (isinstance(meant, each) or each is str))
        for each in plain
    ):
        return _union(plain)
    others = [each for each in members(option) if not _is_class(each)]
    if isinstance(meant, Mapping):
        others = [each for each in others if typing.get_origin(each) is Mapping] or others
    return _union(others)


def _is_class(kind: Any) -> bool:
    """Whether values of a type are made of a class's settings; those have been found by now."""
    homes = ("griddly_lit", "lightning")
    return isinstance(kind, type) and kind.__module__.partition(".")[0] in homes


def _class(value: Mapping[str, Any]) -> Any:
    return class_at(value[CLASS])


def _union(kinds: list[Any]) -> Any:
    # None alone would mean that there is no type.
    return reduce(or_, [type(None) if each is None else each for each in kinds])


def _refused(option: Option, value: Any, error: str) -> OptionError:
    """Returns jsonargparse's error, many lines long, as one of this package's."""
    path = value.get(CLASS) if isinstance(value, Mapping) else None
    inner = re.findall(r'Parser key "([^"]+)"', error)[1:]
    place = ".".join([option.name, *inner])
    if missing := re.search(r"arguments are required: (.+)", error):
        return OptionError(f"{place}={path}", f"it needs {missing[1]}", f"Write --{place}.NAME=…")
    if unknown := re.search(r"class_path '([^']+)':\s+Option '([^']+)' is not accepted", error):
        known = inspect.signature(class_at(unknown[1])).parameters
        name = unknown[1].rpartition(".")[2]
        meant = did_you_mean(unknown[2], known)
        return OptionError(f"{place}.{unknown[2]}", f"{name} has no such setting", meant, known)
    if nameless := re.search(r"Expected a dot import path string: (\S+)", error):
        mend = "Write a class as package.module.Class"
        return OptionError(f"{place}={nameless[1]!r}", "there is no such class", mend)
    if inner:
        given = re.split("Given value: |Got value: ", error)[1].splitlines()[0]
        return OptionError(f"{place}={given!r}", f"it is {_readable(error)}", "Pass such a value")
    listed = choices(option)
    return OptionError(
        shown(option.name, _plain(value)),
        f"it is {option.type.replace(' | ', ' or ').replace(' or None', ', or null')}",
        did_you_mean(value, listed) if listed else "Pass such a value",
        listed or None,
    )


def _readable(error: str) -> str:
    kinds = re.findall(r"Expected an? (?:<class ')?([\w.\[\], ']+?)(?:'>|\.|\n|$)", error)
    return " or ".join(dict.fromkeys(kinds)).replace("NoneType", "null") or "of another type"
