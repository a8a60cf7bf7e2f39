"""`citation_support`: the share of a report's statements that the spans they cite bear out.

The output is a report (`agents.report.Report`) as JSON in `sample.data` or `sample.text`. Reads of the item: `docs`
({text, title} each), in which each cited quotation must stand; what a report quotes is never taken on trust.

A statement is a sentence that cites something, or that names a number, a date or a name. It is borne out when every
citation it has leads to a quotation that stands in a document, and those quotations have its numbers, dates,
addresses, quotations and names and are about the same (memory/checks). An uncited statement is not borne out, so
neither leaving citations out nor piling them up pays; a statement said twice counts once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from ...agents.report import Citation, Report
from ...memory.checks import check_sentence
from ...memory.checks.base import statement
from ...memory.checks.support import check_support
from ...memory.text.dates import dates
from ...memory.text.entities import entities
from ...memory.text.numbers import numbers
from ...memory.text.sentences import sentences
from .base import CodeGrader, Grader, GradingFault, Item, Sample
from .fields import bounded_text, rows

MAX_REPORT_CHARS = 300_000
MAX_STATEMENTS = 1_000
MAX_QUOTE_CHARS = 2_000
"""A longer span is no evidence for one sentence but a page that may hold anything."""

MAX_CITED = 8
"""Citations of one statement that are looked at; one with more is not borne out."""

_CITES = re.compile(r"\[\s{0,3}(\d{1,6}(?:\s{0,3}[,;]\s{0,3}\d{1,6}){0,20})\s{0,3}\]")
_MARK = re.compile(r"\s*(?:#{1,6}\s.*|(?:[-*+>]|\d{1,3}[.)])\s+)?")
_HEADING = re.compile(r"\s*#{1,6}\s|.{1,100}:\s*$")


class Statement(NamedTuple):
    """A sentence without its citations, and their numbers."""

    text: str
    cites: tuple[int, ...]


def statements(markdown: str) -> list[Statement]:
    """The statements of a report, headings left out, equal ones once."""
    found: dict[str, Statement] = {}
    for line in markdown.splitlines():
        if line.strip() and not _HEADING.match(line[:200]):
            for each in _of_line(line):
                if each.cites or _tells(each.text):
                    found.setdefault(" ".join(each.text.split()), each)
    return list(found.values())


def _of_line(line: str) -> Iterator[Statement]:
    """Its sentences; citations behind a full stop belong to the sentence before them."""
    bare = _MARK.sub("", line, count=1)
    pieces: list[str] = [span.of(bare) for span in sentences(bare)]
    merged: list[str] = []
    for piece in pieces:
        lead = re.match(rf"(?:{_CITES.pattern}\s{{0,3}})+", piece)
        if lead and merged:
            merged[-1] += piece[: lead.end()]
            piece = piece[lead.end() :]
        if piece.strip():
            merged.append(piece)
    for piece in merged:
        cites = [int(number) for group in _CITES.finditer(piece) for number in re.findall(r"\d+", group[1])]
        said = " ".join(_CITES.sub("", piece).split())
        yield Statement(re.sub(r" ([.,;!?])", r"\1", said), tuple(dict.fromkeys(cites)))


def _tells(text: str) -> bool:
    return bool(numbers(text) or dates(text) or entities(text))


class Library:
    """The item's documents, in which quotations are looked for whatever their white space and capitals."""

    def __init__(self, docs: Sequence[Mapping[str, object]]) -> None:
        self._texts = [_plain(f"{doc.get('title') or ''}\n{doc.get('text') or ''}") for doc in docs]

    def has(self, quote: str) -> bool:
        """Whether a document holds this text."""
        wanted = _plain(quote)
        return bool(wanted) and len(quote) <= MAX_QUOTE_CHARS and any(wanted in text for text in self._texts)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def borne_out(said: Statement, citations: Mapping[int, Citation], library: Library) -> bool:
    """Whether the quotations that a statement cites stand somewhere and bear it out."""
    if not 0 < len(said.cites) <= MAX_CITED or any(number not in citations for number in said.cites):
        return False
    cited = [citations[number] for number in said.cites]
    spans = [each.quote for each in cited]
    if not said.text or not all(map(library.has, spans)) or check_sentence(said.text, spans):
        return False
    # A title is a label of the report's own; only one that a document has too may say what a span is about.
    titles = [each.title if library.has(each.title) else "" for each in cited]
    return not check_support(statement(said.text).model_copy(update={"kind": "fact"}), spans, titles)


def report_of(sample: Sample) -> Report:
    """The report in a sample.

    Raises:
        GradingFault: when there is none, or it is too large to be one.
    """
    try:
        if sample.data is not None:
            report = Report.model_validate(sample.data)
        else:
            report = Report.model_validate_json(bounded_text(sample.text, MAX_REPORT_CHARS).encode("utf-8", "replace"))
    except (ValidationError, RecursionError) as error:
        raise GradingFault(f"the output is no report: {str(error)[:200]}") from error
    bounded_text(report.markdown, MAX_REPORT_CHARS)
    return report


def score(item: Item, sample: Sample) -> dict[str, float]:
    """`reward`, `cited` (share of statements with a citation) and `supported` (share of those that are borne out).

    Raises:
        GradingFault: when the output is no report or states nothing, or the item has no documents.
    """
    report, library = report_of(sample), Library(rows(item, "docs"))
    said = statements(report.markdown)
    if not 0 < len(said) <= MAX_STATEMENTS:
        raise GradingFault(f"the report has {len(said)} statements; 1 to {MAX_STATEMENTS} can be graded")
    citations = {each.number: each for each in report.citations}
    good = sum(borne_out(each, citations, library) for each in said)
    cited = sum(bool(each.cites) for each in said)
    return {
        "reward": good / len(said),
        "cited": cited / len(said),
        "supported": good / cited if cited else 0.0,
    }


def grader() -> Grader:
    """The grader; it has no options."""
    return CodeGrader("citation_support", score)
