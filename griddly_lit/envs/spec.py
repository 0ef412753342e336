"""The environment spec: one frozen value that says which game is played, and how."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from griddly_lit.decoding import decoding, parse_json
from griddly_lit.engine import (
    GameInfo,
    Shape,
    checked_observer,
    parse_game,
    player_variables,
    probe,
    read_game,
)
from griddly_lit.envs.checked_options import checked_options
from griddly_lit.envs.env_config import TRAINER_KEYS, spec_options
from griddly_lit.envs.levels import LevelSource, UniformLevels, source_to_dict
from griddly_lit.envs.levels.in_play import private_copy
from griddly_lit.envs.paths import checked_folder, find_game
from griddly_lit.envs.saved_spec import FOLDERS, SAVE_ANEW, saved_folders, saved_options
from griddly_lit.envs.spec_levels import check_levels, sample_level, trained_levels
from griddly_lit.errors import GameFileError, OptionError, did_you_mean

_log = logging.getLogger("griddly_lit")

Levels = int | Sequence[int] | Literal["random"] | LevelSource


@dataclass(frozen=True, kw_only=True)
class GriddlyEnvSpec:
    """Which game is played, on which levels, and what its players see.

    Making a spec reads the game's text and loads it once in a child process, so that every fault of
    the file, a level, an observer or an option is an error here, before anything else starts. The
    spec can be pickled, compared, and written as JSON; it carries the game's text, so that workers
    on other machines need no file.

    Attributes:
        yaml_file: Path to a GDY file, or the name of a bundled game such as
            ``Single-Player/GVGAI/sokoban.yaml``. Give this or ``yaml_string``. Images beside it
            are found by their names relative to it.
        yaml_string: The text of a game. Filled in from ``yaml_file`` when that is given.
        levels: Which levels are trained on: an index, a list (drawn uniformly at each reset),
            ``"random"`` (every level that is not a test level), or a level source: one of
            griddly_lit's, or any object that is a :class:`LevelSource`.
        test_levels: Indices of the levels that training never sees.
        player_observer_type: Observer of the players, or a list with one a player.
        global_observer_type: Observer of the whole grid, used for videos.
        max_steps: Steps after which an episode is truncated; None for no limit.
        player_done_variable: Name of the player variable that is 1 for a player who has left.
        actions_per_turn: Actions of each player a step. More than one lets a player move several
            units at once, in games without avatars: an action is then that many (x, y, type, id) in
            a row, which the engine carries out one after the other.
        pad_levels: Pad the observations of smaller levels with zeros to the largest. Without it,
            levels of different shapes are an error.
        gdy_path: Folder in which a relative ``yaml_file`` is looked up first.
        image_path: Folder of the game's images, absolute or relative to the game's file. Only
            drawing needs it, as it needs ``shader_path``: where it is not there, as on another
            machine, plain tiles are drawn.
        shader_path: Folder of the game's shaders, which Vulkan alone runs.
        game: What the probe learned of the game. Filled in.
        game_dir: Folder of the game's file, None where there is none here. Filled in.

    Raises:
        GameFileError: The game's file is missing or not a GDY document.
        GameLoadError: The engine refuses the game.
        LevelError: A level is out of range, or both trained on and tested on.
        ObserverError: The game has no such observer.
        OptionError: An option is out of its range.
    """

    yaml_file: str | None = None
    yaml_string: str | None = field(default=None, repr=False)
    levels: Levels = 0
    test_levels: tuple[int, ...] = ()
    player_observer_type: str | tuple[str, ...] = "Vector"
    global_observer_type: str = "Sprite2D"
    max_steps: int | None = None
    player_done_variable: str | None = None
    actions_per_turn: int = 1
    pad_levels: bool = True
    gdy_path: str | None = None
    image_path: str | None = None
    shader_path: str | None = None
    game_dir: str | None = field(init=False, repr=False, compare=False)
    game: GameInfo = field(init=False, repr=False, compare=False)
    _trained: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _generated_shapes: tuple[Shape, ...] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.yaml_file is None and self.yaml_string is None:
            raise GameFileError(
                "GriddlyEnvSpec()", "no game is given", "Give yaml_file or yaml_string"
            )
        for name, value in checked_options(self._options()).items():
            _set(self, name, value)
        _set(self, "gdy_path", checked_folder("gdy_path", self.gdy_path, None))
        file = None if self.yaml_file is None else find_game(str(self.yaml_file), self.gdy_path)
        _set(self, "game_dir", None if file is None else str(file.parent))
        for name in ("image_path", "shader_path"):
            _set(self, name, checked_folder(name, getattr(self, name), self.game_dir))
        text = self.yaml_string
        if text is None:
            text = read_game(file or str(self.yaml_file))
        _set(self, "yaml_string", text)
        document = parse_game(text, self.name_in_errors)
        checked_observer(document, "global_observer_type", self.global_observer_type)
        variables = player_variables(document)
        if self.player_done_variable is not None and self.player_done_variable not in variables:
            raise OptionError(
                f"player_done_variable={self.player_done_variable!r}",
                "the game has no such player variable",
                did_you_mean(self.player_done_variable, variables),
                variables,
            )
        trained = trained_levels(self.levels, self.test_levels)
        game, generated_shapes = probe(
            text,
            document,
            self.name_in_errors,
            self.player_observer_type,
            sample_level(self.levels, trained),
            None if trained is None else (*trained, *self.test_levels),
        )
        if trained is None:
            trained = trained_levels(self.levels, self.test_levels, game.level_count)
        _set(self, "game", game)
        _set(self, "_trained", trained)
        _set(self, "_generated_shapes", generated_shapes)
        check_levels(game, self._trained, self.test_levels, self.pad_levels)
        if self.actions_per_turn > 1 and game.avatar is not None:
            raise OptionError(
                f"actions_per_turn={self.actions_per_turn}",
                f"a player steers one {game.avatar} in this game",
                "Leave it at 1",
            )

    @property
    def name_in_errors(self) -> str:
        """What error messages call the game."""
        return f"yaml_file={self.yaml_file!r}" if self.yaml_file else "yaml_string"

    @property
    def text(self) -> str:
        """The game's GDY document."""
        assert self.yaml_string is not None
        return self.yaml_string

    @property
    def level_source(self) -> LevelSource:
        """The source that chooses the level of each training episode, a copy for each caller."""
        if isinstance(self.levels, LevelSource):
            return private_copy(self.levels)
        return UniformLevels(self._trained)

    @property
    def observation_shapes(self) -> tuple[Shape, ...]:
        """Shape (H, W, C) of each player's observation, large enough for every level in use."""
        shapes = [self.game.level_shapes[level] for level in self._levels_in_use]
        if self._generated_shapes is not None:
            shapes.append(self._generated_shapes)
        players = range(self.game.player_count)
        return tuple(
            (max(s[p][0] for s in shapes), max(s[p][1] for s in shapes), shapes[0][p][2])
            for p in players
        )

    @property
    def single_action_nvec(self) -> tuple[int, ...]:
        """Number of choices of each part of one action, on the largest level in use."""
        sizes = [self.game.grid_sizes[level] for level in self._levels_in_use]
        if self._generated_shapes is not None:
            # Who has no avatar to follow sees the whole grid.
            sizes += [(width, height) for height, width, _ in self._generated_shapes]
        return self.game.action_nvec_on(max(w for w, _ in sizes), max(h for _, h in sizes))

    @property
    def action_nvec(self) -> tuple[int, ...]:
        """Number of choices of each part of what a player does in one step."""
        return self.single_action_nvec * self.actions_per_turn

    @property
    def _levels_in_use(self) -> list[int]:
        return sorted({*self._trained, *self.test_levels})

    def to_dict(self) -> dict[str, Any]:
        """Returns the options as plain values for JSON, the game's text included."""
        values = self._options()
        if isinstance(self.levels, LevelSource):
            values["levels"] = source_to_dict(self.levels)
        return values

    def to_json(self) -> str:
        """Returns the spec as JSON; :meth:`from_json` gives an equal spec back."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_dict(
        cls,
        values: Mapping[str, Any],
        *,
        levels: Levels | type[LevelSource] | None = None,
        trust: Sequence[str] = (),
    ) -> GriddlyEnvSpec:
        """Restores what :meth:`to_dict` gave, also after a trip through JSON.

        No code that the values name is run: the user's own level source, or generator of levels,
        is handed over again, or trusted.

        Args:
            values: As they were saved.
            levels: To be used instead of the saved ones. A :class:`GeneratedLevels` instead of
                generated ones, and a source of the user's instead of such a one, have to be of the
                class that was saved; the former without a config, and the latter's class by itself,
                get the saved config.
            trust: Modules that may be imported for the class.

        Raises:
            TrustError: The values name a class that is neither handed over nor trusted.
            LevelError: The class is another one than the saved one, or cannot be imported.
            OptionError: The values are no spec.
            GriddlyLitError: See the class.
        """
        known = [each.name for each in dataclasses.fields(cls) if each.init]
        with decoding(OptionError, "a saved spec", "it holds what no spec is made with", SAVE_ANEW):
            options = saved_options(values, known, levels, trust)
            folders = saved_folders(options)
            spec = cls(**options | dict.fromkeys(FOLDERS))
        # They are not checked: on another machine they need not be there.
        for name, path in folders.items():
            _set(spec, name, path)
        return spec

    @classmethod
    def from_json(
        cls,
        text: str,
        *,
        levels: Levels | type[LevelSource] | None = None,
        trust: Sequence[str] = (),
    ) -> GriddlyEnvSpec:
        """Restores what :meth:`to_json` gave; see :meth:`from_dict`."""
        with decoding(OptionError, "a saved spec", "it is no JSON", SAVE_ANEW):
            values = parse_json(text)
        return cls.from_dict(values, levels=levels, trust=trust)

    @classmethod
    def from_env_config(cls, env_config: Mapping[str, Any]) -> GriddlyEnvSpec:
        """Makes a spec from the ``env_config`` dictionary of Griddly's old RLlib integration.

        Args:
            env_config: The dictionary as it was, see :func:`griddly_lit.envs.env_config.spec_options`.
                What it says of videos, action events and valid actions is the trainer's to do now:
                it is left out with a warning. :meth:`GriddlyTrainer.from_env_config` takes all of
                it.

        Raises:
            OptionError: A key is unknown; the nearest known one is suggested.
        """
        options = spec_options(env_config)
        left_out = [key for key in TRAINER_KEYS if env_config.get(key)]
        if left_out:
            _log.warning(
                "GriddlyEnvSpec.from_env_config leaves out %s: GriddlyTrainer.from_env_config takes "
                "the whole dictionary.",
                ", ".join(left_out),
            )
        return cls(**options)

    def _options(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}


def _set(spec: GriddlyEnvSpec, name: str, value: object) -> None:
    object.__setattr__(spec, name, value)
