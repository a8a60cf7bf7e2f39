"""Chooses the passages that together answer a question, a second and third hop included. No model.

In: a question and sources. Out: few passages, best first, of different kinds: those that match the question, and those
that do not match it but are about a name that a chosen passage mentions.

A pool is searched together (the question, its names, then the names that its best passages speak of), and passages are
taken from it one by one. What a passage is worth depends on those taken before it:

    worth = match / 2 + link + new
    match   BM25 of the whole question (0..1), plus 1 when the question writes the passage's title
    link    the strongest link from a taken passage, times that one's worth (at most 1)
    new     the share of the question's words, by weight, that it has and no taken passage has

It ends when `limit` are taken or the next is worth too little beside the first.
"""

from __future__ import annotations

from dataclasses import replace

from .base import Passage, Sources
from .names import Name, links, named, names_in, question_line, says
from .relevance import Relevance, question_weights, scaled

POOL = 40
"""Passages that the first search may bring."""

FOLLOWED = 4
"""Best passages of the first search whose names are searched too."""

NAMES = 8
"""Names searched, of the question and of those passages each."""

PER_NAME = 4
"""Passages that a name may bring."""

CUT = 0.3
"""A passage worth less than this share of the first is not taken, once there are `FEWEST`."""

FEWEST = 2

_MAX_QUESTION_CHARS = 4_000


def retrieve(question: str, sources: Sources, limit: int = 6) -> list[Passage]:
    """The passages of `sources` that together answer `question`, at most `limit`; their `score` is their worth."""
    question = question[:_MAX_QUESTION_CHARS]
    return choose(question, gather(question, sources), limit)


def gather(question: str, sources: Sources) -> list[Passage]:
    """The passages to choose from: found by the question, by its names, and by names that the best of those have."""
    asked = names_in(question)[:NAMES]
    pool = _Pool()
    pool.add(sources.search(question, limit=POOL))
    for name in asked:
        pool.add(sources.search(" ".join(name), limit=PER_NAME))
    best = choose(question, pool.passages, FOLLOWED)
    line = question_line(question)
    followed = [name for passage in best for name in names_in(passage.text) if not says(line, name)]
    for name in dict.fromkeys(followed[: 4 * NAMES]):
        pool.add(sources.search(" ".join(name), limit=PER_NAME))
    return pool.passages


def choose(question: str, pool: list[Passage], limit: int = 6) -> list[Passage]:
    """The passages of `pool` that together answer `question`, at most `limit`, best first."""
    choice = _Choice(question, pool)
    while len(choice.taken) < min(limit, len(pool)) and choice.take():
        pass
    return [replace(pool[place], score=worth) for place, worth in choice.taken.items()]


class _Pool:
    """Passages, each once, in the order in which they came."""

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self._seen: set[tuple[str, int]] = set()

    def add(self, found: list[Passage]) -> None:
        for passage in found:
            if (passage.document, passage.start) not in self._seen:
                self._seen.add((passage.document, passage.start))
                self.passages.append(passage)


class _Choice:
    """What has been taken so far, with its worth, and what each other passage would be worth now."""

    def __init__(self, question: str, pool: list[Passage]) -> None:
        weights = question_weights(question)
        line = question_line(question)
        passages = [named(passage) for passage in pool]
        self.taken: dict[int, float] = {}
        self._relevance = Relevance(pool)
        self._uncovered = dict(weights)
        self._most = self._relevance.most(weights) or 1.0
        match = scaled(
            self._relevance.text(at, weights) + self._relevance.title(at, weights) for at in range(len(pool))
        )
        self._match = [
            value + (1.0 if _asked_for(passage.title, line) else 0.0)
            for value, passage in zip(match, passages, strict=True)
        ]
        self._links = links(passages, line.split())
        self._link = [0.0] * len(pool)

    def take(self) -> bool:
        """Take the passage that is worth most; false when it is worth too little."""
        left = [place for place in range(len(self._match)) if place not in self.taken]
        worth, place = max((self._worth(place), -place) for place in left)
        place = -place
        first = next(iter(self.taken.values()), worth)
        if worth <= 0 or (len(self.taken) >= FEWEST and worth < CUT * first):
            return False
        self.taken[place] = worth
        for there, strength in self._links[place].items():
            self._link[there] = max(self._link[there], strength * min(1.0, worth))
        self._uncovered = {
            term: weight for term, weight in self._uncovered.items() if not self._relevance.has(place, term)
        }
        return True

    def _worth(self, place: int) -> float:
        new = self._relevance.text(place, self._uncovered) / self._most
        return self._match[place] / 2 + self._link[place] + new


def _asked_for(title: Name, line: str) -> bool:
    return bool(title) and says(line, title)
