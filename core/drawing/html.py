"""The page around pictures: a title and markup go in, one HTML file that asks nobody for anything comes out.

Laws: no outside request and no script but one of ours (the page forbids itself both; ours is allowed by its hash, so
whatever came in with the data cannot run); light or dark as the reader's system is; readable on a phone and on paper;
wide tables scroll by themselves, by keyboard too.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence

from .svg import Markup, escape, join, tag

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1a1a1a; --soft: #5b5b5b; --rule: #dcdcdc; --card: #f6f6f6;
  --s0: #0065a8; --s1: #b84e00; --s2: #00795a; --s3: #a03a78; --s4: #6b5d00; --s5: #4f4fc4; }
@media (prefers-color-scheme: dark) {
  :root { --back: #16181b; --text: #ececec; --soft: #a9adb3; --rule: #3a3e44; --card: #1f2226;
    --s0: #6cb8f0; --s1: #f39a4d; --s2: #46c8a0; --s3: #e08fc0; --s4: #d9c74a; --s5: #a3a3ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.soft, figcaption { color: var(--soft); font-size: .9rem; } figcaption strong { color: var(--text); display: block; }
.warning { border-left: 4px solid var(--s1); padding: .5rem .75rem; background: var(--card); }
.charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); }
figure { margin: 0; padding: .75rem; background: var(--card); border-radius: .5rem; break-inside: avoid; }
figure > svg { display: block; width: 100%; height: auto; margin-top: .5rem; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); } svg text.axis { fill: var(--text); }
.grid { stroke: var(--rule); stroke-width: 1; } .guide { stroke: var(--soft); stroke-dasharray: 2 4; fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .dot { fill-opacity: .75; } .band { fill-opacity: .18; }
.s0 { stroke: var(--s0); fill: var(--s0); } .s1 { stroke: var(--s1); fill: var(--s1); stroke-dasharray: 7 3; }
.s2 { stroke: var(--s2); fill: var(--s2); stroke-dasharray: 2 3; }
.s3 { stroke: var(--s3); fill: var(--s3); stroke-dasharray: 9 3 2 3; }
.s4 { stroke: var(--s4); fill: var(--s4); stroke-dasharray: 12 4; }
.s5 { stroke: var(--s5); fill: var(--s5); stroke-dasharray: 4 4; }
.line { fill: none; } .dot, .band { stroke: none; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .5rem 0 0; padding: 0;
  font-size: .9rem; }
.legend li { display: flex; align-items: center; gap: .4rem; min-width: 0; overflow-wrap: anywhere; }
.key { width: 26px; height: 12px; flex: none; }
.table, .wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .75rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
thead th { white-space: normal; min-width: 5rem; vertical-align: bottom; }
th:first-child, td:first-child, .words { text-align: left; white-space: normal; min-width: 8rem; }
.tall { max-height: 80vh; overflow-y: auto; } .tall thead th { position: sticky; top: 0; background: var(--back); }
.wide > svg { display: block; } .band.step { fill-opacity: .45; }
a { color: var(--s0); } :focus-visible { outline: 3px solid var(--s0); outline-offset: 2px; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; }
.skip { position: absolute; left: -100vw; } .skip:focus { left: 1rem; background: var(--back); }
@media print {
  :root { color-scheme: light; --back: #fff; --text: #000; --soft: #444; --rule: #bbb; --card: #fff; --s0: #0065a8;
    --s1: #b84e00; --s2: #00795a; --s3: #a03a78; --s4: #6b5d00; --s5: #4f4fc4; }
  * { print-color-adjust: exact; } body { max-width: none; padding: 0; font-size: 11pt; }
  nav, .skip { display: none; } .table, .wide { overflow: visible; max-height: none; }
  .wide > svg { max-width: 100%; height: auto; }
  table { font-size: 8pt; } th, td, thead th, .words { padding: .15rem .3rem; min-width: 0; white-space: normal; }
  th:first-child, td:first-child, .words { min-width: 3.5rem; }
  tr, li { break-inside: avoid; } h2, h3 { break-after: avoid; }
}
"""


def page(
    title: str, body: Markup, *, style: str = "", script: str = "", sections: Mapping[str, str] | None = None
) -> str:
    """A whole HTML document of its own.

    Args:
        title: any text.
        body: markup below the heading.
        style: CSS of our own beyond that of every page.
        script: JavaScript of ours, run when the body is there; never made of data.
        sections: what the body's sections are called, by their ids; a page that has any begins with links to them.
    """
    head = join(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{escape(_policy(script))}">'),
        tag("title", escape(title)),
        tag("style", Markup(_STYLE + style)),
    )
    content = tag("main", tag("h1", escape(title)), body, id="main")
    whole = join(_links(sections or {}), content, tag("script", Markup(script)) if script else Markup(""))
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{whole}</body></html>\n'


def _policy(script: str) -> str:
    if not script:
        return _POLICY
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"{_POLICY}; script-src 'sha256-{digest}'"


def _links(sections: Mapping[str, str]) -> Markup:
    if not sections:
        return Markup("")
    links = [tag("li", tag("a", escape(name), href=f"#{key}")) for key, name in sections.items()]
    skip = tag("a", escape("Skip to the content"), href="#main", class_="skip")
    return join(skip, tag("nav", tag("ul", *links), aria_label="Sections"))


def section(title: str, *content: Markup, key: str = "") -> Markup:
    """Content under a heading of its own; `key` is the id that links lead to."""
    if not key:
        return tag("section", tag("h2", escape(title)), *content)
    heading = tag("h2", escape(title), id=f"{key}-heading")
    return tag("section", heading, *content, id=key, aria_labelledby=f"{key}-heading")


def paragraph(text: str, *, kind: str = "") -> Markup:
    """A paragraph of plain text; `kind` is `soft` (small and grey), `warning`, or nothing."""
    return tag("p", escape(text), class_=kind) if kind else tag("p", escape(text))


def charts(*figures: Markup) -> Markup:
    """Figures side by side where there is room, else below each other."""
    return tag("div", *figures, class_="charts")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str, words: Collection[int] = ()) -> Markup:
    """A table of plain texts whose first column names its rows.

    Args:
        header: the names of the columns.
        rows: the texts, row by row.
        caption: says what it shows.
        words: numbers of columns that hold words, which are wrapped; the others hold numbers.
    """
    lines = [
        tag(
            "tr",
            *(tag("th", escape(cell), scope="row") for cell in row[:1]),
            *(_cell(escape(cell), place in words) for place, cell in enumerate(row[1:], start=1)),
        )
        for row in rows
    ]
    return table_of(header, lines, caption=caption, words=words)


def table_of(
    header: Sequence[str], lines: Sequence[Markup], *, caption: str, words: Collection[int] = (), tall: bool = False
) -> Markup:
    """A table whose rows, `tr` elements, are markup already; see `table`. A `tall` one scrolls below its header."""
    cells = (
        tag("th", escape(cell), scope="col", class_="words") if place in words else tag("th", escape(cell), scope="col")
        for place, cell in enumerate(header)
    )
    content = tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *lines))
    # What it is stands above the box, where it does not scroll away.
    return join(
        paragraph(caption, kind="soft"), scrolling(content, kind="table tall" if tall else "table", label=caption)
    )


def scrolling(content: Markup, *, kind: str, label: str) -> Markup:
    """A box that scrolls by itself when its content is too wide: a `table` or a `wide` picture.

    It can be reached by keyboard, because what scrolls has to be.
    """
    return tag("div", content, class_=kind, tabindex="0", role="region", aria_label=label)


def _cell(content: Markup, words: bool) -> Markup:
    return tag("td", content, class_="words") if words else tag("td", content)
