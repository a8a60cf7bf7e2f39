"""An output as passages, and whether a value stands in one.

A passage is a line, or each sentence of a line that is long; what it is about may also stand in the heading above it,
in its line's first sentence or in the sentence before. Law: a value stands in a passage's own words only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from ...memory.checks.numbers import stands
from ...memory.text.dates import Date, dates
from ...memory.text.entities import entities
from ...memory.text.numbers import Number, numbers
from ...memory.text.sentences import sentences
from ...memory.text.spans import Span
from ...memory.text.words import fold, terms, words

MAX_LINE_CHARS = 300
"""A longer line is read sentence by sentence."""

_HEADING = re.compile(r"\s*(?:#{1,6}\s|\*\*[^*]+\*\*\s*$|.{1,120}:\s*$)")
_TRUTH = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, eq=False)
class Passage:
    """A piece of an output, and the text around it that says what it is about."""

    text: str
    context: str

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of its own words."""
        return frozenset(terms(self.text))

    @cached_property
    def all_stems(self) -> frozenset[str]:
        """Stems of its words and of the context."""
        return self.stems.union(terms(self.context))

    @cached_property
    def words(self) -> str:
        """Its words, folded, between single spaces."""
        return f" {' '.join(words(self.text))} "

    @cached_property
    def truth(self) -> bool | None:
        """What the last yes or no of it says."""
        return next((_TRUTH[word] for word in reversed(self.words.split()) if word in _TRUTH), None)

    @cached_property
    def dates(self) -> tuple[Date, ...]:
        """The dates in it."""
        return tuple(dates(self.text))

    @cached_property
    def number_values(self) -> frozenset[Decimal]:
        """The numbers in it."""
        return frozenset(number.value for number in numbers(self.text))

    @cached_property
    def name_stems(self) -> frozenset[frozenset[str]]:
        """The names in it, each as its stems."""
        return frozenset(frozenset(terms(each.name)) for each in entities(self.text))


class Value:
    """One form of a gold value, taken apart: its dates, its numbers, and the stems of its other words."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = [date for date in dates(text) if date.month is not None or date.decade is not None]
        self.dates = tuple(found)
        taken = [date.span for date in found]
        self.numbers: tuple[Number, ...] = tuple(
            number
            for number in numbers(text)
            if not any(number.span.within(span) for span in taken) and not text[number.span.end :][:1].isalnum()
        )
        taken += [number.span for number in self.numbers]
        rest = _without(text, taken)
        self.stems = frozenset(terms(rest))
        self.words = f" {' '.join(words(rest))} "
        self._whole = fold(text).strip(" .")

    def stands_in(self, passage: Passage) -> bool:
        """Whether the passage's own words hold this value."""
        if self._whole in _TRUTH:
            return passage.truth is _TRUTH[self._whole]
        if not all(any(date.states(wanted) for date in passage.dates) for wanted in self.dates):
            return False
        if not all(stands(number, [passage.text]) for number in self.numbers):
            return False
        if self.stems:
            return self.stems <= passage.stems
        return self.words in passage.words if self.words.strip() else bool(self.dates or self.numbers)


def _without(text: str, spans: list[Span]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return text


def passages(text: str) -> list[Passage]:
    """The passages of an output, in order; the same one once, however often it is repeated."""
    return list({(each.text, each.context): each for each in _read(text)}.values())


def _read(text: str) -> Iterator[Passage]:
    heading = ""
    for line in text.splitlines():
        if not line.strip():
            continue
        if len(line) <= MAX_LINE_CHARS:
            yield Passage(line, heading)
        else:
            yield from _sentences(line, heading)
        if _HEADING.match(line[:MAX_LINE_CHARS]):
            heading = line[:MAX_LINE_CHARS]


def _sentences(line: str, heading: str) -> Iterator[Passage]:
    first = before = ""
    for span in sentences(line):
        own = span.of(line)
        yield Passage(own, " ".join((heading, first, before)))
        first, before = first or own, own
