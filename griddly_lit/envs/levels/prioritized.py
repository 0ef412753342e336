"""Levels in the order in which they teach most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from griddly_lit.arguments import checked_float, checked_int, checked_list, checked_text, shown
from griddly_lit.decoding import decoding
from griddly_lit.envs.levels.generated import GeneratedLevels
from griddly_lit.envs.levels.listed import checked_listed
from griddly_lit.envs.levels.replay_distribution import ReplayDistribution
from griddly_lit.envs.levels.source import Level, LevelOutcome
from griddly_lit.errors import LevelError

_CAPACITY = 200
# A draw looks at all of them.
_MOST_LEVELS = 100_000
_LEAST_BETA = 1e-6


@dataclass(frozen=True)
class PrioritizedLevels:
    """Replays levels by how much the policy was wrong about them: Prioritized Level Replay.

    A level's score is the mean absolute generalised advantage of its last episode, by the values
    that the policy acted with. A level that has not been scored yet is unseen. The next level is
    unseen with the share of those among all (or with ``nu``), and drawn uniformly from them;
    otherwise a seen one is replayed with probability
    ``(1 − rho) · P_score + rho · P_staleness``, where ``P_score`` is in proportion to
    ``rank ** (−1 / beta)``, the highest score having rank 1, and ``P_staleness`` to the number of
    draws since the level's last one. Episodes without a score change nothing.

    What it draws depends on the generator that it is handed and on what it has drawn and been told.
    Each process that samples has scores of its own.

    Source: Jiang, Grefenstette and Rocktäschel, "Prioritized Level Replay", ICML 2021,
    arXiv 2010.03934: the rule, and as defaults what the paper chose on Procgen, 200 training levels,
    rank prioritisation with ``beta=0.1``, ``rho=0.1``, and new levels by the share of unseen ones.

    Attributes:
        levels: Indices of the game's levels, or :class:`GeneratedLevels`. Generated level ``n`` is
            the one that the generator makes from ``numpy.random.default_rng(n)``; a generator
            that takes no argument is asked once for each level.
        capacity: How many generated levels there are (default 200); the game's own need no number.
        beta: Temperature, above 0. The smaller it is, the more the highest scores count.
        rho: Share of the staleness, 0 … 1.
        nu: Probability of an unseen level while there is one, above 0 up to 1; None (the default)
            for the share of unseen ones.

    Raises:
        LevelError: There is no level, or an option is out of its range.
    """

    levels: Sequence[int] | GeneratedLevels
    capacity: int | None = field(default=None, kw_only=True)
    beta: float = field(default=0.1, kw_only=True)
    rho: float = field(default=0.1, kw_only=True)
    nu: float | None = field(default=None, kw_only=True)
    _replay: ReplayDistribution = field(init=False, repr=False, compare=False)
    # Generated level strings, and at which positions each level is.
    _texts: dict[int, str] = field(init=False, repr=False, compare=False)
    _positions: dict[Level, list[int]] = field(init=False, repr=False, compare=False)

    scorer: ClassVar[str] = "gae"

    def __post_init__(self) -> None:
        capacity: int | None = None
        positions: dict[Level, list[int]] = {}
        if isinstance(self.levels, GeneratedLevels):
            asked = _CAPACITY if self.capacity is None else self.capacity
            capacity = checked_int("capacity", asked, 1, _MOST_LEVELS, error=LevelError)
            count = capacity
        else:
            levels = tuple(dict.fromkeys(checked_listed(self.levels)))
            if self.capacity is not None:
                raise LevelError(
                    shown("capacity", self.capacity),
                    "it is the number of generated levels",
                    "Leave it out for levels of the game's own",
                )
            object.__setattr__(self, "levels", levels)
            positions, count = {level: [n] for n, level in enumerate(levels)}, len(levels)
        beta = checked_float("beta", self.beta, _LEAST_BETA, error=LevelError)
        rho = checked_float("rho", self.rho, 0, 1, error=LevelError)
        nu = self.nu
        if nu is not None:
            # With 0, levels that were not seen at the start would never be.
            nu = checked_float("nu", nu, _LEAST_BETA, 1, error=LevelError)
        for name, value in {
            "capacity": capacity,
            "beta": beta,
            "rho": rho,
            "nu": nu,
            "_replay": ReplayDistribution(count, beta, rho, nu),
            "_texts": {},
            "_positions": positions,
        }.items():
            object.__setattr__(self, name, value)

    @property
    def largest(self) -> tuple[int, int] | None:
        """See :attr:`GeneratedLevels.largest`."""
        return self.levels.largest if isinstance(self.levels, GeneratedLevels) else None

    def indices(self) -> tuple[int, ...]:
        """Returns the levels, none where they are generated."""
        return () if isinstance(self.levels, GeneratedLevels) else tuple(self.levels)

    def draw(self, rng: np.random.Generator, ordinal: int) -> Level:
        """Returns one of the levels.

        Raises:
            LevelError: The generator fails.
        """
        position = self._replay.draw(rng)
        if isinstance(self.levels, GeneratedLevels):
            return self._text(self.levels, position)
        return self.levels[position]

    def note(self, outcome: LevelOutcome) -> None:
        """Takes the score of a finished episode."""
        if outcome.score is None or not math.isfinite(outcome.score):
            return
        for position in self._positions.get(outcome.level, ()):
            self._replay.note(position, outcome.score)

    def state_dict(self) -> dict[str, Any]:
        """Returns the scores, when each level was drawn last, and which ones were generated.

        Level strings are among it only where the generator takes no argument, so that they cannot
        be made again.
        """
        state = {**self._replay.state_dict(), "generated": sorted(self._texts)}
        if isinstance(self.levels, GeneratedLevels) and self._texts and not self.levels.takes_rng:
            state["texts"] = [self._texts[position] for position in state["generated"]]
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over what :meth:`state_dict` gave; generated levels are made again.

        Raises:
            LevelError: It is the state of other levels, or none, or the generator fails.
        """
        mend = "Restore what state_dict() of these levels returned"
        with decoding(LevelError, "state of levels", "it is none", mend):
            most = (self.capacity or 0) - 1
            listed = checked_list("generated", state["generated"], mend, error=LevelError)
            generated = [checked_int("generated", n, 0, most, error=LevelError) for n in listed]
            texts = state.get("texts")
            if texts is not None:
                texts = [checked_text("texts", each, mend, error=LevelError) for each in texts]
                texts = dict(zip(generated, texts, strict=True))
        self._replay.load_state_dict(state)
        if isinstance(self.levels, GeneratedLevels):
            self._texts.clear()
            self._positions.clear()
            for position in generated:
                if texts is None:
                    self._text(self.levels, position)
                else:
                    self._keep(position, texts[position])

    def _text(self, levels: GeneratedLevels, position: int) -> str:
        if position not in self._texts:
            made = levels.draw(np.random.default_rng(position), position)
            self._keep(position, str(made))
        return self._texts[position]

    def _keep(self, position: int, text: str) -> None:
        self._texts[position] = text
        # A generator may make one level from several seeds.
        self._positions.setdefault(text, []).append(position)
