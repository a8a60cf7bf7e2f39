# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""Where a quoted text stands in another: exactly, or with other white space and quotation marks, or nearly.

In go a quote (a model's words) and the text it claims to come from; out comes the place of those words as they really
stand there, or None. Nearly means rapidfuzz's normalised indel similarity of at least `LEAST_SIMILARITY` percent and
the same numbers, so that a quote with a changed figure is not found. Bounded work for any input.
"""

from __future__ import annotations

import re

from rapidfuzz import fuzz

from .numbers import codes, numbers
from .spans import Span, trimmed

LEAST_SIMILARITY = 92.0
MAX_QUOTE_CHARS = 2_000
MAX_FUZZY_CHARS = 200_000
"""Longer texts are searched exactly and normalised only: the fuzzy search is quadratic in the quote's length."""
_LEAST_FUZZY_CHARS = 12
"""A shorter quote is near too many things."""

_SAME = str.maketrans(dict.fromkeys("“”„«»", '"') | dict.fromkeys("‘’`", "'") | dict.fromkeys("–—−‑", "-"))
_BLANKS = re.compile(r"\s+")


def locate(quote: str, text: str) -> Span | None:
    """The place in `text` of the words of `quote`, or None when they do not stand there."""
    wanted = quote.strip()
    if not wanted or len(wanted) > MAX_QUOTE_CHARS:
        return None
    start = text.find(wanted)
    if start >= 0:
        return Span(start, start + len(wanted))
    return _normalised(wanted, text) or _nearly(wanted, text)


def _normalised(quote: str, text: str) -> Span | None:
    """The place when runs of white space, quotation marks, dashes and case are taken as equal."""
    wanted = _squeeze(quote)
    start = _squeeze(text).find(wanted)
    if start < 0 or not wanted:
        return None
    first, last = _unsqueezed(text, start, start + len(wanted) - 1)
    return Span(first, last + 1)


def _squeeze(text: str) -> str:
    """`text` with each run of white space as one blank, and one form of marks, dashes and letters."""
    plain = _BLANKS.sub(" ", text.translate(_SAME))
    lower = plain.lower()
    return lower if len(lower) == len(plain) else plain


def _unsqueezed(text: str, *places: int) -> list[int]:
    """Where characters of the squeezed text stand in `text`; `places` in ascending order."""
    wanted = list(places)
    found: list[int] = []
    lost = 0
    for run in _BLANKS.finditer(text):
        while wanted and wanted[0] + lost < run.start() + 1:
            found.append(wanted.pop(0) + lost)
        if not wanted:
            break
        lost += run.end() - run.start() - 1
    return found + [place + lost for place in wanted]


def _nearly(quote: str, text: str) -> Span | None:
    if len(quote) < _LEAST_FUZZY_CHARS or len(text) > MAX_FUZZY_CHARS or len(quote) > len(text):
        return None
    found = fuzz.partial_ratio_alignment(quote, text, score_cutoff=LEAST_SIMILARITY)
    if found is None:
        return None
    place = _whole_words(text, found.dest_start, found.dest_end)
    there = place.of(text)
    if codes(there) != codes(quote) or [n.value for n in numbers(there)] != [n.value for n in numbers(quote)]:
        return None
    return place


def _whole_words(text: str, start: int, end: int) -> Span:
    """The place, widened so that it cuts no word in two."""
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum() and end - start < 2 * MAX_QUOTE_CHARS:
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum() and end - start < 2 * MAX_QUOTE_CHARS:
        end += 1
    return trimmed(text, start, end)
