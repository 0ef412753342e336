"""The report of a study: one page that needs nothing else, and the same as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from griddly_lit.comparison import report_tables as tables
from griddly_lit.comparison.figures import INK, figures
from griddly_lit.comparison.findings import cautions, finding, how_it_is_measured
from griddly_lit.comparison.page import page
from griddly_lit.comparison.report_tables import Table
from griddly_lit.comparison.study import Study
from griddly_lit.comparison.videos import Clip, clips
from griddly_lit.whole_file import whole_file

_GREY = "#808080"


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes:
        title: Its title.
        text: What is to be said, one paragraph each.
        table: A table, if there is one.
        figures: Name, caption and SVG of each figure.
        clips: Videos side by side.
    """

    title: str
    text: tuple[str, ...] = ()
    table: Table | None = None
    figures: tuple[tuple[str, str, str], ...] = ()
    clips: tuple[Clip, ...] = ()


def write_report(study: Study) -> Path:
    """Writes ``report.html`` and ``report.md``, with the latter's figures beside it.

    Returns:
        The page.
    """
    sections = list(_sections(study))
    with whole_file(study.out / "report.html") as draft:
        draft.write_text(page(finding(study), sections), "utf-8")
    lines = ["# Comparison of models", "", f"**{finding(study)}**", ""]
    for section in sections:
        lines += _markdown(study.out, section)
    with whole_file(study.out / "report.md") as draft:
        draft.write_text("\n".join(lines) + "\n", "utf-8")
    return study.out / "report.html"


def _sections(study: Study) -> Iterator[Section]:
    drawn = {name: (name, caption, svg) for name, caption, svg in figures(study)}
    told = cautions(study)
    if told:
        yield Section("What to mind", tuple(told))
    yield Section(
        "Scores",
        ("Mean return with 95 % interval.",),
        tables.scores_table(study),
        (drawn["curves"],),
    )
    if study.games_over_floor:
        rest = tuple(drawn[name] for name in ("aggregates", "efficiency", "profile"))
        yield Section(
            "Over games", (how_it_is_measured(study),), tables.aggregates_table(study), rest
        )
    if study.differences:
        pairs = (
            "Power is the share of studies like this one that would find a gap as large as this."
        )
        yield Section("Every two models", (pairs,), tables.pairs_table(study))
        games = "p-values by game, corrected by Holm; * marks those called different."
        yield Section("Game by game", (games,), tables.games_tests_table(study))
    levels = "Mean return: held-out levels by the test, the others by the last validation."
    yield Section("Levels", (levels,), tables.levels_table(study))
    gaps = tables.gaps_table(study)
    if gaps.rows:
        said = "Mean return on training levels minus that on held-out ones, at the last validation."
        yield Section("Generalisation gap", (said,), gaps)
    for env, table in tables.actions_tables(study):
        said = "Shares of the actions that were carried out in the test, and how its episodes ended, all seeds together."
        yield Section(f"Actions on {env}", (said,), table)
    found = tuple(clips(study))
    if found:
        yield Section("Best and worst episodes of the test", clips=found)
    yield Section("Runs", ("Medians over seeds.",), tables.runs_table(study))
    repeat = (
        "The same call with the same arguments repeats the study, or goes on in its folder. The tables "
        "results and runs, as Parquet and CSV, and compare.load(out) hold what is shown here."
    )
    yield Section("Settings and how to repeat it", (repeat,), tables.settings_table(study))


def _markdown(out: Path, section: Section) -> Iterator[str]:
    yield from (f"## {section.title}", "")
    if section.title == "What to mind":
        yield from (f"- {each}" for each in section.text)
        yield ""
    else:
        for each in section.text:
            yield from (each, "")
    if section.table is not None:
        yield _row(section.table.columns)
        yield _row(["---"] * len(section.table.columns))
        yield from map(_row, section.table.rows)
        yield ""
    for name, caption, svg in section.figures:
        with whole_file(out / "figures" / f"{name}.svg") as draft:
            draft.write_text(svg.replace(INK, _GREY), "utf-8")
        yield from (f"![{caption}](figures/{name}.svg)", "")
    for clip in section.clips:
        yield f"- {clip.title}: [{clip.path.name}]({clip.path.relative_to(out).as_posix()})"
    if section.clips:
        yield ""


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
