"""What a command does, once its options are known."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from griddly_lit import EpisodeReplay, GriddlyEnvSpec, GriddlyTrainer, compare, render_replay
from griddly_lit.cli.commands import ENV, TRAINER, Command
from griddly_lit.cli.info import info
from griddly_lit.cli.saved_config import SavedConfig
from griddly_lit.cli.values import Values
from griddly_lit.errors import OptionError

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "render": render_replay,
    "compare": compare,
    "info": info,
}
_NAMED = ("best", "last")


def run(command: Command, values: Values) -> str | None:
    """Does what a command says, and prints what came of it.

    Returns:
        Why training stopped; ``"failed"`` where runs of a study have no result; otherwise None.
    """
    options = values.made()
    for name in command.positionals:
        if name not in options:
            raise OptionError(
                f"griddly-lit {command.name}",
                f"{name.upper()} is missing",
                f"griddly-lit {command.name} --help says more",
            )
    if not command.of_trainer:
        _check_all_given(command, options)
        done = _FUNCTIONS[command.name](**options)
        if done is not None:
            print(done)
        return "failed" if len(getattr(done, "failed", ())) else None
    trainer, takes_ckpt_path = _trainer(options)
    names = {option.name for option in command.action.options()} - TRAINER.names()
    if not takes_ckpt_path and command.name != "fit":
        names.discard("ckpt_path")
    arguments = {name: options[name] for name in names if name in options}
    if command.name == "fit":
        # Afterwards, as it has no metrics that a checkpoint could monitor.
        trainer.callbacks.append(SavedConfig(trainer, values))
    result = getattr(trainer, command.name)(**arguments)
    if isinstance(result, EpisodeReplay):
        returns = ", ".join(f"{each:g}" for each in result.returns)
        print(f"{result.length} steps, return {returns}: {options.get('path', 'episode.mp4')}")
    else:
        print(result)
    return getattr(result, "stop_reason", None)


def _check_all_given(command: Command, options: dict[str, Any]) -> None:
    needed = inspect.signature(_FUNCTIONS[command.name]).parameters.values()
    for each in needed:
        if each.default is each.empty and each.name not in options:
            raise OptionError(
                f"--{each.name}", "it is missing", "Give it here or in a --config, if it takes one"
            )


def _trainer(options: dict[str, Any]) -> tuple[GriddlyTrainer, bool]:
    """Returns a trainer, and whether it has still to look for a checkpoint by itself."""
    env = {name: options[ENV.group + name] for name in ENV.names() if ENV.group + name in options}
    told = {name: options[name] for name in TRAINER.names() if name in options}
    ckpt_path = options.get("ckpt_path")
    has_game = bool(env.keys() & {"yaml_file", "yaml_string"})
    if ckpt_path not in (None, *_NAMED) and not has_game:
        if env:
            raise OptionError(
                f"--{ENV.group}{next(iter(env))}",
                "the checkpoint has an environment of its own",
                "Leave it out, or give the whole environment and the model, as in --config",
            )
        trust = options.get("trust", ())
        return GriddlyTrainer.from_checkpoint(ckpt_path, trust=trust, **told), False
    for name, given in (("env.yaml_file", has_game), ("model", "model" in told)):
        if not given:
            raise OptionError(
                f"--{name}",
                "it is missing",
                "Give it here or in a --config; or give --ckpt_path a checkpoint's directory, "
                "which carries its settings",
            )
    return GriddlyTrainer(GriddlyEnvSpec(**env), **told), True
