"""One game that is safe to use: the engine with its traps closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from griddly_lit.engine import binding
from griddly_lit.engine.actions import checked_actions
from griddly_lit.engine.info import GameInfo
from griddly_lit.engine.level_map import load_level_string
from griddly_lit.engine.valid_actions import flat_actions_of
from griddly_lit.errors import EngineError, EpisodeError, LevelError, OptionError

_MAX_SEED = 2**32 - 1


class StepResult(NamedTuple):
    """What one step of a game gave.

    Attributes:
        rewards: One float a player.
        terminated: The game's own rules ended the episode.
        truncated: The step limit ended it; never true together with ``terminated``.
        outcomes: At termination ``win``, ``lose`` or ``end`` for each player, otherwise empty.
    """

    rewards: Sequence[float]
    terminated: bool
    truncated: bool
    outcomes: tuple[str, ...]


class Game:
    """One running game.

    Observations are copies, actions are checked before the engine sees them, the engine is seeded
    before each reset, steps are counted here (the engine's own limit is off by one and calls a
    time-out a defeat), and memory is released by :meth:`close`.

    Args:
        gdy: A parsed game from :func:`griddly_lit.engine.load_gdy`; games may share one.
        info: What the probe learned of the game.
        max_steps: Number of steps after which an episode is truncated; None for no limit.
        player_done_variable: Name of the player variable that is 1 for a player who left. When
            everyone has, the episode is terminated.
        record_events: Keep the engine's history for :meth:`take_events`.
        player_observers: Observer names to use instead of those in ``info``.
        global_observer: Observer of the whole grid, for :meth:`global_observation`.
    """

    def __init__(
        self,
        gdy: Any,
        info: GameInfo,
        *,
        max_steps: int | None = None,
        player_done_variable: str | None = None,
        record_events: bool = False,
        player_observers: Sequence[str] | None = None,
        global_observer: str = "None",
    ) -> None:
        if max_steps is not None and max_steps < 1:
            raise OptionError(
                f"max_steps={max_steps}",
                "a step limit is at least 1",
                "Pass a positive integer, or None for no limit",
            )
        self.info = info
        self.max_steps = max_steps
        self.steps = 0
        self._done_variable = player_done_variable
        self._nvec = info.action_nvec
        self._departed: NDArray[np.bool_] = np.zeros(info.player_count, dtype=np.bool_)
        self._playing = False
        self._level: int | str | None = None
        self._engine = binding.create_game(gdy, global_observer)
        with binding.refusals_named("game"):
            self._players = [
                self._engine.register_player(f"player_{number}", observer)
                for number, observer in enumerate(
                    player_observers or info.player_observers, start=1
                )
            ]
            self._engine.init(False)
            if record_events:
                self._engine.enable_history(True)
        self._records_events = record_events

    def reset(self, level: int | str, seed: int) -> None:
        """Starts an episode.

        The same level, seed and actions give the same episode, in any process.

        Args:
            level: Index of one of the game's levels, or a level string.
            seed: An integer in 0 … 2³² − 1.

        Raises:
            LevelError: The index is out of range, or the engine refuses the level.
            OptionError: The seed is out of range.
        """
        if not isinstance(seed, (int, np.integer)) or not 0 <= seed <= _MAX_SEED:
            raise OptionError(
                f"seed={seed!r}", "a seed lies in 0 … 4294967295", "Pass an unsigned 32-bit integer"
            )
        engine = self._open_engine()
        if not isinstance(level, str):
            self._check_index(level)
        self._playing = False
        # A level string stays in force over later resets, so a change of level is always loaded.
        loaded, self._level = self._level, None
        if level != loaded:
            if isinstance(level, str):
                load_level_string(engine, level)
            else:
                with binding.refusals_named(f"level={level}", LevelError):
                    engine.load_level(level)
        with binding.refusals_named(f"level={level!r:.60}", LevelError):
            engine.seed(seed)
            engine.reset()
            if self._records_events:
                engine.get_history()
        self._level = level
        self.steps = 0
        self._departed[:] = False
        self._playing = True

    def _check_index(self, level: int) -> None:
        count = self.info.level_count
        is_index = isinstance(level, (int, np.integer)) and not isinstance(level, bool)
        if not (is_index and 0 <= level < count):
            raise LevelError(
                f"level={level!r:.60}",
                "the game has no such level",
                "Pick one of its levels, or pass a level string",
                range(count),
            )

    def step(self, actions: ArrayLike) -> StepResult:
        """Plays one step of every player.

        Args:
            actions: Integers of shape (players, parts), see :attr:`GameInfo.action_nvec`. In a game
                without avatars a player may move several units a step: (players, k · parts) holds
                k actions of each, one after the other.

        Raises:
            ActionError: The actions do not fit the action space.
            EngineError: The engine failed; the episode is over.
            EpisodeError: There is no episode to step.
        """
        several = 1
        if self.info.avatar is None:
            several = max(1, np.shape(actions)[-1] // len(self._nvec))
        result = self.step_unchecked(
            checked_actions(actions, self._nvec * several, (self.info.player_count,))
        )
        return result._replace(rewards=tuple(map(float, result.rewards)))

    def step_unchecked(self, actions: NDArray[np.int32]) -> StepResult:
        """Like :meth:`step`, for actions that :func:`checked_actions` has seen already.

        The rewards are the engine's integers.
        """
        if not self._playing:
            raise EpisodeError(
                "step", "the episode is over or was never started", "Call reset first"
            )
        try:
            rewards, terminated, info = (
                self._engine.step_parallel(actions)
                if actions.shape[1] == len(self._nvec)
                else self._step_several(actions)
            )
        except Exception as error:
            raise self._failure(error) from error
        self.steps += 1
        if self._done_variable is not None:
            self._note_departures(self._done_variable)
            # Without anyone to act, the engine would go on for ever.
            terminated = terminated or bool(self._departed.all())
        truncated = not terminated and self.steps == self.max_steps
        outcomes: tuple[str, ...] = ()
        if terminated:
            results = info.get("PlayerResults", {})
            players = range(1, self.info.player_count + 1)
            outcomes = tuple(results.get(str(player), "End").lower() for player in players)
        self._playing = not (terminated or truncated)
        return StepResult(rewards, terminated, truncated, outcomes)

    def _failure(self, error: Exception) -> EngineError:
        self._playing = False
        return EngineError(
            f"level={self._level!r:.60}, step {self.steps + 1}",
            f"the engine failed: {error}".rstrip("."),
            "Look for a rule of the game that names what is not there",
        )

    def _step_several(
        self, actions: NDArray[np.int32]
    ) -> tuple[Sequence[float], bool, Mapping[str, Any]]:
        # A turn that ends with the last player's actions gives the rewards before the tick, and
        # the rest of them later, even in the next episode. So the tick is a step of its own, in
        # which nobody acts.
        parts = len(self._nvec)
        moved = [
            player.step_multi(np.ascontiguousarray(own.reshape(-1, parts)), False)[0]
            for player, own in zip(self._players, actions, strict=True)
        ]
        idle = np.zeros((self.info.player_count, parts), dtype=np.int32)
        ticked, terminated, info = self._engine.step_parallel(idle)
        rewards = [first + second for first, second in zip(moved, ticked, strict=True)]
        return rewards, terminated, info

    def valid_action_trees(self) -> list[Mapping[int, Any]]:
        """Returns what each player can do now, as nested mappings, a level a part of the action."""
        try:
            return list(self._engine.build_valid_action_trees())
        except Exception as error:
            raise self._failure(error) from error

    def valid_actions(self, nvec: Sequence[int]) -> list[list[int]]:
        """Returns the same as numbers, see :func:`flat_actions_of`.

        Args:
            nvec: Number of choices of each part; those of locations may be larger than the grid.
        """
        return [flat_actions_of(tree, nvec) for tree in self.valid_action_trees()]

    def corners(self, outs: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
        """Returns views of arrays, the upper left corners that observations on this level fill.

        Args:
            outs: An array a player, uint8 (H, W, C), at least as large as the observation.
        """
        shapes = [np.asarray(player.observe()).T.shape for player in self._players]
        return [out[: shape[0], : shape[1]] for out, shape in zip(outs, shapes, strict=True)]

    def observe_into(self, outs: Sequence[NDArray[np.uint8]]) -> None:
        """Copies each player's observation into its array.

        Args:
            outs: An array a player, uint8 (H, W, C), of the observation's shape: see
                :meth:`corners`.

        Raises:
            ValueError: An array has another shape.
        """
        for player, out in zip(self._players, outs, strict=True):
            # (C, W, H) with strides (1, C, C·W): its transpose is the C-contiguous (H, W, C).
            out.T[...] = player.observe()

    def observation(self, player: int = 0) -> NDArray[np.uint8]:
        """Returns a copy of a player's observation, uint8 of shape (H, W, C)."""
        return _grid(self._players[player].observe())

    def global_observation(self) -> NDArray[np.uint8]:
        """Returns a copy of what the global observer sees, uint8 of shape (H, W, C)."""
        return _grid(self._open_engine().observe())

    def departed(self) -> NDArray[np.bool_]:
        """Returns who has left the game for good, a bool array of shape (players,)."""
        departed: NDArray[np.bool_] = self._departed.copy()
        return departed

    def _note_departures(self, variable: str) -> None:
        values = self._engine.get_global_variable([variable])[variable]
        for player in range(self.info.player_count):
            if values.get(player + 1, 0) == 1:
                self._departed[player] = True

    def take_events(self) -> list[Mapping[str, Any]]:
        """Returns the engine's events since the last call or reset, and forgets them."""
        return list(self._open_engine().get_history())

    def state(self) -> dict[str, Any]:
        """Returns the engine's full description of the present state."""
        state: dict[str, Any] = self._open_engine().get_state()
        return state

    def close(self) -> None:
        """Releases the engine's memory. The game cannot be used afterwards; closing twice is fine."""
        if self._engine is not None:
            self._playing = False
            self._players = []
            self._engine.release()
            self._engine = None

    def _open_engine(self) -> Any:
        if self._engine is None:
            raise EpisodeError("game", "the game was closed", "Make a new one")
        return self._engine


def _grid(observed: Any) -> NDArray[np.uint8]:
    return np.array(np.asarray(observed).transpose(2, 1, 0), dtype=np.uint8, order="C")
