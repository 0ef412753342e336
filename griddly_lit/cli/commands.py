"""The commands, and where the options of each are declared."""

from __future__ import annotations

from dataclasses import dataclass

from griddly_lit.cli.declared import Option, Source

_FACE = "griddly_lit.trainer"
ENV = Source("griddly_lit.envs.spec", "GriddlyEnvSpec", group="env.")
TRAINER = Source("griddly_lit.fitting.options", "TrainerOptions.__init__")
_OF_A_TRAINER = (ENV, TRAINER, Source(_FACE, "GriddlyTrainer.from_checkpoint", only=("trust",)))
# The environment's options come one by one.
_GROUPS = {"env"}


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: Its name.
        action: The function or method that it stands for.
        positionals: Those of its options that are given without a name, in their order.
        of_trainer: Whether a trainer has to be made first, with options of its own.
    """

    name: str
    action: Source
    positionals: tuple[str, ...] = ()
    of_trainer: bool = False

    @property
    def takes_config(self) -> bool:
        """Whether its options fill a file."""
        return not self.positionals

    @property
    def options(self) -> dict[str, Option]:
        """The options by their names, those of the command itself first."""
        sources = (self.action, *(_OF_A_TRAINER if self.of_trainer else ()))
        found = [option for source in sources for option in source.options()]
        # A trainer's own go before a method's of the same name, such as `seed` of `play`.
        return {option.name: option for option in found if option.name not in _GROUPS}


COMMANDS = {
    command.name: command
    for command in (
        *(
            Command(name, Source(_FACE, f"GriddlyTrainer.{name}"), of_trainer=True)
            for name in ("fit", "validate", "test", "play")
        ),
        Command(
            "render", Source("griddly_lit.recording.video", "render_replay"), ("replay", "out")
        ),
        Command("compare", Source("griddly_lit.comparison.comparing", "Compare.__call__")),
        Command("info", Source("griddly_lit.cli.info", "info"), ("game",)),
    )
}
