# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""Negations and limits: the small words that turn a statement round or bound it, and what each of them governs.

In goes a sentence; out come `Limit`s of a few kinds. "No more than" is a bound, not a negation, so longer phrases are
read first. English only; in other languages nothing is found, and nothing is claimed.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from .spans import Span
from .words import STOP_WORDS, stem, word_set, words

LimitKind = Literal["not", "at most", "at least", "except", "only", "about"]

_PHRASES: dict[LimitKind, str] = {
    "at most": "at most|no more than|not more than|not over|not above|no later than|up to|less than|fewer than|under"
    "|below|at the most|maximum of|a maximum|as many as|as much as|not exceed|not exceeding|within|≤|<",
    "at least": "at least|no less than|no fewer than|not less than|not fewer than|not under|not below|more than"
    "|greater than|over|above|minimum of|a minimum|no earlier than|upwards of|exceeds|exceed|exceeding|exceeded|≥|>",
    "except": "except for|except|excepting|excluding|excludes|unless|other than|apart from|aside from|but not"
    "|with the exception of",
    "only": "only|solely|exclusively|nothing but|none but",
    "about": "approximately|roughly|circa|around|nearly|almost|about|estimated|an estimated",
    "not": "not|never|no|none|nobody|no one|nothing|nowhere|neither|nor|without|cannot|hardly|scarcely|barely|fails to"
    "|failed to|fail to|unable to|lacks|lacked|denied|denies|refused to|rarely|seldom",
}
_NEEDS_NUMBER = word_set("under below over above within around about exceeds exceed exceeding exceeded < > ≤ ≥").union(
    ("up to", "less than", "more than")
)
"""Phrases that bound only a number: "over the river" and "up to him" bound nothing."""
_KIND = {phrase: kind for kind, phrases in _PHRASES.items() for phrase in phrases.split("|")}
_FIND = re.compile(
    r"(?:\b(?:"
    + "|".join(
        phrase.replace(" ", r"\s{1,3}") for phrase in sorted(_KIND, key=len, reverse=True) if phrase[0].isalpha()
    )
    + r")\b|\b\w{2,12}n['’]t\b|[≤≥]|[<>](?=\s?\d))",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[,;:.!?)](?:\s|\Z)|\s[–—-]\s|\b(?:but|because|although|whereas|which|until|before|after)\b")
_NUMBER_AHEAD = re.compile(
    r"\s{0,3}(?:the\s|a\s|an\s|about\s)?[$€£¥]?\s?(?:\d|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty"
    r"|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|half)\b)",
    re.IGNORECASE,
)
GOVERNED_WORDS = 3


class Limit(NamedTuple):
    """A negating or bounding phrase, where it stands, and the stems of the words it governs (next in its clause)."""

    kind: LimitKind
    phrase: str
    span: Span
    governs: tuple[str, ...]


def limits(text: str) -> list[Limit]:
    """The negations and limits in `text`, in order."""
    found = []
    for match in _FIND.finditer(text):
        phrase = " ".join(match[0].lower().split())
        if phrase in _NEEDS_NUMBER and not _NUMBER_AHEAD.match(text, match.end()):
            continue
        kind = _KIND.get(phrase, "not")
        found.append(Limit(kind, phrase, Span(*match.span()), _governed(text, match.end())))
    return found


def _governed(text: str, start: int) -> tuple[str, ...]:
    """Stems of the next content words in the clause."""
    window = text[start : start + 120]
    stop = _CLAUSE_END.search(window)
    clause = window[: stop.start()] if stop and stop.start() > 0 else window
    return tuple(stem(word) for word in words(clause) if word not in STOP_WORDS)[:GOVERNED_WORDS]
