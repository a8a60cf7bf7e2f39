"""Chooses sentences to quote from passages: what the embedded worker hands in as its claims. No model.

In: a question and the passages chosen for it. Out: passages narrowed to one sentence each, with exact offsets. Every
passage gives its best sentence before any gives a second, for a passage of the second hop may share no word with the
question. A sentence is worth its question words and the names it shares with other passages, by rarity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ..text.sentences import sentences
from .base import Passage
from .names import named, names_in, question_line, says
from .relevance import Relevance, question_weights, scaled

_SHARED_NAME = 0.5
"""What the names shared with other passages count beside the words of the question."""

_FURTHER = 0.5
"""A further sentence of a passage must be worth this share of the passage's best."""


class _Sentence(NamedTuple):
    place: int
    quote: Passage
    worth: float


def select_sentences(question: str, passages: Sequence[Passage], limit: int = 12) -> list[Passage]:
    """The sentences of `passages` to quote for `question`, at most `limit`, in the order of the passages.

    The `score` of each is its worth, comparable within this answer only.
    """
    best: dict[int, _Sentence] = {}
    further: list[_Sentence] = []
    for sentence in sorted(_sentences(question, passages), key=lambda each: -each.worth):
        if sentence.place not in best:
            best[sentence.place] = sentence
        elif 0 < sentence.worth >= _FURTHER * best[sentence.place].worth:
            further.append(sentence)
    chosen = ([best[place] for place in sorted(best)] + further)[: max(0, limit)]
    chosen.sort(key=lambda each: (each.place, each.quote.start))
    return [replace(each.quote, score=each.worth) for each in chosen]


def _sentences(question: str, passages: Sequence[Passage]) -> list[_Sentence]:
    """All sentences of the passages with their worth."""
    cut = [(place, quote) for place, passage in enumerate(passages) for quote in _cut(passage)]
    quotes = [quote for _, quote in cut]
    weights = question_weights(question)
    relevance = Relevance(quotes)
    asked = scaled(relevance.text(at, weights) for at in range(len(quotes)))
    shared = scaled(_shared(question, cut, passages))
    return [
        _Sentence(place, quote, match + _SHARED_NAME * name)
        for (place, quote), match, name in zip(cut, asked, shared, strict=True)
    ]


def _cut(passage: Passage) -> list[Passage]:
    """The sentences of a passage, each as a passage of its own."""
    return [
        replace(passage, start=passage.start + span.start, end=passage.start + span.end, text=span.of(passage.text))
        for span in sentences(passage.text)
    ]


def _shared(question: str, cut: Sequence[tuple[int, Passage]], passages: Sequence[Passage]) -> list[float]:
    """For each sentence, how many of its names other passages write too, those of the question left out."""
    lines = [named(passage).line for passage in passages]
    asked = question_line(question)
    found = []
    for place, quote in cut:
        names = [name for name in names_in(quote.text) if not says(asked, name)]
        others = [line for other, line in enumerate(lines) if passages[other].document != passages[place].document]
        found.append(float(sum(any(says(line, name) for line in others) for name in names)))
    return found
