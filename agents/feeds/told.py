"""What a report says that earlier ones did not. No model, no state.

A run's result and the statements that were reported before go in; a report without those comes out. A statement was
told when an earlier one has its words, its numbers, dates and addresses by value, its names and its limits. Law: what
differs in any of these is new, since it is better to repeat than to keep silent. Paragraphs and list items go or stay
whole, so that what is new keeps the words around it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...memory.checks import check_sentence
from ...memory.checks.base import statement
from ...memory.checks.limits import check_limits
from ...memory.checks.support import check_support
from ...memory.digest import Claim
from ...memory.text.overlap import Overlap
from ...memory.text.sentences import paragraphs, sentences
from ...memory.text.words import terms
from ..report import Citation, Missing
from ..writers.assemble import assemble

SAME = 0.85
"""The share of a statement's words, rare ones weighing more, that an earlier one has to have."""
SAME_OF_EVIDENCE = 0.6
"""The share when both cite the same words of a source."""
MAX_STATEMENT_CHARS = 1_000

_COMPARED = 20
_CITED = re.compile(r"[ \t]?\[(\d{1,6}(?:, \d{1,6})*)\]")
_HEADING = re.compile(r"(#{1,6})[ \t]")
_MARK = re.compile(r"(?:[-*+>|]|\d{1,4}[.)])[ \t]+")


@dataclass(frozen=True)
class Told:
    """One statement of a report. `evidence` holds a hash for each quotation that it cites."""

    text: str
    evidence: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Fresh:
    """What is new in a report: its text, its statements, and how many were left out."""

    markdown: str
    statements: tuple[Told, ...]
    left_out: int


def fresh(result: Mapping[str, Any], told: Sequence[Told]) -> Fresh:
    """The part of a run's report that was not reported before.

    Args:
        result: a run's result as `RunResult.to_json` gives it.
        told: what was reported, in any order.
    """
    citations = {each.number: each for each in map(Citation.model_validate, result["citations"])}
    missing = [Missing.model_validate(each) for each in result["missing"]]
    markdown = result["report"] or ""
    tail = assemble("", list(citations.values()), missing).markdown
    text = markdown.removesuffix(tail).rstrip()
    book = _Book(told)
    kept: list[str] = []
    statements: list[Told] = []
    left_out = end = 0
    for span in paragraphs(text):
        block, gap, end = span.of(text), text[end : span.start], span.end
        found = _statements(block, citations)
        if found and all(book.has(each) for each in found):
            left_out += len(found)
            continue
        kept.append(("\n\n" if gap.count("\n") > 1 else "\n") + block)
        statements += found
    if not statements:
        return Fresh("", (), left_out)
    body, cited = _renumbered("".join(_without_empty_sections(kept)), citations)
    return Fresh(assemble(body, cited, missing).markdown, tuple(statements), left_out)


class _Book:
    """Statements that were told, to be found by their words."""

    def __init__(self, told: Sequence[Told]) -> None:
        self._told = told
        self._texts = {each.text for each in told}
        self._overlap = Overlap([each.text for each in told])
        self._having: dict[str, list[int]] = defaultdict(list)
        for place, each in enumerate(told):
            for term in frozenset(terms(each.text)):
                self._having[term].append(place)

    def has(self, said: Told) -> bool:
        """Whether it was told."""
        if said.text in self._texts:
            return True
        wanted = frozenset(terms(said.text))
        shared = Counter(place for term in wanted for place in self._having.get(term, ()))
        return any(self._same(said, wanted, place) for place, _ in shared.most_common(_COMPARED))

    def _same(self, said: Told, wanted: frozenset[str], place: int) -> bool:
        before = self._told[place]
        same_evidence = bool(said.evidence) and said.evidence <= before.evidence
        if self._overlap.share(wanted, place) < (SAME_OF_EVIDENCE if same_evidence else SAME):
            return False
        spans = [before.text]
        if check_sentence(said.text, spans) or _other_limits(said.text, before.text):
            return False
        return not check_support(Claim(text=said.text), spans, ())


def _other_limits(one: str, other: str) -> bool:
    """Whether either says "not", "only" or "until" of something of which the other does not."""
    return bool(check_limits(statement(one), [other]) or check_limits(statement(other), [one]))


def _statements(block: str, citations: Mapping[int, Citation]) -> list[Told]:
    """The cited sentences of a block, without their marks."""
    if _HEADING.match(block):
        return []
    plain, groups = _lifted(block)
    found = []
    spans = sentences(plain)
    for span, following in zip(spans, [*spans[1:], None], strict=True):
        # A citation behind a full stop belongs to the sentence before it.
        end = len(plain) + 1 if following is None else following.start + 1
        numbers = [number for position, own in groups if span.start < position < end for number in own]
        quotes = frozenset(_hash(citations[number].quote) for number in numbers if number in citations)
        text = " ".join(_MARK.sub("", span.of(plain), count=1).split())
        if quotes and text:
            found.append(Told(text[:MAX_STATEMENT_CHARS], quotes))
    return found


def _lifted(block: str) -> tuple[str, list[tuple[int, list[int]]]]:
    """The block without citations, and where which ones stood."""
    pieces: list[str] = []
    groups: list[tuple[int, list[int]]] = []
    length = done = 0
    for found in _CITED.finditer(block):
        pieces.append(block[done : found.start()])
        length += len(pieces[-1])
        groups.append((length, [int(number) for number in found[1].split(", ")]))
        done = found.end()
    return "".join([*pieces, block[done:]]), groups


def _without_empty_sections(blocks: Sequence[str]) -> list[str]:
    """The blocks without headings under which nothing is left. The first block, the title, stays."""
    levels = [len(found[1]) if (found := _HEADING.match(block.lstrip("\n"))) else 0 for block in blocks]
    return [block for place, block in enumerate(blocks) if not (place and levels[place]) or _filled(levels, place)]


def _filled(levels: Sequence[int], heading: int) -> bool:
    """Whether text stands under a heading; its level is 0."""
    for place in range(heading + 1, len(levels)):
        if levels[place] <= levels[heading]:
            return levels[place] == 0
    return False


def _renumbered(text: str, citations: Mapping[int, Citation]) -> tuple[str, list[Citation]]:
    """The text with its citations numbered from 1 in their order, and those that it still has."""
    numbers: dict[int, int] = {}

    def anew(found: re.Match[str]) -> str:
        known = [number for number in map(int, found[1].split(", ")) if number in citations]
        given = sorted(numbers.setdefault(number, len(numbers) + 1) for number in known)
        lead = found[0][: found[0].index("[")]
        return f"{lead}[{', '.join(map(str, given))}]" if given else found[0]

    changed = _CITED.sub(anew, text).strip()
    return changed, [citations[old].model_copy(update={"number": new}) for old, new in numbers.items()]


def _hash(quote: str) -> str:
    return hashlib.sha256(" ".join(quote.split()).encode("utf-8", "surrogatepass")).hexdigest()[:16]
