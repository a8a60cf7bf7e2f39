"""Span: a stretch of a text by character offsets, as every finder of this package returns it."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """Characters `start` to `end` (exclusive) of some text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters themselves."""
        return text[self.start : self.end]

    def within(self, other: Span) -> bool:
        """Whether `other` holds all of this span."""
        return other.start <= self.start and self.end <= other.end


def trimmed(text: str, start: int, end: int) -> Span:
    """The span without white space at its ends; empty (start == end) when nothing else is in it."""
    piece = text[start:end]
    lead = len(piece) - len(piece.lstrip())
    return Span(start + lead, start + max(lead, len(piece.rstrip())))
