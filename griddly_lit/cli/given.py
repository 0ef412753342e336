"""What was given for each option: the files', and the shell's over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from griddly_lit.cli.command_line import CommandLine, Word
from griddly_lit.cli.commands import Command
from griddly_lit.cli.config_file import meaning, read_config
from griddly_lit.cli.declared import Option
from griddly_lit.errors import OptionError, did_you_mean

CLASS, SETTINGS, MORE = "class_path", "init_args", "dict_kwargs"
_PARTS = (CLASS, SETTINGS, MORE)


def given_options(line: CommandLine, command: Command) -> dict[str, Any]:
    """Returns the values by the options' names, as they were written.

    Raises:
        OptionError: A name is unknown (the nearest known one is suggested), a value is missing, or a
            file cannot be read.
    """
    options = command.options
    given: dict[str, Any] = {}
    for path in line.configs:
        for name, value in _flat(read_config(path), options, "").items():
            if name not in options:
                raise _unknown(f"{path}: {name}", name, command)
            given[name] = _merged(given.get(name), value)
    if len(line.positionals) > len(command.positionals):
        raise OptionError(
            line.positionals[len(command.positionals)],
            f"griddly-lit {command.name} takes no such word",
            "Write options as --name value",
        )
    given |= zip(command.positionals, line.positionals, strict=False)
    for key, text in line.options:
        name = next((n for n in options if key == n or key.startswith(f"{n}.")), "")
        if not name:
            raise _unknown(f"--{key}", key, command)
        value = _alone(options[name]) if text is None else text
        steps = key[len(name) + 1 :].split(".") if key != name else []
        given[name] = _laid_over(given.get(name), steps, value)
    return given


def _flat(values: Mapping[str, Any], options: Mapping[str, Option], group: str) -> dict[str, Any]:
    """Returns values with their groups in their names, ``env: {levels: 0}`` as ``env.levels``."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{group}{key}"
        is_group = any(option.startswith(f"{name}.") for option in options)
        if is_group and isinstance(value, Mapping):
            flat |= _flat(value, options, f"{name}.")
        else:
            flat[name] = value
    return flat


def _merged(base: Any, value: Any) -> Any:
    """Returns a later file's value over an earlier one's: mappings are joined."""
    if not (isinstance(base, Mapping) and isinstance(value, Mapping)):
        return value
    if value.get(CLASS, base.get(CLASS)) != base.get(CLASS):
        return value
    return {**base, **{key: _merged(base.get(key), each) for key, each in value.items()}}


def _laid_over(base: Any, steps: Sequence[str], value: Word) -> Any:
    """Returns ``base`` with one value replaced, which lies some steps below it.

    A name or ``class_path`` is that of a class; what lies below it are its settings.
    """
    if not steps:
        return meaning(value) if value[:1] in ("[", "{") else value
    step = steps[0]
    if isinstance(base, str) and step not in _PARTS:
        base = {CLASS: base}
    values = dict(base) if isinstance(base, Mapping) else {}
    if CLASS in values and step not in _PARTS:
        place = MORE if step in values.get(MORE, ()) else SETTINGS
        return {**values, place: _laid_over(values.get(place, {}), steps, value)}
    return {**values, step: _laid_over(values.get(step), steps[1:], value)}


def _alone(option: Option) -> Word:
    """Returns what an option means that is given without a value."""
    if "bool" in option.type.split(" | "):
        return Word("true")
    raise OptionError(
        f"--{option.name}", f"a value is missing, {option.type}", f"Write --{option.name}=…"
    )


def _unknown(shown: str, name: str, command: Command) -> OptionError:
    known = list(command.options)
    last = name.rpartition(".")[2]
    meant = did_you_mean(name, known)
    group = [option for option in known if option.startswith(f"{name}.")]
    if group:
        meant = f"Write --{group[0]}=…"
    elif last in (option.rpartition(".")[2] for option in known):
        # The right name in another group.
        meant = f"Did you mean {next(o for o in known if o.rpartition('.')[2] == last)!r}?"
    elif not meant.startswith("Did"):
        meant = f"griddly-lit {command.name} --help lists them"
    return OptionError(shown, f"griddly-lit {command.name} has no such option", meant)
