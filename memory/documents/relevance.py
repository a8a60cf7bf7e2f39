"""How well passages match the words of a question: BM25 over a pool of passages, names and numbers counting double.

Formula: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), equation 3.15, with
k1 = 1.2, b = 0.75 and the always positive inverse document frequency of Lucene.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..text.entities import entities
from ..text.words import terms
from .base import Passage

NAME_WEIGHT = 1.5
"""What a word of a name, or a number, counts in a question; other words count 1. From 1.5 to 2 all do as well."""

TITLE_WEIGHT = 1.0
"""What a word in the title adds to the same word in the text, in units of its inverse document frequency."""

_K1 = 1.2
_B = 0.75


def question_weights(question: str) -> dict[str, float]:
    """The stems of a question and their weights."""
    strong = {term for name in entities(question) for term in terms(name.name)}
    return {
        term: NAME_WEIGHT if term in strong or any(char.isdigit() for char in term) else 1.0 for term in terms(question)
    }


class Relevance:
    """BM25 scores of the passages of one pool."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._counts = [Counter(terms(f"{passage.title}. {passage.text}")) for passage in passages]
        self._titles = [frozenset(terms(passage.title)) for passage in passages]
        self._documents = Counter(term for counts in self._counts for term in counts)
        lengths = [counts.total() for counts in self._counts]
        average = max(1.0, sum(lengths) / max(1, len(lengths)))
        self._norms = [_K1 * (1 - _B + _B * length / average) for length in lengths]

    def idf(self, term: str) -> float:
        """The inverse document frequency of a stem in the pool."""
        having = self._documents[term]
        return math.log(1 + (len(self._counts) - having + 0.5) / (having + 0.5))

    def text(self, place: int, weights: Mapping[str, float]) -> float:
        """How well a passage matches weighted stems."""
        counts, norm = self._counts[place], self._norms[place]
        return sum(
            weight * self.idf(term) * counts[term] * (_K1 + 1) / (counts[term] + norm)
            for term, weight in weights.items()
            if term in counts
        )

    def title(self, place: int, weights: Mapping[str, float]) -> float:
        """How well its title does."""
        shared = self._titles[place].intersection(weights)
        return TITLE_WEIGHT * sum(weights[term] * self.idf(term) for term in sorted(shared))

    def most(self, weights: Mapping[str, float]) -> float:
        """A bound on `text` for these stems."""
        return sum(weight * self.idf(term) * (_K1 + 1) for term, weight in weights.items())

    def has(self, place: int, term: str) -> bool:
        """Whether a passage has this stem."""
        return term in self._counts[place]


def scaled(values: Iterable[float]) -> list[float]:
    """Values divided by the largest, so that they lie in 0..1."""
    found = list(values)
    largest = max(found, default=0.0)
    return [value / largest if largest > 0 else 0.0 for value in found]
