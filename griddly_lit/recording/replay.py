"""Replays: what repeats an episode exactly, step by step, in any process."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.arguments import checked_mapping, checked_path
from griddly_lit.decoding import decoding
from griddly_lit.engine import Document, Game, GameInfo, StepResult, load_gdy, parse_game, probe
from griddly_lit.errors import ActionError, LevelError, OptionError, ReplayError
from griddly_lit.recording.replay_file import read_fields, write_fields
from griddly_lit.recording.replay_values import ANOTHER, checked_values

_OUTCOMES = ("win", "lose", "end")


@dataclass(frozen=True, eq=False, kw_only=True)
class EpisodeReplay:
    """One episode: the game, how it began, every action, and what came of it.

    The engine repeats an episode exactly from its level, seed and actions, so no frame is kept.

    Attributes:
        text: The game's GDY document.
        level: Index of one of the game's levels, or a level string.
        seed: The engine's seed, an unsigned 32-bit integer.
        actions: Integers (steps, players, parts), at least one step.
        rewards: float32 (steps, players).
        terminated: The game's own rules ended the episode.
        truncated: The step limit ended it. When neither did, it was still going on.
        outcomes: ``win``, ``lose`` or ``end`` for each player when terminated, otherwise empty.
        max_steps: The step limit; None if there was none.
        player_observers: Observer name of each player, which an agent's view shows.
        global_observer: Observer of the whole grid, which the global view shows.
        player_done_variable: Name of the player variable that is 1 for a player who left.
        game_dir: Folder of the game's file, where its images may lie.
        image_path: Folder of images that the user gave.
        shader_path: Folder of shaders that the user gave. Where these folders are not there, as on
            another machine, plain tiles stand for what was in them.
        env_steps: Environment steps of training before it was recorded; None where unknown.

    Raises:
        ReplayError: The values do not fit together.
    """

    text: str = dataclasses.field(repr=False)
    level: int | str
    seed: int
    actions: NDArray[np.integer[Any]] = dataclasses.field(repr=False)
    rewards: NDArray[np.float32] = dataclasses.field(repr=False)
    terminated: bool
    truncated: bool
    outcomes: tuple[str, ...]
    max_steps: int | None
    player_observers: tuple[str, ...]
    global_observer: str = "Sprite2D"
    player_done_variable: str | None = None
    game_dir: str | None = None
    image_path: str | None = None
    shader_path: str | None = None
    env_steps: int | None = None

    def __post_init__(self) -> None:
        for name, value in checked_values(vars(self)).items():
            object.__setattr__(self, name, value)
        actions, rewards = self.actions, self.rewards
        if actions.ndim != 3 or not len(actions) or actions.dtype.kind not in "iu":
            _refuse(
                f"actions of shape {actions.shape}, {actions.dtype}",
                "actions are integers (steps, players, parts), one step or more",
            )
        if actions.size and actions.min() < 0:
            _refuse(f"actions with {actions.min()}", "an action's parts are 0 or more")
        if rewards.shape != actions.shape[:2]:
            _refuse(f"rewards of shape {rewards.shape}", f"there are {actions.shape[:2]} of them")
        # The smallest type: replays travel between processes.
        smallest = np.min_scalar_type(int(actions.max(initial=0)))
        object.__setattr__(self, "actions", actions.astype(smallest))
        self._check()

    @property
    def length(self) -> int:
        """Number of steps."""
        return len(self.actions)

    @property
    def agents(self) -> tuple[int, ...]:
        """Ids of the agents, 1 … P."""
        return tuple(range(1, self.actions.shape[1] + 1))

    @property
    def returns(self) -> NDArray[np.float64]:
        """Sum of each player's rewards, float64 (players,)."""
        returns: NDArray[np.float64] = self.rewards.sum(axis=0, dtype=np.float64)
        return returns

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EpisodeReplay) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.text, self.level, self.seed, self.actions.tobytes()))

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        rewards = [[_number(value) for value in step] for step in self.rewards.tolist()]
        return {
            **values,
            "actions": self.actions.tolist(),
            "rewards": rewards,
            "outcomes": list(self.outcomes),
            "player_observers": list(self.player_observers),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EpisodeReplay:
        """Restores what :meth:`to_dict` gave, also after a trip through JSON.

        Raises:
            ReplayError: A value is missing, unknown, or does not fit.
        """
        with decoding(ReplayError, "replay", "its values do not fit", ANOTHER):
            return cls(**checked_mapping("replay", values, ANOTHER, error=ReplayError))

    def save(self, path: str | Path) -> None:
        """Writes the replay as one small JSON file, whole or not at all.

        Args:
            path: The file; its folder is made, and what is there already is replaced.

        Raises:
            OSError: It cannot be written.
        """
        write_fields(checked_path("path", path), self.to_dict())

    @classmethod
    def load(cls, path: str | Path) -> EpisodeReplay:
        """Reads what :meth:`save` wrote.

        Raises:
            ReplayError: The file is missing, cut short, altered, or no replay.
        """
        return cls.from_dict(read_fields(checked_path("replay", path, error=ReplayError)))

    def replay(self) -> None:
        """Plays the episode again.

        Raises:
            ReplayError: Rewards or outcome differ; the error names the step.
        """
        for _ in self.play_through():
            pass

    def play_through(
        self,
        *,
        global_observer: str = "None",
        player_observers: Sequence[str] | None = None,
    ) -> Generator[Game]:
        """Plays the episode again, and lets the caller look at every state.

        Args:
            global_observer: Observer of the whole grid.
            player_observers: Observer of each player; by default Vector.

        Yields:
            The game, after its reset and after each step: length + 1 times the same object. It is
            closed when the iteration ends.

        Raises:
            ReplayError: Rewards or outcome differ from the recorded ones; the error names the step.
        """
        _, info, gdy = open_game(self.text)
        game = Game(
            gdy,
            info,
            max_steps=self.max_steps,
            player_done_variable=self.player_done_variable,
            global_observer=global_observer,
            player_observers=player_observers,
        )
        with closing(game):
            try:
                game.reset(self.level, self.seed)
            except (LevelError, OptionError) as error:
                raise ReplayError("replay, reset", str(error), ANOTHER) from error
            yield game
            for step, actions in enumerate(self.actions):
                try:
                    result = game.step(actions)
                except ActionError as error:
                    raise ReplayError(f"replay, step {step}", str(error), ANOTHER) from error
                self._compare(step, result)
                yield game

    def _compare(self, step: int, result: StepResult) -> None:
        last = step == self.length - 1
        facts: tuple[tuple[str, object, object], ...] = (
            ("rewards", list(result.rewards), self.rewards[step].tolist()),
            ("terminated", result.terminated, last and self.terminated),
            ("truncated", result.truncated, last and self.truncated),
            ("outcomes", result.outcomes, self.outcomes if last else ()),
        )
        for name, now, recorded in facts:
            if now != recorded:
                raise ReplayError(
                    f"replay, step {step}",
                    f"{name}: {now} now, {recorded} was recorded",
                    "Replay it with the engine that recorded it, griddly 1.6.7",
                )

    def _check(self) -> None:
        players = self.actions.shape[1]
        for name in ("game_dir", "image_path", "shader_path"):
            path = getattr(self, name)
            if not (path is None or isinstance(path, str)):
                _refuse(f"{name}={path!r}", "a folder is named by a string, or None")
        if len(self.player_observers) != players:
            _refuse(
                f"player_observers={list(self.player_observers)}", f"there are {players} player(s)"
            )
        if self.terminated and self.truncated:
            _refuse("terminated, truncated", "an episode ends in one way only")
        if len(self.outcomes) != (players if self.terminated else 0) or (
            set(self.outcomes) - set(_OUTCOMES)
        ):
            _refuse(
                f"outcomes={list(self.outcomes)}",
                "a terminated episode has win, lose or end for each player, any other has none",
            )
        if self.truncated and self.length != self.max_steps:
            _refuse(f"{self.length} steps", f"it was truncated after max_steps={self.max_steps}")


def _refuse(value: str, rule: str) -> None:
    raise ReplayError(value, rule, ANOTHER)


def _number(reward: float) -> float:
    return int(reward) if reward.is_integer() else reward


@functools.lru_cache(maxsize=8)
def open_game(text: str) -> tuple[Document, GameInfo, Any]:
    """Opens a game once a process.

    Args:
        text: The GDY document.

    Returns:
        The parsed document, what the probe learned of the game with Vector observers, and the
        engine's ``GDY`` object.

    Raises:
        GameFileError: The text is no GDY document.
        GameLoadError: The engine refuses the game, or crashed on it (in a child process).
    """
    document = parse_game(text, "replay")
    info, _ = probe(text, document, "replay", "Vector")
    return document, info, load_gdy(text)
