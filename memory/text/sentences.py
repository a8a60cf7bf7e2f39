# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""Sentences with their exact places: `text[span.start:span.end]` is the sentence, nothing is rewritten.

In goes any text; out come spans in order, not overlapping, trimmed, none empty and none longer than
`MAX_SENTENCE_CHARS`; every character outside them is white space. One pass, linear time.

Paragraphs are split at blank lines, list items and headings; a line break inside a paragraph is a soft wrap only when
the next line's first word would not have fitted on the line (Knuth and Plass call that first fit), so that headings and
verses, which stop early, stay apart without any list of languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from .spans import Span, trimmed
from .words import STOP_WORDS, word_set

MAX_SENTENCE_CHARS = 800
"""Longer stretches without a sentence end (tables, minified text, scripts without stops) are cut at white space."""

_MIN_WRAP_COLUMNS = 40
"""Blocks whose longest line is shorter than this are lists or verses, never wrapped prose."""

_BLOCK_START = re.compile(
    r"[ \t]{0,20}(?:[-*+•‣◦–—·][ \t]|\d{1,4}[.)][ \t]|\(?[a-zA-Z\d]{1,2}\)[ \t]|#{1,6}[ \t]|>|\|)"
)
_HEADING = re.compile(r"[ \t]{0,3}(?:#{1,6}[ \t]|={3,}|-{3,})")
_LIST_NUMBER = re.compile(r"\s*(?:\d{1,4}|[a-zA-Z])\.")
_STOP = re.compile(
    r"(?P<wide>[。！？｡︒।॥۔።]+[」』）》”’\"]*)"
    r"|(?P<stop>[.!?…؟]{1,20}[)\]\"'”’»]{0,4})(?=\s)"
)
_LAST_TOKEN = re.compile(r"[^\s(\[\"“‘]+\Z")
_NEXT_WORD = re.compile(r"[\s(\[\"“‘'«¿¡`]{0,8}(\w+)")

TITLES = word_set(
    "mr mrs ms mx dr prof st messrs mme mlle gen col maj capt cpt lt sgt cmdr adm rev fr hon gov sen rep pres amb mt ft"
    " vs nos fig figs vol vols pp eq eqs ed eds cf viz al approx ca dept univ e.g i.e"
)
"""Abbreviations that are always followed by what they belong to."""
_BEFORE_DIGITS = word_set("no art sec ch c b d r p v fl")
"""Abbreviations only before a number: "No. 5", "c. 1900"."""
_MAY_END = word_set(
    "jr sr inc co corp ltd llc plc bros etc esq ave blvd rd jan feb mar apr jun jul aug sep sept oct nov dec mon tue"
    " wed thu fri sat sun a.m p.m u.s u.k u.n d.c b.c a.d ph.d m.d b.a m.a d.phil e.u est op seq"
)
"""Abbreviations that may also stand at the end of a sentence."""


def sentences(text: str) -> list[Span]:
    """The sentences of `text`, in order."""
    found: list[Span] = []
    for start, end in _blocks(text):
        for first, last in _split(text, start, end):
            found.extend(_cut(text, trimmed(text, first, last)))
    return found


def paragraphs(text: str) -> list[Span]:
    """The blocks of `text` that belong together: paragraphs, headings, list items; trimmed, none empty."""
    spans = (trimmed(text, start, end) for start, end in _blocks(text))
    return [span for span in spans if span.end > span.start]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Paragraphs, headings and list items: stretches of lines that are one wrapped piece of prose."""
    lines: list[Span] = []
    for line in _lines(text):
        if line.end > line.start:
            lines.append(line)
            continue
        yield from _wrapped(text, lines)
        lines = []
    yield from _wrapped(text, lines)


def _lines(text: str) -> Iterator[Span]:
    start = 0
    for piece in text.splitlines(keepends=True):
        yield trimmed(text, start, start + len(piece))
        start += len(piece)


def _wrapped(text: str, lines: list[Span]) -> Iterator[tuple[int, int]]:
    """Join the soft-wrapped ones among lines that follow each other without a blank line."""
    if not lines:
        return
    columns = max(line.end - line.start for line in lines)
    start = lines[0].start
    for line, following in pairwise(lines):
        if not _soft_wrap(text, line, following, columns):
            yield start, line.end
            start = following.start
    yield start, lines[-1].end


def _soft_wrap(text: str, line: Span, following: Span, columns: int) -> bool:
    if columns < _MIN_WRAP_COLUMNS or _HEADING.match(text, line.start, line.end):
        return False
    if _BLOCK_START.match(text, following.start, following.end):
        return False
    first_word = text[following.start : min(following.end, following.start + columns)].split(None, 1)[0]
    return (line.end - line.start) + 1 + len(first_word) > columns


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    begin = start
    for match in _STOP.finditer(text, start, end):
        if match["wide"] or _ends(text, begin, match, end):
            yield begin, match.end()
            begin = match.end()
    yield begin, end


def _ends(text: str, begin: int, match: re.Match[str], end: int) -> bool:
    """Whether this stop ends a sentence: not after abbreviations or list numbers, nor before a small letter."""
    following = _NEXT_WORD.match(text, match.end(), min(end, match.end() + 60))
    word = following[1] if following else ""
    if word[:1].islower():
        return False
    if match[0][0] != "." or match[0].startswith(".."):
        return True
    return not _abbreviates(text, begin, match.start(), word)


def _abbreviates(text: str, begin: int, stop: int, next_word: str) -> bool:
    if _LIST_NUMBER.fullmatch(text, begin, stop + 1):
        return True
    last = _LAST_TOKEN.search(text[max(begin, stop - 30) : stop])
    token = last[0].lower() if last else ""
    if token in TITLES or (token in _BEFORE_DIGITS and next_word[:1].isdigit()):
        return True
    dotted = "." in token and max(map(len, token.split("."))) <= 2
    initial = len(token) == 1 and token.isalpha() and last is not None and last[0].isupper()
    if token in _MAY_END or dotted or initial:
        return not _starts_sentence(next_word)
    return False


def _starts_sentence(word: str) -> bool:
    """Whether a capitalised word is a function word, which after an abbreviation means that a sentence begins."""
    return word.lower() in STOP_WORDS and (len(word) > 1 or word in ("A", "I"))


def _cut(text: str, span: Span) -> Iterator[Span]:
    """The span, in pieces of at most `MAX_SENTENCE_CHARS` when it is longer."""
    start, end = span
    while end - start > MAX_SENTENCE_CHARS:
        window = text[start : start + MAX_SENTENCE_CHARS]
        place = max(window.rfind(mark, MAX_SENTENCE_CHARS // 2) for mark in " \t\n,;")
        middle = start + (place + 1 if place > 0 else MAX_SENTENCE_CHARS)
        piece = trimmed(text, start, middle)
        if piece.end > piece.start:
            yield piece
        start = trimmed(text, middle, end).start
    if end > start:
        yield Span(start, end)
