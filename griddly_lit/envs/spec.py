"""The environment spec: one frozen value that says which game is played, and how."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

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
from griddly_lit.envs.checked_options import check_there_are, checked_options
from griddly_lit.envs.env_config import TRAINER_KEYS, spec_options
from griddly_lit.envs.levels import (
    GeneratedLevels,
    LevelSource,
    UniformLevels,
    handed_over,
    source_from_dict,
    source_to_dict,
)
from griddly_lit.envs.paths import checked_folder, find_game
from griddly_lit.errors import GameFileError, LevelError, OptionError, did_you_mean

_log = logging.getLogger("griddly_lit")
_FOLDERS = ("gdy_path", "image_path", "shader_path")

Levels = int | Sequence[int] | Literal["random"] | LevelSource

_SAVE_ANEW = "Give what to_json() or to_dict() of a spec returned"


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
            ``"random"`` (every level that is not a test level), or a level source.
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
        sample = None
        if isinstance(self.levels, GeneratedLevels):
            sample = str(self.levels.draw(np.random.default_rng(0), 0))
        game, generated_shapes = probe(
            text,
            document,
            self.name_in_errors,
            self.player_observer_type,
            sample,
            self._levels_to_play(),
        )
        _set(self, "game", game)
        _set(self, "_generated_shapes", generated_shapes)
        self._check_levels()
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
        """The source that chooses the level of each training episode."""
        if isinstance(self.levels, int):
            return UniformLevels((self.levels,))
        if isinstance(self.levels, str):
            every = range(self.game.level_count)
            return UniformLevels(tuple(n for n in every if n not in self.test_levels))
        if isinstance(self.levels, LevelSource):
            return self.levels
        return UniformLevels(tuple(self.levels))

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
        return sorted({*self.level_source.indices(), *self.test_levels})

    def _levels_to_play(self) -> tuple[int, ...] | None:
        """Returns the levels in use where the game need not be known for it, else None for all."""
        if self.levels == "random":
            return None
        return (*self.level_source.indices(), *self.test_levels)

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
        levels: Levels | None = None,
        trust: Sequence[str] = (),
    ) -> GriddlyEnvSpec:
        """Restores what :meth:`to_dict` gave, also after a trip through JSON.

        No code that the values name is run: a level generator is handed over again, or trusted.

        Args:
            values: As they were saved.
            levels: To be used instead of the saved ones; a :class:`GeneratedLevels` instead of
                generated ones has to be of the class that was saved, and gets the saved config if
                it has none.
            trust: Modules that may be imported for the generator's class.

        Raises:
            TrustError: The values name a level generator that is neither handed over nor trusted.
            LevelError: The generator is another one than the saved one, or cannot be imported.
            OptionError: The values are no spec.
            GriddlyLitError: See the class.
        """
        shown = "a saved spec"
        with decoding(OptionError, shown, "it holds what no spec is made with", _SAVE_ANEW):
            options = dict(values)
            known = [each.name for each in dataclasses.fields(cls) if each.init]
            for name in options:
                if name not in known:
                    raise OptionError(
                        f"{shown}: {name!r}"[:80],
                        "a spec has no such option",
                        did_you_mean(str(name), known),
                        known,
                    )
            saved = options.get("levels")
            if levels is not None:
                options["levels"] = handed_over(levels, saved)
            elif isinstance(saved, Mapping):
                options["levels"] = source_from_dict(saved, trust)
            folders = {name: options.pop(name, None) for name in _FOLDERS}
            for name, path in folders.items():
                if not (path is None or isinstance(path, str)):
                    raise OptionError(f"{name}={path!r}", "it is no folder", "Name one, or None")
            spec = cls(**options)
        # They are not checked: on another machine they need not be there.
        for name, path in folders.items():
            _set(spec, name, path)
        return spec

    @classmethod
    def from_json(
        cls, text: str, *, levels: Levels | None = None, trust: Sequence[str] = ()
    ) -> GriddlyEnvSpec:
        """Restores what :meth:`to_json` gave; see :meth:`from_dict`."""
        with decoding(OptionError, "a saved spec", "it is no JSON", _SAVE_ANEW):
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

    def _check_levels(self) -> None:
        every = range(self.game.level_count)
        trained = self.level_source.indices()
        for option, levels in (("levels", trained), ("test_levels", self.test_levels)):
            check_there_are(option, levels, self.game.level_count)
        both = sorted(set(trained) & set(self.test_levels))
        if both:
            raise LevelError(
                f"test_levels={list(self.test_levels)}",
                f"levels {both} are trained on as well",
                "Take them out of levels or of test_levels",
                [n for n in every if n not in trained],
            )
        shapes = {self.game.level_shapes[level] for level in self._levels_in_use}
        if len(shapes) > 1 and not self.pad_levels:
            listed = ", ".join(
                f"level {n}: {self.game.level_shapes[n][0]}" for n in self._levels_in_use
            )
            raise LevelError(
                "pad_levels=False",
                f"the levels differ in shape (H, W, C): {listed}",
                "Set pad_levels=True, or choose levels of one shape",
            )


def _set(spec: GriddlyEnvSpec, name: str, value: object) -> None:
    object.__setattr__(spec, name, value)
