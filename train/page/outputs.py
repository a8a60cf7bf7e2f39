"""All outputs of a training as one HTML file: sampled plans with their rewards by part go in, searchable rows come out.

Law: whatever a plan's text holds, it stays text; the only script is ours, allowed by its hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from ...core.drawing.html import page, paragraph
from ...core.drawing.svg import Markup, escape, join, tag
from ..journal import Row

MOST = 5_000
"""Plans on a page; of more, the newest."""

_SEARCH = """
const box = document.getElementById("search"), count = document.getElementById("count");
const rows = [...document.querySelectorAll("details")].map(row => [row, row.textContent.toLowerCase()]);
const show = () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const [row, text] of rows) shown += !(row.hidden = !words.every(word => text.includes(word)));
  count.textContent = `${shown} of ${rows.length}`;
};
box.addEventListener("input", show);
show();
"""


def outputs_page(title: str, outputs: Iterable[Row], *, total: int) -> str:
    """The page of these plans; there are `total` of them in all."""
    shown = list(islice(outputs, MOST))
    said = f"{len(shown)} of {total} sampled plans, by step. Search for a part, a step, a word of a plan, no plan."
    search = Markup('<p><label>Search <input id="search" type="search"></label> <output id="count"></output></p>')
    return page(title, join(paragraph(said, kind="soft"), search, *map(_row, shown)), script=_SEARCH)


def _row(output: Row) -> Markup:
    numbers = [("reward", output.get("reward")), ("success", output.get("success")), ("regret", output.get("regret"))]
    headline = f"step {output['step']}: {output.get('goal', '')!s:.120}"
    marks = "" if output.get("plan") else ", no plan"
    said = ", ".join(f"{name} {value:.3f}" for name, value in numbers if isinstance(value, int | float))
    terms: Mapping[str, Any] = output["terms"] if isinstance(output.get("terms"), dict) else {}
    parts = ", ".join(f"{name} {value:+.3f}" for name, value in terms.items() if isinstance(value, int | float))
    return tag(
        "details",
        tag("summary", escape(f"{headline} ({said}{marks})")),
        paragraph(f"Reward by part: {parts or 'none'}. Dollars: {output.get('dollars', 0)}.", kind="soft"),
        paragraph(str(output.get("goal", ""))),
        tag("pre", escape(str(output.get("text", "")))),
    )
