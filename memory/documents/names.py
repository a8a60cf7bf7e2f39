"""Which passages speak of the same names, and how much that says: the links that a second hop follows.

A name is a proper-noun phrase of some passage, or a passage's title; it links all passages that write it. The fewer do,
the stronger the link: log(n/d) / log(n) for d of n passages (inverse document frequency, scaled to 0..1). A passage
whose title is the name is about it, which makes the way there stronger than a mere common mention.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..text.entities import entities
from ..text.words import STOP_WORDS, words
from .base import Passage

ABOUT = 1.0
MENTION = 0.8
"""Weights of a link to a passage titled by the name, and to one that mentions it. From 0.6 to 1 all do as well."""

_IN_BRACKETS = re.compile(r"\s*\([^)]{0,100}\)")

Name = tuple[str, ...]


class Named(NamedTuple):
    """One passage as its names see it: its words in order between blanks, its title as a name, and its names."""

    line: str
    title: Name
    names: frozenset[Name]


def named(passage: Passage) -> Named:
    """The names of a passage, its title among them."""
    title = title_name(passage.title)
    found = frozenset(names_in(passage.text)) | ({title} if title else frozenset())
    return Named(_line(f"{passage.title}. {passage.text}"), title, found)


def names_in(text: str) -> list[Name]:
    """The distinct names in a text, in order of appearance."""
    return [name for name in dict.fromkeys(_trimmed(words(found.name)) for found in entities(text)) if name]


def title_name(title: str) -> Name:
    """A title as a name, without what stands in brackets: "Mercury (planet)" is called Mercury."""
    return _trimmed(words(_IN_BRACKETS.sub("", title)))


def says(line: str, name: Name) -> bool:
    """Whether a line of words (`Named.line`) has this name in it."""
    return f" {' '.join(name)} " in line


def question_line(question: str) -> str:
    """A question in the form that `says` looks into."""
    return _line(question)


def links(passages: Sequence[Named], known: Iterable[str]) -> list[dict[int, float]]:
    """For each passage, the passages it leads to with the strength of the strongest link, 0..1.

    Names made of `known` words alone (those of the question) lead nowhere new and are left out, and so are names that
    nearly every passage has. Passages of one title do not lead to each other by it.
    """
    count = len(passages)
    found: list[dict[int, float]] = [{} for _ in passages]
    if count < 2:
        return found
    known = frozenset(known) | STOP_WORDS
    for name, places in _places(passages).items():
        if not 1 < len(places) < count or known.issuperset(name):
            continue
        weight = math.log(count / len(places)) / math.log(count)
        for here in places:
            for there in places:
                if passages[here].title != passages[there].title:
                    strength = weight * (ABOUT if passages[there].title == name else MENTION)
                    found[here][there] = max(strength, found[here].get(there, 0.0))
    return found


def _places(passages: Sequence[Named]) -> dict[Name, list[int]]:
    """The passages that write each name. Looked for only where all its words are."""
    with_word: dict[str, set[int]] = defaultdict(set)
    for place, passage in enumerate(passages):
        for word in passage.line.split():
            with_word[word].add(place)
    every = dict.fromkeys(name for passage in passages for name in sorted(passage.names))
    return {
        name: [
            place
            for place in sorted(set.intersection(*(with_word[word] for word in name)))
            if len(name) == 1 or says(passages[place].line, name)
        ]
        for name in every
    }


def _line(text: str) -> str:
    return f" {' '.join(words(text))} "


def _trimmed(name: Sequence[str]) -> Name:
    """The name without function words at its ends; empty when there is nothing else."""
    start, end = 0, len(name)
    while start < end and name[start] in STOP_WORDS:
        start += 1
    while end > start and name[end - 1] in STOP_WORDS:
        end -= 1
    return tuple(name[start:end])
