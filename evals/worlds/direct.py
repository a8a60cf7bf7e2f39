"""Briefs with nothing to plan: a random source goes in, a goal, its context and its answer come out.

Half are arithmetic; in the others the answer stands in the brief itself.
"""

from __future__ import annotations

import random
from typing import NamedTuple

_NOTES = (
    ("The harbour master counted {value} boats on Monday.", "How many boats did the harbour master count on Monday?"),
    ("The archive lent out {value} maps last year.", "How many maps did the archive lend out last year?"),
    ("The orchard gave {value} baskets of pears this autumn.", "How many baskets of pears did the orchard give?"),
)


class Trivial(NamedTuple):
    """A brief's goal and context, and the one answer."""

    goal: str
    context: str
    answer: str


def trivial(draw: random.Random) -> Trivial:
    """A goal that needs no subtask."""
    if draw.random() < 0.5:
        first, second, third = (draw.randrange(2, 100) for _ in range(3))
        return Trivial(f"What is {first} * {second} + {third}?", "", str(first * second + third))
    note, goal = draw.choice(_NOTES)
    value = draw.randrange(20, 900)
    return Trivial(goal, note.format(value=value), str(value))
