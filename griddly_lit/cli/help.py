"""Help texts by jsonargparse, completion scripts by shtab."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from typing import Any

import shtab
from jsonargparse import ArgumentParser

from griddly_lit.arguments import checked_choice
from griddly_lit.cli.annotations import choices, class_names, plain_members
from griddly_lit.cli.classes import class_at, class_path
from griddly_lit.cli.commands import COMMANDS, Command
from griddly_lit.cli.declared import Option
from griddly_lit.errors import OptionError

_GROUPS = {"env": "environment (GriddlyEnvSpec)"}


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)


def help_text(command: Command | None) -> str:
    """Returns the help of a command, or of all."""
    parser = whole_parser() if command is None else command_parser(command)
    return parser.format_help()


def class_help(command: Command, name: str, word: str) -> str:
    """Returns the help of the settings of a class, for ``--model.help TorchModel``.

    Raises:
        OptionError: There is no such option or class.
    """
    option = command.options.get(name)
    if option is None or not class_names(option):
        raise OptionError(
            f"--{name}.help", "there is no such option that takes an object", "See --help"
        )
    parser = ArgumentParser(
        prog=f"griddly-lit {command.name}", formatter_class=_Formatter, usage=argparse.SUPPRESS
    )
    parser.add_class_arguments(class_at(class_path(option, word)), name)
    return parser.format_help()


def completion_script(shell: str) -> str:
    """Returns a script that lets a shell complete commands and options.

    Args:
        shell: ``bash``, ``zsh``, ``fish`` or ``tcsh``.
    """
    checked_choice("print_completion", shell, shtab.SUPPORTED_SHELLS)
    return str(shtab.complete(whole_parser(), shell))


def whole_parser() -> ArgumentParser:
    """Returns the parser of all commands."""
    parser = ArgumentParser(
        prog="griddly-lit",
        description="Train agents on Griddly's grid worlds. griddly-lit COMMAND --help says more.",
        formatter_class=_Formatter,
    )
    parser.add_argument("--version", action="store_true", help="Show the version and exit.")
    commands = parser.add_subcommands(required=False)
    for command in COMMANDS.values():
        commands.add_subcommand(
            command.name, command_parser(command), help=command.action.summary()
        )
    return parser


def command_parser(command: Command) -> ArgumentParser:
    """Returns the parser of one command."""
    parser = ArgumentParser(
        prog=f"griddly-lit {command.name}",
        description=command.action.summary(),
        formatter_class=_Formatter,
    )
    parser.add_argument("--debug", action="store_true", help="Show where an error was raised.")
    if command.takes_config:
        parser.add_argument(
            "--config", action="append", metavar="FILE", help="YAML whose keys are the options."
        )
        parser.add_argument(
            "--print_config", action="store_true", help="Print the options as such YAML, and exit."
        )
    options = command.options
    for name in command.positionals:
        parser.add_argument(name, help=_help(options[name]))
    for group, listed in _grouped(options.values(), command).items():
        place = parser.add_argument_group(group)
        for option in listed:
            place.add_argument(
                f"--{option.name}", metavar="VALUE", help=_help(option), **_choices(option)
            )
    return parser


def _grouped(options: Iterable[Option], command: Command) -> dict[str, list[Option]]:
    groups: dict[str, list[Option]] = {}
    own = {option.name for option in command.action.options()}
    for option in options:
        if option.name in command.positionals:
            continue
        group = option.name.partition(".")[0] if "." in option.name else ""
        title = _GROUPS.get(group) or (command.name if option.name in own else "trainer")
        groups.setdefault(title, []).append(option)
    return groups


def _choices(option: Option) -> dict[str, Any]:
    if any(each is bool for each in plain_members(option)):
        return {"choices": ["true", "false"]}
    only = option.type.startswith("Literal[") and option.type.endswith("]")
    return {"choices": choices(option)} if only else {}


def _help(option: Option) -> str:
    text = re.sub(r":\w+:`~?([^`]+)`", r"\1", option.doc).replace("``", "")
    default = "" if option.default is None else f", default: {option.default}"
    return f"{' '.join(text.split())} ({option.type}{default})".replace("%", "%%")
