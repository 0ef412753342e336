"""The figures of a report, as SVG."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from griddly_lit.comparison import statistics
from griddly_lit.comparison.report_tables import area
from griddly_lit.comparison.study import Study, whole

INK = "#010203"
"""Stands for the colour of the text around a figure, which differs between light and dark pages."""
# Okabe and Ito's, told apart by the colour-blind, in the order that stands out on white and black.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#7F7F7F")
_MARKS = "osD^vPX*"


def figures(study: Study) -> Iterator[tuple[str, str, str]]:
    """Yields name, caption and SVG of each figure."""
    yield "curves", "Learning curves: mean return of validations, held out where levels are, with 95 % intervals.", _curves(study)  # fmt: skip
    if study.games_over_floor:
        yield "aggregates", "Aggregates over games of normalised scores, with 95 % intervals.", _aggregates(study)  # fmt: skip
        yield "efficiency", "Sample efficiency: the inter-quartile mean over games by environment step.", _efficiency(study)  # fmt: skip
        yield "profile", "Performance profile: the share of runs that score more than a threshold.", _profile(study)  # fmt: skip


def _curves(study: Study) -> str:
    across = min(len(study.envs), 2)
    down = -(-len(study.envs) // across)
    figure, axes = _figure(across, down)
    for env, each in zip(study.envs, axes, strict=False):
        for number, model in enumerate(study.models):
            grid, values = study.curves(model, env)
            if values.shape[1]:
                _band(each, grid, statistics.estimate(statistics.mean, [values]), number, model)
        each.axhline(study.floors[env], color=INK, linewidth=0.8, linestyle=":", label="random")
        each.set_title(env)
        each.set_xlabel("environment steps")
    for each in axes[len(study.envs) :]:
        each.set_visible(False)
    axes[0].legend(frameon=False, labelcolor=INK)
    return _svg(figure, "curves")


def _aggregates(study: Study) -> str:
    kinds = {
        "IQM": statistics.iqm,
        "median": statistics.median,
        "mean": statistics.mean,
        "optimality gap": statistics.optimality_gap,
    }
    figure, axes = _figure(2, 3, height=1.0 + 0.28 * len(study.models))
    found: dict[str, list[Any]] = {
        name: [statistics.estimate(kind, whole(study.normalised[m])) for m in study.models]
        for name, kind in kinds.items()
    }
    found["area under the curve"] = [area(study, model) for model in study.models]
    for (name, each), axis in zip(found.items(), axes, strict=False):
        for number, (value, low, high) in enumerate(each):
            colour = _COLOURS[number % len(_COLOURS)]
            axis.plot([low, high], [number] * 2, color=colour, linewidth=6, alpha=0.4)
            axis.plot([value], [number], _MARKS[number % len(_MARKS)], color=colour)
        axis.set_yticks(range(len(study.models)), study.models)
        axis.set_ylim(len(study.models) - 0.4, -0.6)
        axis.set_title(name)
    axes[-1].set_visible(False)
    return _svg(figure, "aggregates")


def _efficiency(study: Study) -> str:
    figure, (axis,) = _figure(1, 1)
    for number, model in enumerate(study.models):
        grid, curves = study.efficiency(model)
        _band(axis, grid, statistics.estimate(statistics.iqm, curves), number, model)
    axis.set_xlabel("environment steps")
    axis.set_ylabel("IQM of normalised scores")
    axis.legend(frameon=False, labelcolor=INK)
    return _svg(figure, "efficiency")


def _profile(study: Study) -> str:
    figure, (axis,) = _figure(1, 1)
    runs = np.concatenate([game for each in study.normalised.values() for game in whole(each)])
    thresholds = np.linspace(min(0.0, float(runs.min())), max(1.0, float(runs.max())), 60)

    def profile(scores: Any) -> Any:
        return statistics.performance_profile(scores, thresholds)

    for number, model in enumerate(study.models):
        found = statistics.estimate(profile, whole(study.normalised[model]))
        _band(axis, thresholds, found, number, model)
    axis.set_xlabel("normalised score")
    axis.set_ylabel("share of runs above it")
    axis.legend(frameon=False, labelcolor=INK)
    return _svg(figure, "profile")


def _band(axis: Any, x: Any, found: Any, number: int, label: str) -> None:
    colour = _COLOURS[number % len(_COLOURS)]
    style = ("-", "--", "-.", ":")[number // 2 % 4]
    axis.plot(x, found.value, color=colour, linestyle=style, label=label, linewidth=1.8)
    if np.isfinite(found.low).all():
        axis.fill_between(x, found.low, found.high, color=colour, alpha=0.18, linewidth=0)


def _figure(across: int, down: int, height: float = 2.7) -> tuple[Any, list[Any]]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    look: Any = {
        "axes.edgecolor": INK, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK,
        "ytick.color": INK, "axes.facecolor": "none", "figure.facecolor": "none", "font.size": 9,
        "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
        "axes.titlesize": 10, "axes.grid": True, "grid.color": INK, "grid.alpha": 0.15,
    }  # fmt: skip
    with rc_context(look):
        figure = Figure(figsize=(7.2, height * down), layout="constrained")
        axes = figure.subplots(down, across, squeeze=False)
    return figure, list(axes.flat)


def _svg(figure: Any, salt: str) -> str:
    from matplotlib import rc_context

    file = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
