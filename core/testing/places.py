"""Places that a made-up research job asks about: seeds go in, pages and goals of subtasks come out.

Laws: equal arguments give equal places; no number stands on two pages; a place beyond the first level is named on its
first parent's page and nowhere else.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .names import fill, invent

UNITS = ("bells", "lanterns", "scrolls", "barrels", "looms", "boats", "hives", "mirrors", "anvils", "kites")
WARES = ("salt", "wool", "amber", "tin", "honey", "slate", "flax", "cedar", "copper", "wax", "chalk", "barley")


@dataclass(frozen=True, slots=True)
class Place:
    """One place, its page and the subtask that asks for it.

    Attributes:
        id: the subtask's id and the stem of the page's file name.
        level: 0 for places that the plan can name.
        depends_on: ids of the parents; the first one's page names this place.
        goal: the subtask's goal, unlike any other.
        value: how many things it holds.
        sentence: the fact, word for word as its page and the report have it, without a full stop.
        page: the document.
    """

    id: str
    name: str
    level: int
    depends_on: tuple[str, ...]
    goal: str
    value: int
    unit: str
    sentence: str
    page: str


def draw_places(count: int, levels_count: int, seed: int) -> tuple[Place, ...]:
    """`count` places on `levels_count` levels, in plan order: parents first."""
    draw = random.Random(f"{seed}/places")
    taken: set[str] = set()
    names = [invent(draw, taken) for _ in range(count)]
    levels = sorted(number % levels_count for number in range(count))
    parents = [_parents(draw, levels, number) for number in range(count)]
    wares: list[dict[int, str]] = [{} for _ in names]
    for number, above in enumerate(parents):
        if above:
            sent = wares[above[0]]
            sent[number] = _ware(draw, taken, sent.values())
    return tuple(_place(draw, taken, names, levels[each], parents[each], wares, each) for each in range(count))


def draw_distractors(count: int, places: Sequence[Place], seed: int) -> dict[str, str]:
    """Pages by file name of places like these that nobody asks for; they share no name and no number."""
    draw = random.Random(f"{seed}/distractors")
    taken = {place.name for place in places} | {str(place.value) for place in places}
    pages = {}
    for _ in range(count):
        name, value = invent(draw, taken), _value(draw, taken)
        pages[f"{name.lower()}.md"] = _page(draw, name, f"{name} holds {value} {draw.choice(UNITS)}")
    return pages


def _parents(draw: random.Random, levels: Sequence[int], number: int) -> list[int]:
    """One parent on the level above, and every other time another one from anywhere above."""
    if levels[number] == 0:
        return []
    above = [each for each in range(number) if levels[each] == levels[number] - 1]
    leading = draw.choice(above)
    other = draw.randrange(levels.index(levels[number]))
    return [leading, other] if draw.random() < 0.5 and other != leading else [leading]


def _place(
    draw: random.Random,
    taken: set[str],
    names: Sequence[str],
    level: int,
    parents: Sequence[int],
    wares: Sequence[Mapping[int, str]],
    number: int,
) -> Place:
    name, value, unit = names[number], _value(draw, taken), draw.choice(UNITS)
    goal = f"Find what {name} holds."
    if parents:
        goal = f"Find what is held in the place that {names[parents[0]]} sends {wares[parents[0]][number]} to."
    roads = " and ".join(f"{ware} to {names[child]}" for child, ware in wares[number].items())
    sentence = f"{name} holds {value} {unit}" + (f" and sends {roads}" if roads else "")
    ids = tuple(names[each].lower() for each in parents)
    return Place(name.lower(), name, level, ids, goal, value, unit, sentence, _page(draw, name, sentence))


def _page(draw: random.Random, name: str, sentence: str) -> str:
    before, after = fill(draw, name), fill(draw, name)
    return f"# {name}\n\n{before} {sentence}. {after}\n"


def _ware(draw: random.Random, taken: set[str], sent: Collection[str]) -> str:
    """A ware that its place does not send elsewhere."""
    free = [ware for ware in WARES if ware not in sent]
    return draw.choice(free) if free else f"{draw.choice(WARES)} of kind {invent(draw, taken)}"


def _value(draw: random.Random, taken: set[str]) -> int:
    while (value := draw.randrange(10_000, 1_000_000)) and str(value) in taken:
        continue
    taken.add(str(value))
    return value
