"""Cuts a document's text into passages about as long as a paragraph. Joined again they are exactly the text.

Paragraphs stay whole and short ones share a passage; a heading opens a new one; what is longer than `MAX_CHARS` is cut
between sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..text.sentences import paragraphs, sentences
from ..text.spans import Span

TARGET_CHARS = 800
MAX_CHARS = 1_400

_HEADING_AFTER_CHARS = 200
"""A heading opens a new passage once the one before has this much; a title page of headings stays together."""


def split(text: str) -> list[Span]:
    """Passages in order; together they cover all of `text` without gap or overlap. Empty text has none."""
    if len(text) <= MAX_CHARS:
        return [Span(0, len(text))] if text else []
    cuts = [0]
    for block in _blocks(text):
        taken = block.start - cuts[-1]
        heading = text.startswith("#", block.start) and taken >= _HEADING_AFTER_CHARS
        if taken > 0 and (heading or block.end - cuts[-1] > TARGET_CHARS):
            cuts.append(block.start)
    cuts.append(len(text))
    return [Span(start, end) for start, end in pairwise(cuts) if end > start]


def _blocks(text: str) -> Iterator[Span]:
    """Paragraphs, and in place of one that is too long its sentences."""
    for paragraph in paragraphs(text):
        if paragraph.end - paragraph.start <= MAX_CHARS:
            yield paragraph
        else:
            for sentence in sentences(paragraph.of(text)):
                yield Span(paragraph.start + sentence.start, paragraph.start + sentence.end)
