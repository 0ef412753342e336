"""N games stepped together, writing into arrays that are allocated once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.engine import Game, StepResult, checked_actions, load_gdy
from griddly_lit.envs.episode_log import EpisodeLog
from griddly_lit.envs.episodes import EpisodeEnd, EpisodeStart, outcome_of
from griddly_lit.envs.level_notes import NoNotes
from griddly_lit.envs.levels import LevelSource, in_play
from griddly_lit.envs.player_blocks import find_valid_actions, player_blocks, views_of
from griddly_lit.envs.repetition import repeat
from griddly_lit.envs.spec import GriddlyEnvSpec
from griddly_lit.errors import LevelError
from griddly_lit.plain_state import State, rng_state, set_rng_state

_MAX_SEED = 2**32


class VectorGame:
    """N games of one spec in lockstep, each reset at once when its episode ends.

    Every game draws its levels and engine seeds from a generator of its own, so what game ``i``
    plays depends on nothing but ``seed``, ``i`` and its own past actions; and, where the level
    source remembers what it is told, on the episodes of the other games.

    Args:
        spec: The environment.
        count: Number of games N.
        seed: Entropy of the generators: an integer, or a sequence such as (run seed, runner).
        levels: Source of levels to use instead of the spec's.
        record_events: Keep the engine's events for :meth:`take_events`.
        valid_actions: Find the valid actions after each step.

    Attributes:
        level_source: Chooses the levels: a copy for these games alone, which is told what comes of
            them if it has a ``note``.
        scorer: Called with each finished episode before its level source is told of it; returns
            the score, or None. None at first.
        notes: Gets to know what each game is about to do. Drops it at first.
        blocks: The seats of all players, those with observations of one shape together.
        observations: One uint8 array (N, H, W, C) a player: views of the blocks.
        active: bool (N, players), who takes part in the step to come.
        left: bool (N, players), who took part for the last time in the last step, though the
            rules did not end the episode.
        rewards: float32 (N, players), of the last step.
        terminated: bool (N,), whether the last step ended an episode by the game's rules.
        truncated: bool (N,), whether it reached the step limit.
    """

    def __init__(
        self,
        spec: GriddlyEnvSpec,
        count: int,
        seed: int | tuple[int, ...],
        levels: LevelSource | None = None,
        record_events: bool = False,
        valid_actions: bool = False,
    ) -> None:
        self.spec = spec
        self.count = count
        players = spec.game.player_count
        gdy = load_gdy(spec.text)
        self._games = [
            Game(
                gdy,
                spec.game,
                max_steps=spec.max_steps,
                player_done_variable=spec.player_done_variable,
                record_events=record_events,
            )
            for _ in range(count)
        ]
        entropy = np.random.SeedSequence(seed)
        self._rngs = [np.random.default_rng(child) for child in entropy.spawn(count)]
        self.level_source = spec.level_source if levels is None else in_play.private_copy(levels)
        self.scorer: Callable[[EpisodeEnd], float | None] | None = None
        self.notes = NoNotes()
        # Levels that are asked for here may be others than those that the spec knows.
        self._indices = frozenset(in_play.indices_of(self.level_source)) if levels is None else None
        self._padded = len(set(spec.game.level_shapes)) > 1 or not self._indices
        self._finds_valid = valid_actions
        self.blocks = player_blocks(spec, count, valid_actions)
        self.observations = views_of(self.blocks, count)
        # What each player of each game sees: the same memory, cut to the level's size.
        self._outs: list[list[NDArray[np.uint8]]] = [[] for _ in range(count)]
        self.active = np.ones((count, players), dtype=np.bool_)
        self.left = np.zeros((count, players), dtype=np.bool_)
        self._lengths = np.zeros((count, players), dtype=np.int64)
        self.rewards = np.zeros((count, players), dtype=np.float32)
        self.terminated = np.zeros(count, dtype=np.bool_)
        self.truncated = np.zeros(count, dtype=np.bool_)
        self._starts: list[EpisodeStart] = []
        self._resting: set[Game] = set()
        self._episodes = np.zeros(count, dtype=np.int64)
        self._events: list[Mapping[str, Any]] | None = [] if record_events else None
        self._log = EpisodeLog(count, spec.action_nvec, players)

    def reset(self) -> None:
        """Starts a new episode in every game."""
        self._starts = [self._begin(index) for index in range(self.count)]
        if self._finds_valid:
            find_valid_actions(self.blocks, self._games, self.spec.single_action_nvec)

    def step(self, actions: NDArray[np.integer[Any]]) -> list[EpisodeEnd]:
        """Plays one step of every game, and resets those whose episode ends with it.

        Args:
            actions: Integers (N, players, parts).

        Returns:
            The episodes that ended, in the order of their games. Afterwards :attr:`observations`
            holds the first observation of the episode that follows.

        Raises:
            ActionError: An action does not fit the action space; no game was stepped.
        """
        players = self.spec.game.player_count
        checked = checked_actions(actions, self.spec.action_nvec, (self.count, players))
        results = []
        rests = StepResult((0,) * players, False, False, ())
        for index, (game, of_game) in enumerate(zip(self._games, checked, strict=True)):
            if game in self._resting:
                results.append(rests)
                continue
            self.notes.plays(index)
            results.append(game.step_unchecked(of_game))
            game.observe_into(self._outs[index])
        self.rewards[:], self.terminated[:], self.truncated[:], _ = zip(*results, strict=True)
        self._log.append(checked, self.rewards)
        self._lengths += self.active
        if self.spec.player_done_variable is not None:
            present = ~np.array([game.departed() for game in self._games])
            self.left[:] = self.active & ~present & ~self.terminated[:, np.newaxis]
            self.active[:] = present
        done = np.flatnonzero(self.terminated | self.truncated)
        ends = [self._end(int(index), results[index]) for index in done]
        for end in ends:
            self._tell(end)
            self._starts[end.index] = self._begin(end.index)
        if self._finds_valid:
            find_valid_actions(self.blocks, self._games, self.spec.single_action_nvec)
        return ends

    def rest(self, index: int) -> None:
        """Leaves a game as it is; later steps pass it over."""
        self._resting.add(self._games[index])

    def in_flight(self) -> Iterator[tuple[EpisodeStart, NDArray[np.integer[Any]]]]:
        """Yields how each unfinished episode began, and its actions (steps, players, parts) so far."""
        for index, start in enumerate(self._starts):
            yield start, self._log.of(index)[0]

    def state_dict(self) -> State:
        """Returns what repeats the unfinished episodes and draws the ones to come."""
        return {
            "episodes": [
                {"level": start.level, "seed": start.seed, "actions": actions}
                for start, actions in self.in_flight()
            ],
            "begun": self._episodes.copy(),
            "generators": [rng_state(rng) for rng in self._rngs],
            "level_source": in_play.source_state(self.level_source),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Plays the unfinished episodes of a :meth:`state_dict` again up to where they were.

        Raises:
            ValueError: It is that of other games than these.
        """
        episodes = state["episodes"]
        if not len(episodes) == len(state["generators"]) == self.count:
            raise ValueError(f"it is of {len(episodes)} games, and there are {self.count}")
        self._episodes[:] = state["begun"]
        for rng, of_rng in zip(self._rngs, state["generators"], strict=True):
            set_rng_state(rng, of_rng)
        self._starts = [EpisodeStart(each["level"], each["seed"]) for each in episodes]
        self._log.restore([self._repeat(n, each["actions"]) for n, each in enumerate(episodes)])
        in_play.load_source_state(self.level_source, state["level_source"])
        if self._finds_valid:
            find_valid_actions(self.blocks, self._games, self.spec.single_action_nvec)

    def _repeat(
        self, index: int, actions: NDArray[np.integer[Any]]
    ) -> tuple[NDArray[np.integer[Any]], NDArray[np.float32]]:
        game, players = self._games[index], self.spec.game.player_count
        checked = checked_actions(actions, self.spec.action_nvec, (len(actions), players))
        self._reset(index, self._starts[index])
        repeated = repeat(game, checked)
        self._lengths[index], self.active[index] = repeated.lengths, repeated.active
        if self._events is not None:
            game.take_events()
        game.observe_into(self._outs[index])
        return actions, repeated.rewards

    def take_events(self) -> list[Mapping[str, Any]]:
        """Returns the engine's events since the last call, in no order, and forgets them."""
        if self._events is None:
            return []
        events, self._events = self._events, []
        for game in self._games:
            events += game.take_events()
        return events

    def close(self) -> None:
        """Releases the engine's memory."""
        for game in self._games:
            game.close()

    def _begin(self, index: int) -> EpisodeStart:
        rng = self._rngs[index]
        self.notes.draws(index)
        level = in_play.draw(self.level_source, rng, self._ordinal(index), self._indices)
        start = EpisodeStart(level, int(rng.integers(_MAX_SEED)))
        self._reset(index, start)
        self._episodes[index] += 1
        self._log.begin(index)
        return start

    def _reset(self, index: int, start: EpisodeStart) -> None:
        game = self._games[index]
        self.notes.begins(index, start.level, start.seed)
        game.reset(start.level, start.seed)
        self.active[index], self._lengths[index] = True, 0
        whole = [array[index] for array in self.observations]
        # The last level may have been a level string of another size.
        self._padded = self._padded or isinstance(start.level, str)
        if self._padded:
            for out in whole:
                out[:] = 0
        self._outs[index] = game.corners(whole)
        try:
            game.observe_into(self._outs[index])
        except ValueError as error:
            raise LevelError(
                f"level={str(start.level)[:60]!r}",
                f"its observation is larger than {self.spec.observation_shapes}, the largest known "
                "before",
                "Tell the generator's largest level: GeneratedLevels(…, largest=(height, width))",
            ) from error

    def _ordinal(self, index: int) -> int:
        """Returns the ordinal of the episode that a game begins next."""
        return int(self._episodes[index]) * self.count + index

    def _tell(self, end: EpisodeEnd) -> None:
        score = None if self.scorer is None else self.scorer(end)
        ordinal = self._ordinal(end.index) - self.count
        in_play.note(self.level_source, outcome_of(end, ordinal, score))

    def _end(self, index: int, result: StepResult) -> EpisodeEnd:
        events: list[Mapping[str, Any]] = []
        if self._events is not None:
            # The reset that follows would drop them.
            events = self._games[index].take_events()
            self._events += events
        actions, rewards = self._log.of(index)
        lengths = self._lengths[index].copy()
        took_part = np.arange(len(rewards))[:, np.newaxis] < lengths
        return EpisodeEnd(
            index=index,
            start=self._starts[index],
            returns=rewards.sum(axis=0, where=took_part, dtype=np.float64),
            length=len(actions),
            lengths=lengths,
            terminated=result.terminated,
            outcomes=result.outcomes,
            observations=tuple(array[index].copy() for array in self.observations),
            actions=actions,
            rewards=rewards,
            events=events,
        )
