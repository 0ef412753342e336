"""A report as one HTML page, with no script, font or style from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from griddly_lit.comparison.figures import INK
from griddly_lit.comparison.report_tables import Table
from griddly_lit.comparison.videos import Clip

if TYPE_CHECKING:
    from griddly_lit.comparison.report import Section

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --page: #fff; --soft: #f3f5f7; --line: #d5dae0;
  --mind: #fff6e0; --edge: #d99a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --page: #14171a; --soft: #1f2429;
  --line: #3a424b; --mind: #2e2611; --edge: #d9a520; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1.25rem 4rem; color: var(--ink);
  background: var(--page); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.finding { font-size: 1.15rem; background: var(--soft); padding: 1rem 1.2rem; border-radius: .5rem; }
.mind { background: var(--mind); border-left: 4px solid var(--edge); padding: .6rem 1.2rem;
  border-radius: .3rem; } .mind ul { margin: 0; padding-left: 1rem; }
p { max-width: 62rem; margin: .5rem 0; }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .7rem; text-align: left; border-bottom: 1px solid var(--line);
  white-space: nowrap; vertical-align: top; }
th { background: var(--soft); }
.settings { table-layout: fixed; width: 100%; } .settings th:first-child { width: 30%; }
.settings td { white-space: normal; overflow-wrap: anywhere; }
figure { margin: 1.2rem 0; } figure svg { width: 100%; height: auto; max-width: 54rem;
  min-width: 34rem; display: block; }
svg text { font-family: system-ui, sans-serif !important; }
figcaption { font-size: .88rem; opacity: .8; }
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr));
  gap: 1rem; } .clips figure { margin: 0; }
.clips video, .clips img { width: 100%; image-rendering: pixelated; }
@media print { body { max-width: none; font-size: 11px; } figure, tr { break-inside: avoid; }
  h2 { break-after: avoid; } .wide { overflow: visible; }
  figure svg { min-width: 0; } td, th { white-space: normal; } }
"""
# A page of some megabytes opens anywhere; larger videos lie beside it.
_MOST_BYTES = 400_000


def page(finding: str, sections: Sequence[Section]) -> str:
    """Returns the page."""
    body = "\n".join(line for section in sections for line in _section(section))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Comparison of models</title><style>{_STYLE}</style></head><body>\n"
        f'<h1>Comparison of models</h1>\n<p class="finding">{escape(finding)}</p>\n'
        f"{body}\n</body></html>\n"
    )


def _section(section: Section) -> Iterator[str]:
    yield f"<h2>{escape(section.title)}</h2>"
    if section.title == "What to mind":
        items = "".join(f"<li>{escape(each)}</li>" for each in section.text)
        yield f'<div class="mind"><ul>{items}</ul></div>'
    else:
        yield from (f"<p>{escape(each)}</p>" for each in section.text)
    if section.table is not None:
        yield _table(section.table)
    for _, caption, svg in section.figures:
        drawn = svg.replace(INK, "currentColor")
        shown = f'<div class="wide">{drawn}</div>'
        yield f"<figure>{shown}<figcaption>{escape(caption)}</figcaption></figure>"
    if section.clips:
        yield f'<div class="clips">{"".join(map(_clip, section.clips))}</div>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in table.columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows
    )
    kind = ' class="settings"' if table.columns == ["setting", "value"] else ""
    return f'<div class="wide"><table{kind}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _clip(clip: Clip) -> str:
    data = clip.path.read_bytes()
    is_video = clip.path.suffix == ".mp4"
    place = clip.path.as_uri()
    if len(data) <= _MOST_BYTES:
        kind = "video/mp4" if is_video else "image/gif"
        place = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    title = escape(clip.title)
    shown = (
        f'<video src="{place}" controls loop muted playsinline></video>'
        if is_video
        else f'<img src="{place}" alt="{title}">'
    )
    return f"<figure>{shown}<figcaption>{title}</figcaption></figure>"
