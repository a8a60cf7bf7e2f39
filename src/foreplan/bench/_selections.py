"""Ways to choose sentences under a size, to compare compression with: the head, plain BM25, centrality.

Each takes a question's sentences in order and gives their places back, those to keep first in front.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from foreplan.memory.compress.base import Excerpt
from foreplan.memory.documents.base import Passage
from foreplan.memory.documents.relevance import Relevance
from foreplan.memory.text.sentences import sentences
from foreplan.memory.text.spans import Span
from foreplan.memory.text.words import terms

SIMILAR = 0.1
"""Cosine from which two sentences are joined (Erkan and Radev 2004, "LexRank", section 3)."""


class Line(NamedTuple):
    """One sentence: the number of its paragraph, its place there, its text and its paragraph's title."""

    paragraph: int
    span: Span
    text: str
    title: str


def lines_of(excerpts: Sequence[Excerpt]) -> list[Line]:
    """All sentences of the paragraphs, in order."""
    return [
        Line(number, span, span.of(excerpt.text), excerpt.title)
        for number, excerpt in enumerate(excerpts)
        for span in sentences(excerpt.text)
    ]


def within(lines: Sequence[Line], order: Sequence[int], cap: int, *, stop: bool = False) -> list[Line]:
    """The sentences that fit `cap` bytes in this order; with `stop`, none after the first that does not fit."""
    kept = []
    for place in order:
        cost = byte_size(lines[place].text) + 1
        if cost <= cap:
            kept.append(lines[place])
            cap -= cost
        elif stop:
            break
    return kept


def byte_size(text: str) -> int:
    """UTF-8 bytes, the measure of size here: the bound on tokens where no tokenizer is known."""
    return len(text.encode())


def by_bm25(question: str, lines: Sequence[Line]) -> list[int]:
    """Plain BM25 of the question with each sentence and its title."""
    relevance = Relevance([Passage("", 0, 0, line.text, line.title, "") for line in lines])
    weights = dict.fromkeys(terms(question), 1.0)
    return sorted(range(len(lines)), key=lambda place: -relevance.text(place, weights))


def by_centrality(lines: Sequence[Line]) -> list[int]:
    """LexRank: PageRank over sentences joined where their TF-IDF vectors are similar. The question plays no part.

    Raises:
        ImportError: without networkx, which the extra `dev` brings.
    """
    import networkx as nx

    vectors = _tf_idf([terms(line.text) for line in lines])
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(len(lines)))
    for left in range(len(lines)):
        for right in range(left):
            cosine = _dot(vectors[left], vectors[right])
            if cosine >= SIMILAR:
                graph.add_edge(left, right, weight=cosine)
    ranks = nx.pagerank(graph, alpha=0.85)
    return sorted(range(len(lines)), key=lambda place: -ranks[place])


def _tf_idf(texts: Sequence[Sequence[str]]) -> list[dict[str, float]]:
    """Unit vectors of term frequency times log(n / documents having the term)."""
    having = Counter(term for text in texts for term in set(text))
    vectors = []
    for text in texts:
        vector = {term: count * math.log(len(texts) / having[term]) for term, count in Counter(text).items()}
        length = math.sqrt(sum(value * value for value in vector.values())) or 1.0
        vectors.append({term: value / length for term, value in vector.items()})
    return vectors


def _dot(left: dict[str, float], right: dict[str, float]) -> float:
    small, large = (left, right) if len(left) < len(right) else (right, left)
    return sum(value * large.get(term, 0.0) for term, value in small.items())
