"""A model whose setting is one of several classes, that the tests name by its path."""

from dataclasses import dataclass

from griddly_lit.models import GAP


@dataclass(frozen=True)
class Memory:
    units: int = 128


@dataclass(frozen=True)
class Long(Memory):
    pass


@dataclass(frozen=True)
class Remembering(GAP):
    memory: Memory | None = None
