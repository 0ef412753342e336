"""The words of a command line, taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from griddly_lit.cli.commands import COMMANDS, Command
from griddly_lit.errors import OptionError, did_you_mean

SWITCHES = ("help", "print_config", "debug", "version")
WITH_VALUE = ("config", "print_completion")


class Word(str):
    """A value from the shell: what kind of value it is, the option's type decides."""

    __slots__ = ()


@dataclass
class CommandLine:
    """What was asked for.

    Attributes:
        command: The command, None if there is none.
        switches: Those of :data:`SWITCHES` that were given.
        configs: Paths of configuration files.
        print_completion: Of which shell a completion script is asked for.
        positionals: Values without a name.
        options: Names, as in ``env.max_steps``, and values in their order; None for a name that
            stands alone.
    """

    command: Command | None = None
    switches: set[str] = field(default_factory=set)
    configs: list[str] = field(default_factory=list)
    print_completion: str | None = None
    positionals: list[Word] = field(default_factory=list)
    options: list[tuple[str, Word | None]] = field(default_factory=list)


def read_words(words: Sequence[str]) -> CommandLine:
    """Takes the words apart.

    Raises:
        OptionError: There is no such command, or a value is missing.
    """
    line, rest = CommandLine(), list(words)
    while rest:
        word = rest.pop(0)
        if word == "-h":
            word = "--help"
        if not word.startswith("--"):
            if line.command is None:
                line.command = _command(word)
            else:
                line.positionals.append(Word(word))
            continue
        name, has_value, value = word[2:].partition("=")
        if name in SWITCHES and not has_value:
            line.switches.add(name)
            continue
        takes_next = not has_value and rest and not rest[0].startswith("--")
        given = Word(rest.pop(0) if takes_next else value) if has_value or takes_next else None
        if name in WITH_VALUE:
            if given is None:
                raise OptionError(f"--{name}", "a value is missing", f"Write --{name}=…")
            if name == "config":
                line.configs.append(str(given))
            else:
                line.print_completion = str(given)
        else:
            line.options.append((name, given))
    return line


def _command(word: str) -> Command:
    if word in COMMANDS:
        return COMMANDS[word]
    raise OptionError(word, "there is no such command", did_you_mean(word, COMMANDS), COMMANDS)
