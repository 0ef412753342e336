"""From an annotation in the source to types, importing no more than the value needs."""

from __future__ import annotations

import ast
import builtins
import importlib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from griddly_lit.cli.declared import Option, type_checking

_PLAIN: dict[str, Any] = {
    **vars(builtins),
    **{each.__name__: each for each in (Mapping, Sequence, Path, timedelta)},
    "Any": Any,
    "Literal": Literal,
}
# What no command line can say: it is an object that its own methods set up.
_UNSAYABLE = ("AlgorithmConfig",)


def plain_members(option: Option) -> list[Any]:
    """Returns the types of an annotation ``A | B`` that need no import."""
    parts = _parts(ast.parse(option.type, mode="eval").body)
    return [_evaluated(ast.unparse(part), _PLAIN) for part in parts if _is_plain(part)]


def members(option: Option) -> list[Any]:
    """Returns the types of an annotation ``A | B``; this may import much."""
    parts = _parts(ast.parse(option.annotation, mode="eval").body)
    sayable = [ast.unparse(part) for part in parts]
    names = _Names(option.module)
    return [
        each
        for part in sayable
        if part not in _UNSAYABLE
        for each in _flat(_evaluated(part, names))
    ]


def class_modules(option: Option) -> list[str]:
    """Returns the modules that only type checkers import, for the names of an annotation.

    The other classes of that kind are there, too: all loggers where ``Logger`` is.
    """
    imports, _ = _for_type_checkers(option.module)
    names = dict.fromkeys(each for each in _names(option.type) if each not in _UNSAYABLE)
    return [imports[name][0] for name in names if name in imports]


def class_names(option: Option) -> list[str]:
    """Returns the classes of an annotation that are no plain types, by the names it has for them."""
    return [n for n in _names(option.type) if n not in _PLAIN and n not in _UNSAYABLE]


def choices(option: Option) -> list[str]:
    """Returns the texts that an annotation lists."""
    tree = ast.walk(ast.parse(option.type))
    listed = [each for each in tree if isinstance(each, ast.Subscript)]
    return [
        constant.value
        for each in listed
        if ast.unparse(each.value) == "Literal"
        for constant in ast.walk(each.slice)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    ]


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from _parts(node.left)
        yield from _parts(node.right)
    else:
        yield node


def _flat(annotation: Any) -> Iterator[Any]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for each in typing.get_args(annotation):
            yield from _flat(each)
    else:
        yield annotation


def _is_plain(node: ast.AST) -> bool:
    return all(each.id in _PLAIN for each in ast.walk(node) if isinstance(each, ast.Name))


def _evaluated(text: str, names: Any) -> Any:
    # Names are looked up as locals, as globals have to be a plain dictionary. The text is from this
    # package's own source.
    return eval(text, {"__builtins__": {}}, names)


def _names(text: str) -> list[str]:
    return [each.id for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Name)]


class _Names(dict[str, Any]):
    """The names of a module, looked up when they are asked for."""

    def __init__(self, module: str) -> None:
        super().__init__(_PLAIN)
        self._module = module

    def __missing__(self, name: str) -> Any:
        imports, aliases = _for_type_checkers(self._module)
        if name in imports:
            module, attribute = imports[name]
            return getattr(importlib.import_module(module), attribute)
        if name in aliases:
            return _evaluated(aliases[name], self)
        return getattr(importlib.import_module(self._module), name)


def _for_type_checkers(module: str) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Returns the imports and the aliases under ``if TYPE_CHECKING``."""
    imports, aliases = {}, {}
    for each in type_checking(module):
        if isinstance(each, ast.ImportFrom) and each.module:
            for name in each.names:
                imports[name.asname or name.name] = (each.module, name.name)
        elif isinstance(each, ast.Assign):
            aliases[ast.unparse(each.targets[0])] = ast.unparse(each.value)
    return imports, aliases
