# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""English number words: "twenty-one", "three hundred and five", "two million", "third"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from .spans import Span

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
    " fifteenth sixteenth seventeenth eighteenth nineteenth"
)
SMALL = {word: value for value, word in enumerate(_ONES.split())}
TENS = {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)}
ORDINALS = {word: value for value, word in enumerate(_ORDINALS.split())} | {
    word[:-1] + "ieth": value for word, value in TENS.items()
}
MAGNITUDES = {
    "hundred": 2,
    "thousand": 3,
    "million": 6,
    "mil": 6,
    "mill": 6,
    "billion": 9,
    "trillion": 12,
    "lakh": 5,
    "crore": 7,
}
_SCALES = {"thousand", "million", "billion", "trillion", "lakh", "crore"}

_WORDS = re.compile(
    r"\b(?:"
    + "|".join(
        sorted(
            [*SMALL, *TENS, *ORDINALS, *_SCALES, "hundred", "dozen", "hundredth", "thousandth"], key=len, reverse=True
        )
    )
    + r")\b",
    re.IGNORECASE,
)
_JOIN = re.compile(r"[ \t\u00a0-](?:and[ \t])?", re.IGNORECASE)
_PRONOUN_AFTER = re.compile(r"[ ](?:of|another|who|that|which)\b|['’]s\b", re.IGNORECASE)
_PRONOUN_BEFORE = re.compile(r"\b(?:no|any|every|some|each|this|that|which|the|another|as)[ ]\Z", re.IGNORECASE)
_SCALE_BEFORE = re.compile(r"(?:\d|[\d.,]\d)[ \u00a0-]?\Z")


class SpelledNumber(NamedTuple):
    """A value written in words, its place, and whether it is an ordinal ("third")."""

    value: Decimal
    span: Span
    ordinal: bool


class _Sum:
    """A number being read word by word: `total` of finished thousands, `group` below them."""

    def __init__(self) -> None:
        self.total = 0
        self.group = 0
        self.last = 10**15
        self.ordinal = False

    def takes(self, word: str) -> bool:
        """Add a word; False when it cannot follow what has been read and begins another number."""
        if self.ordinal:
            return False
        if word in ORDINALS or word in ("hundredth", "thousandth"):
            word = word[:-2] if word in ("hundredth", "thousandth") else word
            added = self._magnitude(word) if word in MAGNITUDES else self._below_hundred(ORDINALS[word])
            self.ordinal = added
            return added
        if word in MAGNITUDES:
            return self._magnitude(word)
        if word == "dozen":
            return False
        return self._below_hundred(SMALL.get(word, TENS.get(word, 0)))

    def _below_hundred(self, value: int) -> bool:
        tens_then_one = 20 <= self.last < 100 and 0 < value < 10 and self.last % 10 == 0
        if not (tens_then_one or self.last >= 100):
            return False
        self.group += value
        self.last = value
        return True

    def _magnitude(self, word: str) -> bool:
        scale = 10 ** MAGNITUDES[word]
        if word == "hundred":
            if not 0 < self.group < 100:
                return False
            self.group *= 100
        else:
            if self.group == 0 or (self.total and scale >= self.total):
                return False
            self.total += self.group * scale
            self.group = 0
        self.last = scale
        return True

    @property
    def value(self) -> Decimal:
        return Decimal(self.total + self.group)


def spelled_numbers(text: str) -> Iterator[SpelledNumber]:
    """The numbers written in words, in order. "One" as a pronoun ("one of them", "the one") is none."""
    state, start, end = _Sum(), -1, -1
    for match in _WORDS.finditer(text):
        word = match[0].lower()
        joined = start >= 0 and _JOIN.fullmatch(text, end, match.start()) is not None
        if joined and state.takes(word):
            end = match.end()
            continue
        if start >= 0:
            yield from _finished(text, state, start, end)
        state, start, end = _Sum(), match.start(), match.end()
        if word == "dozen" or word in MAGNITUDES or word in ("hundredth", "thousandth"):
            if _SCALE_BEFORE.search(text[max(0, start - 3) : start]):
                start = -1
                continue
            state.group = 1
            if word == "dozen":
                state.group = 12
                continue
        if not state.takes(word):
            start = -1
    if start >= 0:
        yield from _finished(text, state, start, end)


def _finished(text: str, state: _Sum, start: int, end: int) -> Iterator[SpelledNumber]:
    pronoun = text[start:end].lower() == "one" and (
        _PRONOUN_AFTER.match(text, end) or _PRONOUN_BEFORE.search(text[max(0, start - 9) : start])
    )
    if not pronoun:
        yield SpelledNumber(state.value, Span(start, end), state.ordinal)
