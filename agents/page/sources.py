"""The cited spans: citations and the artifacts they point into go in, an entry for each comes out.

An entry shows its quotation; the link of a citation opens it, with the exact span marked in the text around it. Laws:
what is marked is the span's own text and nothing else; how much text stands around it is bounded, for each source and
for all together; a quotation that does not stand in its source is said to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from ...core.drawing.html import paragraph, section
from ...core.drawing.svg import Markup, escape, join, shortened, tag
from ...memory.artifacts.base import ArtifactStore
from ...memory.errors import StorageError, UnknownArtifact
from ..report import Citation

MAX_CITATIONS = 2_000
WHOLE_CHARS = 6_000
"""A source no longer than this is shown whole."""
AROUND_CHARS = 1_000
"""Of a longer one, this much before the span and after it."""
MAX_SPAN_CHARS = 6_000
MAX_ALL_CHARS = 1_500_000
"""All excerpts together; after that, quotations only."""
_QUOTE_CHARS = 300
_LABEL_CHARS = 200


class Excerpt(NamedTuple):
    """A span and the text around it; `skipped` counts the characters of the source before and after that."""

    before: str
    span: str
    after: str
    skipped: tuple[int, int]

    @property
    def chars(self) -> int:
        """How long it is."""
        return len(self.before) + len(self.span) + len(self.after)


def sources_section(citations: Iterable[Citation], artifacts: ArtifactStore | None, cited: Collection[int]) -> Markup:
    """The sources of a report, by number.

    Args:
        citations: those of the report.
        artifacts: where their texts are; None when there are none in the run's directory.
        cited: numbers that stand in the report, to which a link leads back.
    """
    by_number = {citation.number: citation for citation in citations}
    shown = [by_number[each] for each in sorted(by_number)[:MAX_CITATIONS]]
    if not shown:
        return section("Sources", paragraph("The report cites no source."), key="sources")
    excerpts = dict(_excerpts(shown, artifacts))
    entries = [_entry(citation, excerpts.get(citation.number), citation.number in cited) for citation in shown]
    left_out = len(by_number) - len(shown)
    more = [paragraph(f"{left_out:,} more sources are left out.", kind="warning")] if left_out else []
    return section("Sources", *entries, *more, key="sources")


def _excerpts(citations: Iterable[Citation], artifacts: ArtifactStore | None) -> Iterator[tuple[int, Excerpt]]:
    """Excerpts by number; each artifact is read once."""
    by_artifact: dict[str, list[Citation]] = {}
    for citation in citations:
        by_artifact.setdefault(citation.ref.artifact, []).append(citation)
    chars = 0
    for sha256, own in by_artifact.items():
        text = _text(artifacts, sha256)
        for citation in own if text is not None and chars < MAX_ALL_CHARS else ():
            excerpt = _excerpt(text or "", citation)
            if excerpt is not None:
                chars += excerpt.chars
                yield citation.number, excerpt


def _text(artifacts: ArtifactStore | None, sha256: str) -> str | None:
    if artifacts is None:
        return None
    try:
        return artifacts.get(sha256).text
    except (StorageError, UnknownArtifact):
        return None


def _excerpt(text: str, citation: Citation) -> Excerpt | None:
    start, end = citation.ref.start, citation.ref.end
    if not start <= end <= len(text):
        return None
    whole = len(text) <= WHOLE_CHARS
    first = 0 if whole else _word_edge(text, max(0, start - AROUND_CHARS), start)
    last = len(text) if whole else min(len(text), end + AROUND_CHARS)
    return Excerpt(text[first:start], text[start:end], text[end:last], (first, len(text) - last))


def _word_edge(text: str, start: int, end: int) -> int:
    """The first beginning of a word from `start` on, if there is one before `end`."""
    if start == 0:
        return 0
    space = min((at for at in (text.find(" ", start, end), text.find("\n", start, end)) if at >= 0), default=-1)
    return start if space < 0 else space + 1


def _entry(citation: Citation, excerpt: Excerpt | None, cited: bool) -> Markup:
    number = citation.number
    title = shortened(citation.title, _LABEL_CHARS) or shortened(citation.source, _LABEL_CHARS) or "untitled"
    heading = tag("h3", tag("a", escape(f"[{number}] {title}"), href=f"#cite-{number}"))
    where = f"{shortened(citation.source, _LABEL_CHARS)} · characters {citation.ref.start:,} to {citation.ref.end:,} of"
    back = [tag("a", escape("back to the report"), href=f"#ref-{number}")] if cited else []
    place = tag(
        "p", escape(f"{where} "), tag("code", escape(citation.ref.artifact[:12])), escape(" "), *back, class_="soft"
    )
    quote = tag("blockquote", escape(shortened(citation.quote, _QUOTE_CHARS)), class_="quote")
    content = join(heading, place, quote, _opened(citation, excerpt))
    return tag("article", content, class_="source", aria_label=f"Source {number}")


def _opened(citation: Citation, excerpt: Excerpt | None) -> Markup:
    if excerpt is None:
        why = (
            "The text around it is not in this page: it is not in the run's directory, or the page would be too large."
        )
        return tag(
            "div",
            tag("blockquote", _marked(citation.quote, citation.number)),
            paragraph(why, kind="soft"),
            class_="context",
        )
    changed = " ".join(citation.quote.split()) != " ".join(excerpt.span.split())
    warning = [paragraph("The report quotes this otherwise than it stands in the source.", kind="warning")]
    text = join(
        _skipped(excerpt.skipped[0]),
        escape(excerpt.before),
        _marked(excerpt.span, citation.number),
        escape(excerpt.after),
        _skipped(excerpt.skipped[1]),
    )
    return tag("div", tag("pre", text), *(warning if changed else []), class_="context")


def _marked(span: str, number: int) -> Markup:
    """The span, highlighted, which is what a citation leads to; of one that is very long, its beginning and its end."""
    half = MAX_SPAN_CHARS // 2
    head, skipped, tail = span, 0, ""
    if len(span) > MAX_SPAN_CHARS:
        head, skipped, tail = span[:half], len(span) - 2 * half, span[-half:]
    mark = tag("mark", escape(head), id=f"cite-{number}", tabindex="-1")
    return join(mark, _skipped(skipped), tag("mark", escape(tail))) if tail else mark


def _skipped(chars: int) -> Markup:
    return tag("span", escape(f" … {chars:,} characters left out … "), class_="soft") if chars else Markup("")
