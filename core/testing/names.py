"""Names and filler for made-up documents, drawn from a seeded source. No digits, so that numbers stay rare."""

from __future__ import annotations

import random

_STARTS = (
    "Mar",
    "Tor",
    "Vel",
    "Bris",
    "Orl",
    "Kan",
    "Dres",
    "Fal",
    "Gim",
    "Hol",
    "Jas",
    "Lun",
    "Nev",
    "Pel",
    "Ros",
    "Zan",
)
_MIDDLES = ("an", "el", "im", "or", "un", "av", "ed", "ith", "os", "ur", "ab", "en")
_ENDS = ("dale", "mere", "wick", "stow", "mont", "ford", "heim", "grad", "vale", "holt", "by", "gate", "rath", "sund")

_SENTENCES = (
    "{name} lies where the moor gives way to orchards",
    "Travellers remember the gate of {name} for its carved herons",
    "The council meets in the old granary when the river is high",
    "Its market opens at first light and closes with the evening bell",
    "Most houses are roofed with reed from the eastern marsh",
    "A causeway of oak planks leads to the ferry",
    "The school of {name} teaches mapmaking and the care of bees",
    "In hard winters the gates are kept shut until the thaw",
    "Songs about {name} are sung as far away as the coast",
    "The well in the square has never run dry",
    "Glass from its kilns has a green tint that painters like",
    "Every household keeps a ledger of its debts and favours",
)


def invent(draw: random.Random, taken: set[str]) -> str:
    """A name that is not in `taken`, where it is added."""
    parts = [draw.choice(_STARTS), draw.choice(_MIDDLES), draw.choice(_ENDS)]
    while (name := "".join(parts)) in taken:
        parts.insert(1, draw.choice(_MIDDLES))
    taken.add(name)
    return name


def fill(draw: random.Random, name: str, sentences: int = 3) -> str:
    """Sentences about `name` that state no fact of the job."""
    return " ".join(f"{sentence.format(name=name)}." for sentence in draw.sample(_SENTENCES, sentences))
