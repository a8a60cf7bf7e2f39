# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""Where a quoted text stands in another: exactly, or with other white space and quotation marks, or nearly.

In go a quote (a model's words) and the text it claims to come from; out comes the place of those words as they really
stand there, or None. Nearly means rapidfuzz's normalised indel similarity of at least `LEAST_SIMILARITY` percent and
the same numbers, so that a quote with a changed figure is not found. Bounded work for any input.
"""

from __future__ import annotations

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
    squeezed, places = _squeeze(text)
    wanted = _squeeze(quote)[0]
    start = squeezed.find(wanted)
    if start < 0 or not wanted:
        return None
    return Span(places[start], places[start + len(wanted) - 1] + 1)


def _squeeze(text: str) -> tuple[str, list[int]]:
    """`text` in one form, and the place in it of each character of that form."""
    kept: list[str] = []
    places: list[int] = []
    blank = True
    for place, char in enumerate(text.translate(_SAME)):
        if char.isspace():
            if blank:
                continue
            char = " "
        blank = char == " "
        lower = char.lower()
        kept.append(lower if len(lower) == 1 else char)
        places.append(place)
    if kept and kept[-1] == " ":
        kept.pop()
    return "".join(kept), places


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
