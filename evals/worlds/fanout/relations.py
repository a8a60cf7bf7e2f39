"""What can be asked of a made-up thing: relations with their wordings, and the paths that lead through several of them.

A relation leads from a kind of thing to another kind, to a number or to a date. Templates name the subject by `{S}` (at
the beginning), `{s}` (elsewhere) or `{p}` and `{P}` (whose), the object by `{o}`, and the year by `{y}` where facts
change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["firm", "person", "town", "river"]
Target = Literal["firm", "person", "town", "river", "number", "date"]

KINDS: tuple[Kind, ...] = ("firm", "person", "town", "river")


@dataclass(frozen=True)
class Relation:
    """One relation.

    Attributes:
        phrase: what it leads to, of `{x}`.
        words: what a subtask's goal says that asks for it.
        difficulty: of finding it when nothing distracts.
        stated: templates of sentences that state it.
        outdated: templates that state what held in an earlier year; empty when it does not change.
    """

    name: str
    subject: Kind
    target: Target
    phrase: str
    words: re.Pattern[str]
    difficulty: float
    stated: tuple[str, ...]
    outdated: tuple[str, ...] = ()

    @property
    def literal(self) -> bool:
        """Whether it leads to a number or a date, where a path ends."""
        return self.target in ("number", "date")


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


RELATIONS: tuple[Relation, ...] = (
    Relation(
        "founder", "firm", "person", "the founder of {x}", _words(r"found"), 0.15,
        ("{S} was founded by {o}.", "It was {o} who founded {s}.", "{S} goes back to {o}, who set it up with a loan."),
    ),
    Relation(
        "seat", "firm", "town", "the town where {x} has its seat", _words(r"\bseat|headquarter|\bbased\b"), 0.2,
        ("{S} has its seat in {o}.", "The seat of {s} is in {o}.", "The head office of {s} stands in {o}."),
        ("Until {y}, {p} seat was in {o}.",),
    ),
    Relation(
        "employees", "firm", "number", "the latest number of people employed by {x}",
        _words(r"employ|staff|work(?:er|force)"), 0.25,
        ("In {y}, {s} employed {o} people.", "{S} had {o} people on the payroll in {y}."),
        ("In {y}, {s} still employed {o} people.", "Its books of {y} name {o} people on the payroll."),
    ),
    Relation(
        "founded", "firm", "date", "the date on which {x} was founded", _words(r"found|establish"), 0.2,
        ("The deed that founded {s} was signed on {o}.", "{S} was founded on {o}."),
    ),
    Relation(
        "birthplace", "person", "town", "the birthplace of {x}", _words(r"\bborn\b|birth"), 0.2,
        ("{S} was born in {o}.", "{P} birthplace is {o}.", "{S} came into the world in {o}, in a house by the mill."),
    ),
    Relation(
        "teacher", "person", "person", "the teacher of {x}", _words(r"teach|taught|pupil|studied"),
        0.2,
        ("{S} learned the trade from {o}.", "{P} teacher was {o}.", "It was {o} who taught {s}."),
    ),
    Relation(
        "born", "person", "date", "the date of birth of {x}", _words(r"\bborn\b|birth"), 0.2,
        ("The parish book gives {o} as {p} date of birth.", "{S} was born on {o}."),
    ),
    Relation(
        "river", "town", "river", "the river that flows through {x}", _words(r"river|flow"), 0.15,
        ("The {o} flows through {s}.", "{S} lies on both banks of the {o}.", "{P} mills are driven by the {o}."),
    ),
    Relation(
        "population", "town", "number", "the latest number of inhabitants of {x}",
        _words(r"inhabitant|populat|people|resident"), 0.25,
        ("The count of {y} found {o} inhabitants in {s}.", "In {y}, {s} had {o} inhabitants."),
        ("In {y}, {s} still had {o} inhabitants.", "An older count, of {y}, gave {s} {o} inhabitants."),
    ),
    Relation(
        "chartered", "town", "date", "the date of the charter of {x}", _words(r"charter"), 0.2,
        ("{S} was given its charter on {o}.", "The charter of {s} bears the date of {o}."),
    ),
    Relation(
        "length", "river", "number", "the length in kilometres of {x}", _words(r"length|\blong\b|kilomet|\bkm\b"), 0.25,
        ("{S} is {o} kilometres long.", "From spring to mouth, {s} measures {o} km."),
    ),
)  # fmt: skip

BY_NAME = {relation.name: relation for relation in RELATIONS}


def of_kind(kind: Kind) -> tuple[Relation, ...]:
    """The relations that lead away from a kind of thing."""
    return tuple(relation for relation in RELATIONS if relation.subject == kind)


def paths(hops: int, ends: tuple[Target, ...]) -> list[tuple[Relation, ...]]:
    """All paths of this many relations that end in a number or a date, no relation twice, in a fixed order."""
    found: list[tuple[Relation, ...]] = []
    open_paths: list[tuple[Relation, ...]] = [(relation,) for relation in RELATIONS]
    while open_paths:
        path = open_paths.pop()
        last = path[-1]
        if len(path) == hops:
            found += [path] if last.target in ends else []
        elif not last.literal:
            open_paths += [(*path, next_) for next_ in RELATIONS if next_.subject == last.target and next_ not in path]
    return sorted(found, key=lambda path: [relation.name for relation in path])


def phrase(path: tuple[Relation, ...], start: str) -> str:
    """What a path leads to from `start`, in words: "the birthplace of the founder of Velan Works"."""
    text = start
    for relation in path:
        text = relation.phrase.format(x=text)
    return text
