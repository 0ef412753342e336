"""The tables of a report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from griddly_lit.comparison import statistics
from griddly_lit.comparison.floor import FLOOR
from griddly_lit.comparison.statistics import Estimate, Scores
from griddly_lit.comparison.study import Study, whole

_ACTION = re.compile(r"test/agent_info/(\d+)/(.+)")
_LEVEL = re.compile(r"(val|test)/level_(\w+)/return_mean")


class Table(NamedTuple):
    """A table of texts; the first column names the rows."""

    columns: list[str]
    rows: list[list[str]]


def scores_table(study: Study) -> Table:
    """Returns mean scores with their intervals, a game a row."""
    rows = []
    for number, env in enumerate(study.envs):
        each = [_mean_of(study.scores[model][number]) for model in study.models]
        rows.append([env, f"{study.floors[env]:.2f}", *each])
    return Table(["game", FLOOR, *study.models], rows)


def aggregates_table(study: Study) -> Table:
    """Returns the aggregates over games, a model a row."""
    rows = []
    for model in study.models:
        scores = whole(study.normalised[model])
        found = [
            shown(statistics.estimate(each, scores))
            for each in (
                statistics.iqm,
                statistics.median,
                statistics.mean,
                statistics.optimality_gap,
            )
        ]
        rows.append([model, *found, shown(area(study, model))])
    columns = ["model", "IQM", "median", "mean", "optimality gap", "area under the curve"]
    return Table(columns, rows)


def area(study: Study, model: str) -> Estimate:
    """Returns the area under a model's normalised learning curves, on average over games."""
    grid, curves = study.efficiency(model)
    areas: Scores = [statistics.area_under_curve(grid, game.T) for game in curves]
    return statistics.estimate(statistics.mean, areas)


def pairs_table(study: Study) -> Table:
    """Returns every two models compared."""
    rows = []
    for each in study.differences:
        mine, others = (whole(study.normalised[name]) for name in (each.model, each.other))
        improvement = statistics.estimate(statistics.probability_of_improvement, mine, others)
        is_known = not np.isnan(each.power)
        seeds = "over 1,000" if each.seeds_to_tell is None else str(each.seeds_to_tell)
        rows.append(
            [
                f"{each.model} over {each.other}",
                shown(each.gap),
                shown(improvement),
                f"{each.p_value:.3f}",
                "yes" if each.is_called else "no",
                f"{each.power:.0%}" if is_known else "unknown",
                seeds if is_known else "unknown",
            ]
        )
    columns = [
        "pair", "gap", "P(improvement)", "p (Holm)", "different", "power", "seeds for 80 %",
    ]  # fmt: skip
    return Table(columns, rows)


def games_tests_table(study: Study) -> Table:
    """Returns the tests game by game, a pair a row."""
    names = [study.envs[number] for number in study.games_over_floor]
    rows = [
        [
            f"{each.model} over {each.other}",
            *(
                f"{p:.3f}{' *' if called else ''}"
                for p, called in zip(each.game_p_values, each.games_called, strict=True)
            ),
        ]
        for each in study.differences
    ]
    return Table(["pair", *names], rows)


def levels_table(study: Study) -> Table:
    """Returns mean returns by level, those held out by the test and the others by the last validation."""
    rows = []
    for env in study.envs:
        held_out = {str(level) for level in study.settings["envs"][env].get("test_levels") or ()}
        found: dict[str, str] = {}
        for name in sorted(set().union(*(study.metrics_of(m, env) for m in study.models))):
            if match := _LEVEL.fullmatch(name):
                # After the other in the alphabet, so that the test's go over the validation's.
                found[match[2]] = name
        for level in sorted(found, key=lambda each: (each in held_out, each.zfill(9))):
            each = [_mean_of(study.last(model, env, found[level])) for model in study.models]
            rows.append([env, level, "held out" if level in held_out else "trained on", *each])
    return Table(["game", "level", "", *study.models], rows)


def gaps_table(study: Study) -> Table:
    """Returns the generalisation gap: training levels minus held-out ones, at the last validation."""
    rows = []
    for env in study.envs:
        gaps = [study.last(model, env, "val/generalisation_gap") for model in study.models]
        if not all(np.isnan(each).all() for each in gaps):
            rows.append([env, *map(_mean_of, gaps)])
    return Table(["game", *study.models], rows)


def actions_tables(study: Study) -> Iterator[tuple[str, Table]]:
    """Yields for each game who does what: shares of the events of the test's episodes."""
    for env in study.envs:
        names = sorted(set().union(*(study.metrics_of(m, env) for m in (*study.models, FLOOR))))
        found = [match for name in names if (match := _ACTION.fullmatch(name))]
        actions = [m for m in found if m[2] not in ("win", "lose", "end")]
        ends = [m for m in found if m[2] in ("win", "lose", "end")]
        several = len({m[1] for m in found}) > 1
        rows = []
        for model in (*study.models, FLOOR):
            seeds = study.seeds[:1] if model == FLOOR else study.seeds
            counts = {
                m[0]: float(np.nansum(study.last(model, env, m[0])[: len(seeds)])) for m in found
            }
            total = sum(counts[m[0]] for m in actions) or 1.0
            rows.append(
                [
                    model,
                    *(f"{counts[m[0]] / total:.1%}" for m in actions),
                    *(f"{counts[m[0]]:.0f}" for m in ends),
                ]
            )
        titles = [f"{m[1]}: {m[2]}" if several else m[2] for m in (*actions, *ends)]
        if found:
            yield env, Table(["model", *titles], rows)


def runs_table(study: Study) -> Table:
    """Returns parameters and speed, a game and model a row."""
    rows = []
    for (env, model), runs in study.runs.groupby(["env", "model"], sort=False):
        if model == FLOOR:
            continue
        done = runs[runs["state"] == "done"]
        rows.append(
            [
                env,
                model,
                f"{len(done)} of {len(runs)}",
                *(
                    _median(done[name])
                    for name in ("parameters", "env_steps_per_second", "seconds")
                ),
            ]
        )
    return Table(["game", "model", "runs", "parameters", "steps a second", "seconds"], rows)


def settings_table(study: Study) -> Table:
    """Returns what the study was told, and its versions."""
    told: dict[str, Any] = {**study.settings}
    rows = [
        [f"model {name}", _plain({k: v for k, v in each.items() if v is not None})]
        for name, each in told.pop("models").items()
    ]
    rows += [
        [f"game {name}", _plain({k: v for k, v in each.items() if v not in (None, False, [])})]
        for name, each in told.pop("envs").items()
    ]
    rows += [[name.replace("_", " "), _plain(each)] for name, each in told.items() if each]
    return Table(["setting", "value"], rows)


def shown(found: Estimate) -> str:
    """Returns an estimate as text."""
    if not np.isfinite(found.low):
        return f"{found.value:.2f}"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _mean_of(values: Any) -> str:
    (kept,) = whole([values])
    return shown(statistics.estimate(statistics.mean, [kept])) if len(kept) else "none"


def _median(values: Any) -> str:
    return f"{values.median():,.0f}" if len(values) else "none"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
