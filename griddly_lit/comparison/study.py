"""A study that has run: its tables, and the scores in them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from griddly_lit.comparison import statistics
from griddly_lit.comparison.calls import Difference, call_differences
from griddly_lit.comparison.cell import read_json
from griddly_lit.comparison.floor import FLOOR
from griddly_lit.comparison.statistics import Scores
from griddly_lit.comparison.tables import MEASURED, RUNS
from griddly_lit.errors import OptionError

STUDY = "study.json"
SCORE = "test/return_mean"
_CURVES = ("val/held_out/return_mean", "val/return_mean")
_GRID = 41


class Study:
    """What a study measured.

    The score of a run is the mean return of its test, with the weights at the end of its budget.
    Over games scores are normalised: 0 is the uniformly random policy, 1 the reference.

    Args:
        out: The study's folder.

    Attributes:
        out: The same.
        settings: What the study was told: models, games, seeds, budgets, versions and command.
        table: pandas DataFrame of all that was measured: model, env, seed, env_steps, metric, value.
        runs: pandas DataFrame with a row a run: its state, error, parameters, seconds and speed.

    Raises:
        OptionError: There is no study.
    """

    def __init__(self, out: Path) -> None:
        settings = read_json(out / STUDY)
        if settings is None or not (out / f"{MEASURED}.parquet").is_file():
            raise OptionError(
                f"out={str(out)!r}", "there is no study that has run", "Name the out of a compare()"
            )
        import pandas

        self.out = out
        self.settings: dict[str, Any] = settings
        self.table = pandas.read_parquet(out / f"{MEASURED}.parquet")
        self.runs = pandas.read_parquet(out / f"{RUNS}.parquet")

    @property
    def models(self) -> list[str]:
        """Names of the models."""
        return list(self.settings["models"])

    @property
    def envs(self) -> list[str]:
        """Names of the games."""
        return list(self.settings["envs"])

    @property
    def seeds(self) -> list[int]:
        """The seeds."""
        return list(self.settings["seeds"])

    @property
    def failed(self) -> Any:
        """The rows of :attr:`runs` that have no result."""
        return self.runs[self.runs["state"] != "done"]

    @cached_property
    def scores(self) -> dict[str, Scores]:
        """Scores by model and game, float64 (seeds,); NaN where a run failed."""
        return {
            model: [
                np.array([self._last(model, env, seed, SCORE) for seed in self.seeds])
                for env in self.envs
            ]
            for model in self.models
        }

    @cached_property
    def floors(self) -> dict[str, float]:
        """Score of the uniformly random policy by game."""
        return {env: self._last(FLOOR, env, self.seeds[0], SCORE) for env in self.envs}

    @cached_property
    def references(self) -> dict[str, float]:
        """The score by game that counts as 1: as given, else the best model's mean."""
        given: Mapping[str, float] = self.settings.get("reference") or {}
        best = {
            env: float(
                np.max([_mean(each[number]) for each in self.scores.values()], initial=-np.inf)
            )
            for number, env in enumerate(self.envs)
        }
        return {env: float(given.get(env, best[env])) for env in self.envs}

    @cached_property
    def games_over_floor(self) -> list[int]:
        """Numbers of the games that scores are normalised on: the reference is over the floor."""
        return [
            number
            for number, env in enumerate(self.envs)
            if np.isfinite(self.floors[env])
            and self.references[env] > self.floors[env]
            and all(np.isfinite(each[number]).any() for each in self.scores.values())
        ]

    @cached_property
    def normalised(self) -> dict[str, Scores]:
        """Normalised scores by model, of :attr:`games_over_floor`; NaN where a run failed."""
        return {model: self._normalised(each) for model, each in self.scores.items()}

    @cached_property
    def differences(self) -> list[Difference]:
        """Every two models compared."""
        return call_differences(self.normalised) if self.games_over_floor else []

    def curves(self, model: str, env: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Returns a model's learning curves by validation, on held-out levels if there are any.

        Returns:
            Environment steps (points,), and mean returns (points, seeds) without failed runs.
        """
        grid = np.linspace(0, self.settings["max_env_steps"], _GRID)[1:]
        mine = self.table[(self.table["model"] == model) & (self.table["env"] == env)]
        metric = next((m for m in _CURVES if (mine["metric"] == m).any()), _CURVES[-1])
        mine = mine[mine["metric"] == metric]
        curves = [
            statistics.on_grid(of_seed["env_steps"], of_seed["value"], grid)
            for _, of_seed in mine.groupby("seed")
        ]
        return grid, np.array(curves).reshape(-1, len(grid)).T

    def efficiency(self, model: str) -> tuple[NDArray[np.float64], Scores]:
        """Returns a model's normalised learning curves by game, each (points, seeds)."""
        names = [self.envs[number] for number in self.games_over_floor]
        found = [self.curves(model, env) for env in names]
        grid = np.linspace(0, self.settings["max_env_steps"], _GRID)[1:]
        bounds = [self.floors[n] for n in names], [self.references[n] for n in names]
        return grid, statistics.normalised([values for _, values in found], *bounds)

    def last(self, model: str, env: str, metric: str) -> NDArray[np.float64]:
        """Returns the last value of a metric of each seed, float64 (seeds,), NaN if there is none."""
        return np.array([self._last(model, env, seed, metric) for seed in self.seeds])

    def metrics_of(self, model: str, env: str) -> set[str]:
        """Returns the names of a model's metrics on a game."""
        rows = (self.table["model"] == model) & (self.table["env"] == env)
        return set(self.table["metric"][rows])

    @cached_property
    def _last_values(self) -> dict[tuple[Any, ...], float]:
        last = self.table.groupby(["model", "env", "seed", "metric"], sort=False)["value"].last()
        return dict(last.items())

    def _last(self, model: str, env: str, seed: int, metric: str) -> float:
        return float(self._last_values.get((model, env, seed, metric), np.nan))

    def _normalised(self, scores: Scores) -> Scores:
        names = [self.envs[number] for number in self.games_over_floor]
        return statistics.normalised(
            [scores[number] for number in self.games_over_floor],
            [self.floors[n] for n in names],
            [self.references[n] for n in names],
        )

    def __str__(self) -> str:
        """Returns the finding, the scores by game, and where the report is."""
        from griddly_lit.comparison.findings import cautions, finding
        from griddly_lit.comparison.report_tables import scores_table

        table = scores_table(self)
        lines = ["; ".join(map(": ".join, zip(table.columns, r, strict=True))) for r in table.rows]
        report = f"report: {self.out / 'report.html'}"
        return "\n".join([finding(self), *lines, *cautions(self), report])

    def __repr__(self) -> str:
        return (
            f"<Study of {len(self.models)} models, {len(self.envs)} games, {len(self.seeds)} seeds, "
            f"{len(self.failed)} runs failed: {self.out}>"
        )


def whole(scores: Scores) -> Scores:
    """Returns scores by game without those of failed runs."""
    return [game[~np.isnan(game)] for game in scores]


def _mean(values: NDArray[np.float64]) -> float:
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if len(kept) else -np.inf
