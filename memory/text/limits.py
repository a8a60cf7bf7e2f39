# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""Negations and limits: the small words that turn a statement round or bound it, and what each of them governs.

In goes a sentence; out come `Limit`s of a few kinds. "No more than" is a bound, not a negation, so longer phrases are
read first. English only; in other languages nothing is found, and nothing is claimed.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from .number_words import MAGNITUDES, SMALL, TENS
from .spans import Span
from .words import STOP_WORDS, stem, word_set, words

LimitKind = Literal["not", "at most", "at least", "except", "only"]

_PHRASES: dict[LimitKind, str] = {
    "at most": "at most|no more than|not more than|not over|not above|no later than|up to|less than|fewer than|under"
    "|below|at the most|maximum of|a maximum|as many as|as much as|not exceed|not exceeding|within"
    "|or less|or fewer|or under|or below|≤|<",
    "at least": "at least|no less than|no fewer than|not less than|not fewer than|not under|not below|more than"
    "|greater than|over|above|minimum of|a minimum|no earlier than|upwards of|or more|or above"
    "|exceeds|exceed|exceeding|exceeded|≥|>",
    "except": "except for|except|excepting|excluding|excludes|unless|other than|apart from|aside from|but not"
    "|with the exception of",
    "only": "only|solely|exclusively|nothing but|none but",
    "not": "not|never|no|none|nobody|no one|nothing|nowhere|neither|nor|without|cannot|hardly|scarcely|barely|fails to"
    "|failed to|fail to|unable to|lacks|lacked|denied|denies|refused to|rarely|seldom",
}
_NEEDS_NUMBER = word_set("under below over above within exceeds exceed exceeding exceeded < > ≤ ≥").union(
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
    r"\s{0,3}(?:the\s|a\s|an\s|about\s)?[$€£¥]?\s?(?:\d|(?:" + "|".join([*SMALL, *TENS, *MAGNITUDES, "half"]) + r")\b)",
    re.IGNORECASE,
)
_NO_LIMIT = re.compile(r"no\.\s?\d|not\s+(?:only|just|merely)\b|(?<=not )only\b", re.IGNORECASE)
"""The number sign "No. 5", and "not only … but also", which adds."""
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
        if _NO_LIMIT.match(text, match.start()):
            continue
        kind = _KIND.get(phrase, "not")
        governs = _before(text, match.start()) if phrase.startswith("or ") else _governed(text, match.end())
        found.append(Limit(kind, phrase, Span(*match.span()), governs))
    return found


def _before(text: str, end: int) -> tuple[str, ...]:
    """Stems of the content words just before, for what comes behind the words it bounds: "5 tonnes or more"."""
    window = text[max(0, end - 60) : end].partition(" ")[2]
    return tuple(stem(word) for word in words(window) if word not in STOP_WORDS)[-GOVERNED_WORDS:]


def _governed(text: str, start: int) -> tuple[str, ...]:
    """Stems of the next content words in the clause."""
    window = text[start : start + 120]
    stop = _CLAUSE_END.search(window)
    clause = window[: stop.start()] if stop and stop.start() > 0 else window
    return tuple(stem(word) for word in words(clause) if word not in STOP_WORDS)[:GOVERNED_WORDS]
