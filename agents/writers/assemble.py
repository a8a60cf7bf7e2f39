"""Assembling: cited text, its sources and what is missing, as one report in markdown."""

from __future__ import annotations

from collections.abc import Sequence

from ..report import Citation, Missing, Report

_MAX_QUOTE_CHARS = 300


def assemble(text: str, citations: Sequence[Citation], missing: Sequence[Missing], removed: int = 0) -> Report:
    """The report. Its parts in order: the text, what is missing and why, the sources with their quotations."""
    sections = [text.strip()]
    if missing:
        lines = dict.fromkeys(f"- {_line(each.goal)}: {_line(each.reason)}" for each in missing)
        sections.append("## Missing parts\n\n" + "\n".join(lines))
    if citations:
        sections.append("## Sources\n\n" + "\n".join(map(_source, citations)))
    return Report(
        markdown="\n\n".join(filter(None, sections)) + "\n",
        citations=tuple(citations),
        missing=tuple(missing),
        removed=removed,
    )


def _source(citation: Citation) -> str:
    where = ", ".join(dict.fromkeys(filter(None, (_line(citation.title), _line(citation.source))))) or "untitled"
    quote = _line(citation.quote)
    short = quote if len(quote) <= _MAX_QUOTE_CHARS else quote[: _MAX_QUOTE_CHARS - 1].rstrip() + "…"
    return f"{citation.number}. {where}: “{short}”"


def _line(text: str) -> str:
    return " ".join(text.split())
