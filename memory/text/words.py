# ruff: noqa: RUF001 - look-alike punctuation is what this file is about
"""Words, stems and stop words: the normal forms under which texts are compared and searched.

`words` folds case, compatibility forms and accents, so that "Göttingen" and "GOTTINGEN" are one word. Scripts without
spaces (Han, Kana, Thai …) come out as overlapping pairs of characters, the usual index form for them.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer  # type: ignore[import-untyped]


def word_set(text: str) -> frozenset[str]:
    """A list of words, written as one string so that it stays readable."""
    return frozenset(text.split())


STOP_WORDS = word_set(
    "a about above after again against all also am an and any are as at be because been before being below between both"
    " but by can could did do does doing down during each few for from further had has have having he her here hers"
    " herself him himself his how i if in into is it its itself just me more most my myself no nor not now of off on"
    " once only or other our ours ourselves out over own same she should so some such than that the their theirs them"
    " themselves then there these they this those through to too under until up very was we were what when where which"
    " while who whom whose why will with would you your yours yourself s t d ll m o re ve"
)
"""English function words. In other languages rare words decide by their weight, so no list is needed."""

MAX_WORD_CHARS = 64
"""A longer run of letters is no word; it is cut here, so that one hostile word costs no more than a sentence."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]+"
)
_POSSESSIVE = re.compile(r"['’]s?\Z")


class _Stemmer(threading.local):
    """One for each thread: a stemmer keeps the word it works on in itself, and two threads would mix theirs up."""

    def __init__(self) -> None:
        self._own = snowballstemmer.stemmer("english")

    def __call__(self, word: str) -> str:
        return str(self._own.stemWord(word))


_STEM = _Stemmer()


def fold(text: str) -> str:
    """`text` in small letters, compatibility forms (NFKC) and without accents. Offsets are not kept."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(char for char in parts if not unicodedata.combining(char)))


def words(text: str) -> list[str]:
    """The words of `text` in order, folded, possessive endings taken off."""
    found: list[str] = []
    for match in _WORD.finditer(fold(text)):
        word = match[0]
        if word.isascii():
            found.append(word[:MAX_WORD_CHARS] if "'" not in word else _POSSESSIVE.sub("", word)[:MAX_WORD_CHARS])
        else:
            found.extend(_pieces(word))
    return found


def _pieces(word: str) -> list[str]:
    """A word that may hold stretches of a script without spaces, which become pairs of characters."""
    found: list[str] = []
    last = 0
    for run in _UNSPACED.finditer(word):
        found.append(word[last : run.start()])
        found.extend(run[0][i : i + 2] for i in range(max(1, len(run[0]) - 1)))
        last = run.end()
    found.append(word[last:])
    return [_POSSESSIVE.sub("", piece)[:MAX_WORD_CHARS] for piece in found if piece]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of a folded word: "publishing", "published" and "publishes" are "publish" (Snowball's English rules)."""
    return _STEM(word) if word.isascii() and word.isalpha() else word


def terms(text: str) -> list[str]:
    """What `text` is about, for comparing and searching: stems of its words, stop words left out, in order."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]
