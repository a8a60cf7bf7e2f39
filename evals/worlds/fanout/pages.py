"""Documents about made-up things: things and a random source go in, titled pages and the sentences of facts come out.

A page names its thing in the title and at the beginning; further on pronouns stand for it. Some facts stand not on the
thing's own page but in a register of many things. Laws: each fact of a thing is stated once; each evidence sentence
stands once in all documents.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Sequence

from ....core.testing.names import fill
from . import notation
from .relations import KINDS, Kind
from .things import Fact, Thing, Value

Evidence = dict[tuple[str, str], str]
"""The sentence that states a fact, by the thing's name and the relation's."""

_REGISTERS: dict[Kind, str] = {
    "firm": "Register of trades",
    "person": "Book of persons",
    "town": "Gazetteer of towns",
    "river": "Survey of rivers",
}
_OPENINGS: dict[Kind, tuple[str, ...]] = {
    "firm": ("{name} is a firm known for its patience with customers.", "Few firms are told about as often as {name}."),
    "person": ("{name} is remembered in songs and ledgers.", "Of {name} a single portrait is left."),
    "town": ("{name} is larger than it looks from the road.", "{name} is a town of reed roofs and low bridges."),
    "river": ("The {name} rises among beeches and is slow in summer.", "Ferries cross the {name} at many places."),
}
_FILLERS: dict[Kind, tuple[str, ...]] = {
    "firm": (
        "Apprentices are taken in every spring.",
        "Its ledgers are bound in green cloth.",
        "Customers are given tea while they wait.",
        "The workshop bell can be heard across the square.",
        "Repairs are made free of charge in the first year.",
    ),
    "person": (
        "Letters from later years are lost.",
        "Neighbours spoke of a fondness for long walks.",
        "A street and a pear are named in honour of that life.",
        "Notebooks full of drawings were found in a chest.",
        "The winters were spent repairing clocks.",
    ),
    "town": (),
    "river": (
        "Willows line its banks for most of the way.",
        "Ice is rare and never bears a cart.",
        "Anglers praise its trout.",
        "Its floods leave a fine grey silt on the meadows.",
    ),
}
_PRONOUN = 0.6
_REGISTERED = 0.25


def write_pages(things: Sequence[Thing], draw: random.Random) -> tuple[dict[str, str], Evidence]:
    """All documents by file name, in no telling order, and the sentence of each fact."""
    evidence: Evidence = {}
    listed: dict[Kind, list[str]] = {kind: [] for kind in KINDS}
    pages = []
    for thing in things:
        apart = {name for name, fact in thing.facts.items() if not fact.outdated and draw.random() < _REGISTERED}
        for name in sorted(apart):
            evidence[thing.name, name] = _sentence(draw, thing, thing.facts[name], pronoun=False)
            listed[thing.kind].append(evidence[thing.name, name])
        pages.append((thing.name, _page(draw, thing, apart, evidence)))
    pages += [(_REGISTERS[kind], _register(draw, lines)) for kind, lines in listed.items() if lines]
    draw.shuffle(pages)
    return {
        f"{at:03}-{_slug(title)}.md": f"# {title}\n\n{text}\n" for at, (title, text) in enumerate(pages, 1)
    }, evidence


def shown(value: Value, draw: random.Random) -> str:
    """A value in one of its notations."""
    if isinstance(value, dt.date):
        return notation.date(draw, value)
    return notation.number(draw, value) if isinstance(value, int) else value


def _page(draw: random.Random, thing: Thing, apart: set[str], evidence: Evidence) -> str:
    facts = [fact for name, fact in thing.facts.items() if name not in apart]
    draw.shuffle(facts)
    told = [draw.choice(_OPENINGS[thing.kind]).format(name=thing.name)]
    for at, fact in enumerate(facts):
        evidence[thing.name, fact.relation.name] = sentence = _sentence(draw, thing, fact, pronoun=at > 0)
        pair = [sentence, _older(draw, thing, fact)] if fact.outdated else [sentence]
        draw.shuffle(pair)
        told += pair
        told += [_filler(draw, thing)] if draw.random() < 0.5 else []
    half = (len(told) + 1) // 2
    return " ".join(told[:half]) + "\n\n" + " ".join([_named_filler(draw, thing), *told[half:]])


def _sentence(draw: random.Random, thing: Thing, fact: Fact, *, pronoun: bool) -> str:
    template = draw.choice(fact.relation.stated)
    return _told(draw, template, thing, fact.value, fact.year, pronoun=pronoun and draw.random() < _PRONOUN)


def _older(draw: random.Random, thing: Thing, fact: Fact) -> str:
    year, value = fact.outdated or (fact.year, fact.value)
    return _told(draw, draw.choice(fact.relation.outdated), thing, value, year, pronoun=draw.random() < _PRONOUN)


def _told(draw: random.Random, template: str, thing: Thing, value: Value, year: int, *, pronoun: bool) -> str:
    called = f"the {thing.name}" if thing.kind == "river" else thing.name
    subject, object_, whose = thing.pronouns if pronoun else (called, called, f"{called}'s")
    text = template.format(S=_capital(subject), s=object_, P=_capital(whose), p=whose, o=shown(value, draw), y=year)
    return text if text.endswith(".") else f"{text}."


def _register(draw: random.Random, lines: list[str]) -> str:
    """The facts of many things, a few sentences to a paragraph."""
    draw.shuffle(lines)
    return "\n\n".join(" ".join(lines[at : at + 4]) for at in range(0, len(lines), 4))


def _filler(draw: random.Random, thing: Thing) -> str:
    return draw.choice(_FILLERS[thing.kind]) if thing.kind != "town" else fill(draw, thing.name, 1)


def _named_filler(draw: random.Random, thing: Thing) -> str:
    """A sentence that says no more than whom the page is about, so that pronouns after it are clear."""
    lead = "The " if thing.kind == "river" else ""
    return draw.choice((f"{lead}{thing.name} has been written about before.", f"Much has been said of {thing.name}."))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
