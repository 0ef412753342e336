"""The options that classes and functions declare, read from their source.

To ask Python for a signature, its module has to be imported, and torch, RLlib and Lightning with it:
seconds, before a help text is shown or a misspelt word refused. The source says the same at once.
"""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docstring_parser

_ROOT = Path(__file__).parents[2]
_PACKAGE = "griddly_lit"


@dataclass(frozen=True)
class Option:
    """One option of a command.

    Attributes:
        name: Its name, with its group: ``env.max_steps``.
        annotation: Its type as the source writes it.
        type: The same with aliases written out.
        default: What holds when it is not given.
        doc: What the docstring says of it.
        module: The module whose names the annotation uses.
    """

    name: str
    annotation: str
    type: str
    default: Any
    doc: str
    module: str


@dataclass(frozen=True)
class Source:
    """Where options are declared.

    Attributes:
        module: A module of this package.
        qualified_name: A dataclass, function or method in it.
        group: What comes before the names, such as ``env.``.
        only: The only parameters that are options; by default all are.
    """

    module: str
    qualified_name: str
    group: str = ""
    only: tuple[str, ...] = ()

    @functools.cache  # noqa: B019
    def options(self) -> tuple[Option, ...]:
        """Returns the options, in their order."""
        node, doc = self._declaration()
        docs = {each.arg_name: each.description or "" for each in doc.params}
        return tuple(
            Option(
                self.group + name,
                annotation,
                _WrittenOut(self.module)(annotation),
                default,
                docs.get(name, ""),
                self.module,
            )
            for name, annotation, default in _parameters(node)
            if not self.only or name in self.only
        )

    def names(self) -> set[str]:
        """Returns the names of the options without their group."""
        return {option.name.removeprefix(self.group) for option in self.options()}

    def summary(self) -> str:
        """Returns the first sentence of the docstring."""
        return self._declaration()[1].short_description or ""

    def _declaration(self) -> tuple[ast.AST, docstring_parser.Docstring]:
        node: Any = parsed(self.module)
        for name in self.qualified_name.split("."):
            node = next(each for each in node.body if getattr(each, "name", None) == name)
        text = ast.get_docstring(node) or ""
        return node, docstring_parser.parse(text, docstring_parser.DocstringStyle.GOOGLE)


@functools.cache
def parsed(module: str) -> ast.Module:
    """Returns the syntax tree of a module of this package, which is not imported."""
    path = _ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text("utf-8"))


def type_checking(module: str) -> list[ast.stmt]:
    """Returns what a module says under ``if TYPE_CHECKING``."""
    blocks = (each for each in parsed(module).body if isinstance(each, ast.If))
    return [
        each
        for block in blocks
        if ast.unparse(block.test) == "TYPE_CHECKING"
        for each in block.body
    ]


class _WrittenOut(ast.NodeTransformer):
    """Writes out the aliases of types of a module, wherever it has them from."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __call__(self, annotation: str) -> str:
        return ast.unparse(self.visit(ast.parse(annotation, mode="eval").body))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        meant: ast.AST = node
        for each in (*parsed(self._module).body, *type_checking(self._module)):
            if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == node.id:
                meant = self.visit(copy.deepcopy(each.value))
            elif isinstance(each, ast.ImportFrom) and (each.module or "").startswith(_PACKAGE):
                for name in each.names:
                    if (name.asname or name.name) == node.id:
                        meant = _WrittenOut(str(each.module)).visit(ast.Name(name.name))
        return meant


def _parameters(node: ast.AST) -> Iterator[tuple[str, str, Any]]:
    if isinstance(node, ast.ClassDef):
        for each in node.body:
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                keywords = {k.arg: k.value for k in getattr(each.value, "keywords", ())}
                if "init" not in keywords:
                    default = keywords.get("default", each.value)
                    yield each.target.id, ast.unparse(each.annotation), _literal(default)
    elif isinstance(node, ast.FunctionDef):
        given = node.args
        defaults = [None] * (len(given.args) - len(given.defaults)) + list(given.defaults)
        pairs = [*zip(given.args, defaults, strict=True)]
        pairs += zip(given.kwonlyargs, given.kw_defaults, strict=True)
        for argument, value in pairs:
            if argument.annotation is not None:
                yield argument.arg, ast.unparse(argument.annotation), _literal(value)


def _literal(node: ast.AST | None) -> Any:
    try:
        return None if node is None else ast.literal_eval(node)
    except ValueError:  # an expression: left to the class
        return None
