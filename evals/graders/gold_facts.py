"""`gold_facts`: the share of the item's gold facts that the output states.

Reads of the item: `subtasks` with answers, or `facts`, or `answer`; the option `kind` chooses. A fact is stated where
one passage (a short line, or a sentence) is about the fact's subject, heading and sentence before included, and itself
holds its values: numbers by value and unit, dates by value, names and words by stem. A fact with several values earns
the share of them that stands.

What does not pay: values without what they are values of, or said of something of another name; a passage that gives a
subject the values of its siblings too; guessing (with g numbers, or names, about a subject beyond the gold ones, at
most `FREE_GUESSES` / g is earned); repeating. What comes after `MAX_OUTPUT_CHARS` is not read, so the time is bounded.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import get_args

from .base import CodeGrader, Grader, Item, Sample
from .facts import Fact, Kind, facts_of
from .matching import about as about_of
from .passages import Passage, Value, passages

MAX_OUTPUT_CHARS = 200_000

LEAST_ABOUT = 0.5
"""The weighted part of a subject's stems that a passage about it has."""

LEAST_OF_SENTENCE = 0.6
"""The part of a gold sentence's stems that a passage has which says the same."""

LEAST_ALIKE = 0.4
"""Subjects that share this part of the smaller one's stems are siblings: their values can be mistaken."""

FREE_GUESSES = 8


class Subjects:
    """Facts prepared for looking them up: what a stem weighs, which values are gold, which facts are siblings."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = facts
        self.values = [tuple(tuple(Value(form) for form in forms) for forms in fact.values) for fact in facts]
        self._having = Counter(stem for fact in facts for stem in fact.about)
        every = [form for values in self.values for forms in values for form in forms]
        self._numbers = frozenset(number.value for form in every for number in form.numbers)
        self._names = frozenset(stem for form in every for stem in form.stems).union(*(fact.about for fact in facts))

    def is_about(self, number: int, passage: Passage) -> bool:
        """Whether a passage is about a fact's subject."""
        fact = self.facts[number]
        if 2 * sum(not passage.all_stems.isdisjoint(name) for name in fact.names) < len(fact.names):
            return False
        least = LEAST_OF_SENTENCE if fact.sentence else LEAST_ABOUT
        total = sum(map(self._weight, fact.about))
        found = fact.about & (passage.stems if fact.sentence else passage.all_stems)
        return sum(map(self._weight, found)) >= least * total

    def _weight(self, stem: str) -> float:
        """Stems that few facts are about tell more: log(1 + n / d)."""
        return math.log(1 + len(self.facts) / self._having[stem])

    def siblings(self, number: int) -> list[int]:
        """Facts whose subjects are like this one's, and whose values are others."""
        own = self.facts[number]
        return [
            at
            for at, other in enumerate(self.facts)
            if at != number
            and not (own.sentence or other.sentence)
            and len(own.about & other.about) >= LEAST_ALIKE * max(1, min(len(own.about), len(other.about)))
            and not set(own.values) & set(other.values)
        ]

    def guesses(self, number: int, about: Sequence[Passage]) -> int:
        """How many numbers, or names where the values are words, are given to a subject beyond all gold ones."""
        forms = [form for forms in self.values[number] for form in forms]
        if any(form.numbers for form in forms):
            return len({value for passage in about for value in passage.number_values} - self._numbers)
        return len({name for passage in about for name in passage.name_stems if not name <= self._names})


def coverage(facts: Sequence[Fact], text: str) -> float:
    """The share of the facts that the text states."""
    text = text[:MAX_OUTPUT_CHARS]
    subjects, read, plain = Subjects(facts), passages(text), _plain(text)
    about = [[passage for passage in read if subjects.is_about(at, passage)] for at in range(len(facts))]
    stated = (
        1.0 if fact.sentence and _plain(fact.sentence) in plain else _credit(subjects, at, about)
        for at, fact in enumerate(facts)
    )
    return sum(stated) / len(facts)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _credit(subjects: Subjects, number: int, about: Sequence[Sequence[Passage]]) -> float:
    """How much of one fact is stated."""
    own = about[number]
    values = subjects.values[number]
    if not values or not own:
        return float(bool(own))
    blocked = _blocked(subjects, number, about)
    clear = [passage for passage in own if id(passage) not in blocked]
    if subjects.facts[number].sentence:
        return _share(values, clear)
    guesses = subjects.guesses(number, own) if subjects.facts[number].about else 0
    return _share(values, clear) * min(1.0, FREE_GUESSES / max(1, guesses))


def _share(values: Sequence[tuple[Value, ...]], read: Sequence[Passage]) -> float:
    stated = sum(any(form.stands_in(passage) for passage in read for form in forms) for forms in values)
    return stated / len(values)


def _blocked(subjects: Subjects, number: int, about: Sequence[Sequence[Passage]]) -> set[int]:
    """Passages that also give the subject a sibling's value without naming the sibling."""
    blocked: set[int] = set()
    own_stems = subjects.facts[number].about.union(
        *(about_of(form.text) for forms in subjects.values[number] for form in forms)
    )
    for sibling in subjects.siblings(number):
        named = {id(passage) for passage in about[sibling]}
        rivals = [form for forms in subjects.values[sibling] for form in forms if not about_of(form.text) <= own_stems]
        blocked.update(
            id(passage)
            for passage in about[number]
            if id(passage) not in named and any(form.stands_in(passage) for form in rivals)
        )
    return blocked


def grader(*, kind: Kind | None = None) -> Grader:
    """The grader.

    Args:
        kind: which facts of the item count; None for the first kind it has of subtasks, facts and answer.
    """
    if kind is not None and kind not in get_args(Kind):
        raise ValueError(f"kind is {kind!r}, and must be one of {', '.join(get_args(Kind))}")

    def score(item: Item, sample: Sample) -> float:
        return coverage(facts_of(item, kind), sample.text)

    return CodeGrader("gold_facts", score)
