"""YAML read as the engine reads it, from texts that nobody vouches for.

The engine's parser takes the first document of a text, the first of equal keys, and leaves a scalar
the text it is until somebody asks for a number. PyYAML's loaders differ in each of these, import
what tags name and recurse as deep as the text does. So here its scanner alone is used, and the
values are put together within bounds: what is returned is never larger than :data:`MOST_NODES`,
written out, nor deeper than :data:`MOST_DEPTH`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from griddly_lit.errors import GameFileError

MOST_BYTES = 4 * 2**20
MOST_NODES = 200_000
MOST_DEPTH = 100

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The engine's parser takes these for letters; PyYAML's refuses some and breaks lines at others.
_LETTERS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]|(?<!^)\ufeff")
# On lines without content the engine's parser takes tabs.
_TABBED_LINE = re.compile(r"^[ \t]*\t[ \t]*(?=#|$)", re.MULTILINE)

_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})")
_REAL = re.compile(r"[-+]?(?:\d{1,30}\.\d{0,30}|\.\d{1,30}|\d{1,30}(?=[eE]))(?:[eE][-+]?\d{1,3})?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
# Whatever stands below these is a name or a map, also where it looks like a number.
_TEXT_KEYS = frozenset(("Name", "MapCharacter", "AvatarObject", "Levels", "Image", "Shape"))


class ReadText(NamedTuple):
    """What a text says.

    Attributes:
        value: Dictionaries with string keys, lists, strings, numbers, booleans and None. Equal
            parts may be one object, where the text has aliases.
        fault: Where and why reading ended early, if it did; ``value`` holds what came before.
    """

    value: Any
    fault: str | None


def read_yaml(text: str, name: str) -> ReadText:
    """Reads a text as far as it is YAML.

    Args:
        text: The text.
        name: What to call it in error messages.

    Raises:
        GameFileError: The text is too large, too deep, not Unicode, or holds itself.
    """
    _check_characters(text, name)
    text = _LETTERS.sub("\ufffd", text)
    read = _compose(text, name)
    if read.fault is not None and "\t" in text:
        read = _compose(_TABBED_LINE.sub("", text), name)
    return read


def _check_characters(text: str, name: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise GameFileError(
            name,
            f"character {error.start} is half of a surrogate pair",
            "Give the text as Unicode",
        ) from error
    if size > MOST_BYTES:
        raise GameFileError(
            name,
            f"its text of {size / 2**20:.1f} MiB is longer than {MOST_BYTES // 2**20} MiB",
            "Give a GDY document, and make large sets of levels with a level generator",
        )
    if "\0" in text:
        raise GameFileError(
            name, f"character {text.index(chr(0))} is a NUL", "Give a GDY document, which is text"
        )


@dataclass
class _Open:
    """A list or mapping whose end has not been seen yet.

    ``nodes`` counts what it holds, aliases written out; ``key`` is the key whose value comes next.
    """

    value: Any
    anchor: str | None
    is_text: bool
    nodes: int = 1
    key: str | None = None
    expects_key: bool = True

    def holds_text_next(self) -> bool:
        return self.is_text or self.key in _TEXT_KEYS

    def take(self, value: Any, nodes: int) -> None:
        self.nodes += nodes
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.expects_key:
            # No setting of a game has a list or a mapping for its name.
            self.key = value if isinstance(value, str) else None
            self.expects_key = False
        else:
            if self.key is not None:
                self.value.setdefault(self.key, value)
            self.key = None
            self.expects_key = True


def _compose(text: str, name: str) -> ReadText:
    root = _Open([], None, False)
    stack = [root]
    anchors: dict[str, tuple[Any, int]] = {}
    fault = None
    try:
        for event in _events_of_first_document(text):
            if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                is_list = isinstance(event, yaml.SequenceStartEvent)
                stack.append(
                    _Open([] if is_list else {}, event.anchor, stack[-1].holds_text_next())
                )
                if len(stack) > MOST_DEPTH:
                    raise _refusal(name, event, f"it is nested deeper than {MOST_DEPTH} levels")
                continue
            if isinstance(event, yaml.AliasEvent):
                if event.anchor not in anchors:
                    is_own = any(each.anchor == event.anchor for each in stack)
                    rule = "holds itself" if is_own else "is not defined"
                    raise _refusal(name, event, f"the anchor {event.anchor!r} {rule}")
                value, nodes = anchors[event.anchor]
            else:
                if isinstance(event, yaml.ScalarEvent):
                    value, nodes = _scalar(event, stack[-1]), 1 + len(event.value) // 256
                else:
                    closed = stack.pop()
                    value, nodes = closed.value, closed.nodes
                    event.anchor = closed.anchor
                if event.anchor is not None:
                    anchors[event.anchor] = (value, nodes)
            stack[-1].take(value, nodes)
            if sum(each.nodes for each in stack) > MOST_NODES:
                raise _refusal(name, event, f"it holds more than {MOST_NODES} values")
    except yaml.YAMLError as error:
        fault = " ".join(str(error).split())
        while len(stack) > 1:
            closed = stack.pop()
            stack[-1].take(closed.value, closed.nodes)
    return ReadText(root.value[0] if root.value else None, fault)


def _events_of_first_document(text: str) -> Iterator[Any]:
    # The engine never looks at what follows the first node, so it may be anything.
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.NodeEvent) or depth:
            yield event
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if not depth:
                return


def _scalar(event: Any, holder: _Open) -> Any:
    written: str = event.value
    is_key = isinstance(holder.value, dict) and holder.expects_key
    if is_key or holder.holds_text_next() or event.style:
        return written
    if written in _WORDS:
        return _WORDS[written]
    if _INTEGER.fullmatch(written):
        return int(written)
    if _REAL.fullmatch(written) and math.isfinite(number := float(written)):
        return number
    return written


def _refusal(name: str, event: Any, rule: str) -> GameFileError:
    return GameFileError(f"{name}, line {event.start_mark.line + 1}", rule, "Mend the YAML there")
