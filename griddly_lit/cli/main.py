"""``griddly-lit``: what to do with a command line, and how it ends."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import griddly_lit
from griddly_lit.cli.command_line import read_words
from griddly_lit.cli.commands import COMMANDS
from griddly_lit.errors import GriddlyLitError, OptionError

OK, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        words: What follows ``griddly-lit``; by default that of this process.

    Returns:
        The exit code: 0; 2 for a wrong command line or value, 1 for a failure while it runs, 130 when
        it is interrupted. An error is one message on standard error, with ``--debug`` after its
        traceback.
    """
    words = sys.argv[1:] if words is None else list(words)
    try:
        return _run(words)
    except KeyboardInterrupt:
        print("griddly-lit: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # whatever a game, a model or a logger raises
        if "--debug" in words:
            traceback.print_exc()
        is_named = isinstance(error, GriddlyLitError)
        text = str(error) if is_named else f"{type(error).__name__}: {error}"
        print(f"griddly-lit: error: {text}", file=sys.stderr)
        # Named errors of values are ValueErrors; the others come up at work.
        return WRONG if is_named and isinstance(error, ValueError) else FAILED


def _run(words: Sequence[str]) -> int:
    line = read_words(words)
    command = line.command
    if "version" in line.switches:
        print(f"griddly-lit {griddly_lit.__version__}")
        return OK
    # What comes here is imported where it is needed: a misspelt word and a help text wait for none.
    if line.print_completion is not None:
        from griddly_lit.cli.help import completion_script

        print(completion_script(line.print_completion))
        return OK
    if "help" in line.switches:
        from griddly_lit.cli.help import help_text

        print(help_text(command))
        return OK
    if command is None:
        raise OptionError(
            "griddly-lit", "no command is given", "griddly-lit --help says more", COMMANDS
        )
    # As `python -m` does it: modules of one's own lie in the working directory.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    for name, word in line.options:
        if name.endswith(".help"):
            from griddly_lit.cli.help import class_help

            print(class_help(command, name.removesuffix(".help"), word or ""))
            return OK
    from griddly_lit.cli.given import given_options

    given = given_options(line, command)
    from griddly_lit.cli.values import Values

    values = Values(command, given)
    if "print_config" in line.switches:
        from griddly_lit.cli.config_file import config_text

        print(config_text(values.whole()), end="")
        return OK
    from griddly_lit.cli.running import run

    ends = {"interrupted": INTERRUPTED, "failed": FAILED}
    return ends.get(run(command, values) or "", OK)
