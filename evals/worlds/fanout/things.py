"""Made-up things and their facts: a seed's sources go in, chains of things and their look-alikes come out.

Laws: no two things share a name and no two facts a value, so that a fact's sentence stands once in the corpus; every
thing has a fact for each of its relations, but for those that are left out as unsolvable.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import TypeAlias

from ....core.testing.names import invent
from .relations import Kind, Relation, of_kind

Value: TypeAlias = "str | int | dt.date"
"""A thing's name, a number, or a day."""

_FIRST = (
    ("Ada", "Brona", "Celia", "Dorit", "Elke", "Fenna", "Greta", "Hilde", "Inga", "Jorun"),
    ("Anton", "Bram", "Claas", "Derk", "Emil", "Florian", "Gerrit", "Henk", "Ivo", "Jasper"),
)
_TRADES = ("Works", "Brothers", "Shipping", "Foundry", "Glass", "Printing", "Mills", "Instruments")
_RANGES = {"population": (210, 990, 100), "employees": (2_100, 9_900, 1), "length": (41, 990, 1)}
"""Smallest and largest, and what they are multiplied with; none can be taken for a year or a day."""
_LAST_YEAR = 2019


@dataclass(frozen=True)
class Fact:
    """One relation of one thing. `outdated` is what held before, with its year; `year` is when the fact was found."""

    relation: Relation
    value: Value
    year: int
    outdated: tuple[int, Value] | None = None


@dataclass
class Thing:
    """A thing with a page of its own, and its facts by the relation's name."""

    kind: Kind
    name: str
    female: bool = False
    facts: dict[str, Fact] = field(default_factory=dict)

    @property
    def pronouns(self) -> tuple[str, str, str]:
        """As subject, as object, and whose."""
        if self.kind != "person":
            return "it", "it", "its"
        return ("she", "her", "her") if self.female else ("he", "him", "his")


class Maker:
    """Makes things whose names and values are all different."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._taken: set[str] = set()
        self._values: set[Value] = set()

    def thing(self, kind: Kind, *, like: Thing | None = None) -> Thing:
        """A thing without facts; one `like` another has a name that is easily taken for the other's."""
        female = self._draw.random() < 0.5
        name = self._alike(like, female) if like else self._name(kind, female)
        return Thing(kind, name, female)

    def complete(self, thing: Thing, leads_to: dict[str, Thing], *, outdated: float, missing: frozenset[str]) -> None:
        """Give a thing a fact for each relation but the missing; objects are those it `leads_to`, or named only."""
        for relation in of_kind(thing.kind):
            if relation.name in missing:
                continue
            known = leads_to.get(relation.name)
            year = self._draw.randrange(1990, _LAST_YEAR)
            before = None
            if relation.outdated and self._draw.random() < outdated:
                before = (self._draw.randrange(1930, 1985), self._value(relation))
            thing.facts[relation.name] = Fact(
                relation, known.name if known else self._value(relation), year, outdated=before
            )

    def _value(self, relation: Relation) -> Value:
        if relation.target in ("firm", "person", "town", "river"):
            return self._name(relation.target, self._draw.random() < 0.5)
        while (value := self._literal(relation)) in self._values:
            continue
        self._values.add(value)
        return value

    def _literal(self, relation: Relation) -> Value:
        if relation.target == "date":
            return dt.date(self._draw.randrange(1710, 1900), 1, 1) + dt.timedelta(days=self._draw.randrange(365))
        low, high, unit = _RANGES[relation.name]
        return self._draw.randrange(low, high) * unit

    def _name(self, kind: str, female: bool) -> str:
        stem = invent(self._draw, self._taken)
        if kind == "person":
            return f"{self._draw.choice(_FIRST[not female])} {stem}"
        return f"{stem} {self._draw.choice(_TRADES)}" if kind == "firm" else stem

    def _alike(self, other: Thing, female: bool) -> str:
        """The same surname, the same first word, or the same ending."""
        first, _, rest = other.name.partition(" ")
        if other.kind == "person":
            names = [f"{each} {rest}" for each in _FIRST[not female]]
        elif other.kind == "firm":
            names = [f"{first} {each}" for each in _TRADES]
        else:
            names = [f"{each} {other.name}" for each in ("New", "Upper", "Lower", "Old", "East", "West")]
        free = [each for each in names if each not in self._taken and each != other.name]
        name = self._draw.choice(free) if free else self._name(other.kind, female)
        self._taken.add(name)
        return name
