# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""Proper-noun phrases: runs of capitalised words, joined by small words such as "of" and "de".

No list of names and no model. A capital at the start of a sentence tells nothing, so a lone first word counts only when
the same text never writes it small.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .number_words import ORDINALS, SMALL, TENS
from .sentences import TITLES, sentences
from .spans import Span
from .words import STOP_WORDS, fold, word_set

MAX_ENTITY_WORDS = 12

_TOKEN = re.compile(r"\w[\w.&'’/-]{0,80}")
_WORD = re.compile(r"\w{1,80}")
_GAP = re.compile(r"[ \t\n]{1,3}(?:&[ \t]{1,3})?")
_JOINERS = word_set("of the de del della di da do dos das du des la le las los el al von van der den zu y e")
_MAX_JOINERS = 2
_NO_NAMES = word_set(
    "january february march april may june july august september october november december monday tuesday wednesday"
    " thursday friday saturday sunday"
).union(SMALL, TENS, ORDINALS, TITLES, STOP_WORDS)
"""Words written with a capital, or at a sentence's start, that alone name nothing."""


class Entity(NamedTuple):
    """A name as it is written, and where."""

    name: str
    span: Span

    @property
    def key(self) -> str:
        """The name's normal form: folded, without "the", possessives and stops."""
        return re.sub(r"['’]s?\b|\.", "", fold(self.name)).strip()


class _Token(NamedTuple):
    text: str
    start: int
    end: int


def entities(text: str) -> list[Entity]:
    """The names in `text`, in order, with repetitions."""
    found: list[Entity] = []
    small = {match[0] for match in _WORD.finditer(text) if match[0][0].islower()}
    for sentence in sentences(text):
        tokens = [_Token(*_clean(match)) for match in _TOKEN.finditer(text, sentence.start, sentence.end)]
        for first, last in _runs(text, tokens):
            if first == last == 0 and tokens[0].text.lower() in small:
                continue
            span = Span(tokens[first].start, tokens[last].end)
            found.append(Entity(span.of(text), span))
    return found


def _clean(match: re.Match[str]) -> tuple[str, int, int]:
    """The token without punctuation at its end, except the stop of an initial."""
    token = match[0].rstrip("'’/-&")
    bare = token.rstrip(".")
    if not (len(bare) == 1 or "." in bare or bare.lower() in TITLES):
        token = bare
    return token, match.start(), match.start() + len(token)


def _runs(text: str, tokens: list[_Token]) -> list[tuple[int, int]]:
    """Index pairs (first, last) of the tokens of each name."""
    runs: list[tuple[int, int]] = []
    index = 0
    while index < len(tokens):
        if not _capital(tokens[index].text) or (index == 0 and tokens[0].text.lower() in STOP_WORDS):
            index += 1
            continue
        last = _extend(text, tokens, index)
        lone = tokens[index].text.rstrip(".").lower() if last == index else ""
        if lone not in _NO_NAMES:
            runs.append((index, last))
        index = last + 1
    return runs


def _extend(text: str, tokens: list[_Token], first: int) -> int:
    """The last token of the name that begins at `first`."""
    last = first
    joined = 0
    index = first + 1
    while index < len(tokens) and index - first < MAX_ENTITY_WORDS:
        if not _GAP.fullmatch(text, tokens[index - 1].end, tokens[index].start):
            break
        word = tokens[index].text
        if _capital(word):
            last = index
        elif word in _JOINERS and joined < _MAX_JOINERS:
            joined += 1
        else:
            break
        joined = 0 if last == index else joined
        index += 1
    return last


def _capital(word: str) -> bool:
    return word[0].isupper() and (len(word) > 1 or word not in ("I",))
