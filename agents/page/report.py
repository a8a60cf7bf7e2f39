"""The report with its citations as links, and what about it is not shown."""

from __future__ import annotations

from ...core.amounts import counted
from ...core.drawing.html import paragraph, section
from ...core.drawing.svg import Markup, tag
from .facts import Facts
from .markdown import MAX_CHARS, Rendered, rendered


def report_of(facts: Facts, *, title: str) -> Rendered:
    """The report as markup; its first heading is left out when it is the page's title."""
    if facts.report is None:
        return Rendered(Markup(""))
    known = {citation.number for citation in facts.report.citations}
    return rendered(_without_sources(facts), known, title=title)


def _without_sources(facts: Facts) -> str:
    """The report's text without its list of sources, which this page has at its end with more about each."""
    if facts.report is None:
        return ""
    text, heading, listed = facts.report.markdown.rpartition("\n## Sources\n\n")
    lines = [line for line in listed.splitlines() if line.strip()]
    return text if heading and len(lines) == len(facts.report.citations) else facts.report.markdown


def report_section(facts: Facts, report: Rendered) -> Markup:
    """The report."""
    if facts.report is None:
        return section("Report", paragraph("There is no report yet."), key="report")
    notes = []
    if facts.report.removed:
        removed = counted(facts.report.removed, "citation")
        notes.append(paragraph(f"{removed} did not bear out what was said and were taken away.", kind="soft"))
    left_out = len(facts.report.markdown) - MAX_CHARS
    if left_out > 0:
        notes.append(paragraph(f"The report's last {left_out:,} characters are left out.", kind="warning"))
    return section("Report", tag("div", report.markup, class_="report"), *notes, key="report")
