"""Made-up pages with true claims about them in other words, and the ways in which a claim can be falsified.

In goes a random generator, out come `Page`s: sentences, and for each sentence claims that it bears out.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from foreplan.memory.digest import Claim
from foreplan.memory.evidence import EvidenceRef
from foreplan.memory.text.spans import Span

Rng = random.Random


class Statement(NamedTuple):
    """A sentence of a page, true claims in other words, and false ones by what was done to them."""

    sentence: str
    honest: tuple[str, ...]
    false: dict[str, str]
    value: str = ""
    unit: str = ""


class Page(NamedTuple):
    """A page's title, its text, and the place of each statement's sentence."""

    title: str
    text: str
    statements: tuple[Statement, ...]
    spans: tuple[Span, ...]

    def claim(self, artifact: str, place: int, text: str, *, evidence: int | None = None) -> Claim:
        """A claim on the sentence of statement `evidence`, or its own."""
        span = self.spans[place if evidence is None else evidence]
        ref = EvidenceRef(artifact=artifact, start=span.start, end=span.end)
        statement = self.statements[place]
        return Claim(
            text=text, value=statement.value or None, unit=statement.unit or None, evidence=(ref,), confidence=0.9
        )


def page(rng: Rng) -> Page:
    """One page about a made-up bridge."""
    name = f"{_word(rng)} Bridge"
    statements = tuple(make(rng, name) for make in _MAKERS)
    text, spans = f"The {name} crosses the river {_word(rng)}.", []
    for statement in statements:
        spans.append(Span(len(text) + 1, len(text) + 1 + len(statement.sentence)))
        text += f" {statement.sentence}"
    return Page(name, text, statements, tuple(spans))


def _cost(rng: Rng, name: str) -> Statement:
    millions = rng.randint(11, 99) / 10
    other = millions + rng.randint(1, 9)
    return Statement(
        f"It cost ${millions} million to build.",
        (
            f"The {name} cost ${round(millions * 1e6):,} to build.",
            f"Building the {name} cost {millions} million dollars.",
            f"The {name} cost ${millions}M to build.",
        ),
        {
            "invented number": f"The {name} cost ${other:.1f} million to build.",
            "swapped unit": f"The {name} cost €{millions} million to build.",
            "lost magnitude": f"The {name} cost ${millions} to build.",
        },
    )


def _length(rng: Rng, name: str) -> Statement:
    metres = rng.randint(1_100, 9_000)
    return Statement(
        f"The bridge is {metres:,} metres long and has {rng.randint(3, 9)} spans.",
        (f"The {name} is {metres} m long.", f"The {name} has a length of {metres:,} meters, the bridge page says."),
        {
            "invented number": f"The {name} is {metres + rng.randint(1, 99)} m long.",
            "swapped unit": f"The {name} is {metres} feet long.",
            "wrong value field": f"The {name} is long.",
        },
        str(metres),
        "m",
    )


def _opening(rng: Rng, name: str) -> Statement:
    day, year = rng.randint(1, 28), rng.randint(1880, 1990)
    month = rng.choice(["March", "May", "June", "August", "October"])
    return Statement(
        f"It was opened to traffic on {day} {month} {year}.",
        (
            f"The {name} was opened to traffic on {month} {day}, {year}.",
            f"The {name} was opened in {year}.",
            f"The {name} was opened to traffic in {month} {year}.",
        ),
        {
            "invented date": f"The {name} was opened to traffic on {month} {day % 28 + 1}, {year}.",
            "invented number": f"The {name} was opened in {year + 1}.",
            "made-up negation": f"The {name} was never opened to traffic.",
        },
    )


def _ban(rng: Rng, name: str) -> Statement:
    thing = rng.choice(["lorries", "horses", "tractors"])
    return Statement(
        f"It was not open to {thing} before the repair.",
        (
            f"The {name} was not open to {thing} before the repair.",
            f"Before the repair the {name} wasn't open to {thing}.",
        ),
        {"dropped not": f"The {name} was open to {thing} before the repair."},
    )


def _limit(rng: Rng, name: str) -> Statement:
    tonnes = rng.randint(12, 90)
    return Statement(
        f"Vehicles of at most {tonnes} tonnes may cross the bridge.",
        (
            f"Vehicles of up to {tonnes} tonnes may cross the {name}.",
            f"Vehicles of no more than {tonnes} t may cross the {name}.",
        ),
        {
            "dropped limit": f"Vehicles of {tonnes} tonnes may cross the {name}.",
            "turned limit": f"Vehicles of at least {tonnes} tonnes may cross the {name}.",
            "swapped unit": f"Vehicles of at most {tonnes} kg may cross the {name}.",
        },
    )


def _hours(rng: Rng, name: str) -> Statement:
    day = rng.choice(["Sunday", "Monday", "Friday"])
    return Statement(
        f"The toll office is open every day except {day}.",
        (
            f"The toll office of the {name} is open every day except {day}.",
            f"Except on {day}, the toll office is open every day.",
        ),
        {"dropped exception": f"The toll office of the {name} is open every day."},
    )


def _quote(rng: Rng, name: str) -> Statement:
    person = f"{_word(rng)} {_word(rng)}"
    words = rng.choice(["it will stand for a century", "no storm will move it", "it is the work of my life"])
    changed = {"it": "this", "no": "any"}[words.split()[0]] + words[2:]
    return Statement(
        f"Its engineer, {person}, said “{words}”.",
        (f"The engineer {person} said “{words}”.", f'Engineer {person} said of it: "{words}."'),
        {
            "altered quote": f"The engineer {person} said “{changed}”.",
            "swapped name": f"The engineer {_word(rng)} {_word(rng)} said “{words}”.",
        },
    )


def _traffic(rng: Rng, name: str) -> Statement:
    share = rng.randint(11, 89)
    return Statement(
        f"About {share} percent of its traffic is freight, says https://roads.example/{name.split()[0].lower()}.",
        (f"{share}% of the traffic of the {name} is freight.", f"Freight is {share} per cent of its traffic."),
        {
            "dropped percent": f"{share} of its traffic is freight.",
            "invented number": f"{share + 7}% of its traffic is freight.",
            "invented link": f"{share}% of its traffic is freight, says https://roads.example/{_word(rng).lower()}.",
        },
    )


_MAKERS: tuple[Callable[[Rng, str], Statement], ...] = (
    _cost, _length, _opening, _ban, _limit, _hours, _quote, _traffic,
)  # fmt: skip


def _word(rng: Rng) -> str:
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(3)).capitalize()
