"""How much of one text's content another one has: shares of stems, rare ones weighing more. Values lie in 0..1."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

from .words import terms


class Overlap:
    """A few texts to be compared with queries; of n texts, a stem that d have weighs log(1 + (n + 1) / (d + 1))."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._terms = [frozenset(terms(text)) for text in texts]
        self._having = Counter(term for found in self._terms for term in found)

    def share(self, wanted: Collection[str], place: int) -> float:
        """The weighted share of the stems `wanted` that text number `place` has; 0 when nothing is wanted."""
        total = sum(map(self._weight, wanted))
        return sum(self._weight(term) for term in wanted if term in self._terms[place]) / total if total else 0.0

    def _weight(self, term: str) -> float:
        return math.log(1 + (len(self._terms) + 1) / (self._having[term] + 1))
