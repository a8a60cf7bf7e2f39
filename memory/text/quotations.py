"""Quotations: what stands between quotation marks, curly, straight, angled or corner, byte for byte.

A mark that is never closed within its paragraph opens nothing. One pass over the marks, linear time.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .spans import Span

MAX_QUOTATION_CHARS = 4_000

_MARKS = re.compile(r"[\"“”„‟«»「」『』]|``|''|\n[ \t\r]*\n")
_CLOSED_BY = {"“": "”“", "„": "“”", "‟": "”", "«": "»", "»": "«", "「": "」", "『": "』", "``": "''", '"': '"'}


class Quotation(NamedTuple):
    """The quoted words without their marks, and where they stand."""

    text: str
    span: Span


def quotations(text: str) -> list[Quotation]:
    """The quotations in `text`, in order, outermost only."""
    found: list[Quotation] = []
    opened, start = "", 0
    for match in _MARKS.finditer(text):
        mark = match[0]
        if "\n" in mark:
            opened = ""
        elif opened and mark in (_CLOSED_BY[opened], *_CLOSED_BY[opened]):
            if 0 < match.start() - start <= MAX_QUOTATION_CHARS:
                span = Span(start, match.start())
                found.append(Quotation(span.of(text), span))
            opened = ""
        elif not opened and mark in _CLOSED_BY:
            opened, start = mark, match.end()
    return found
