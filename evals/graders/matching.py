"""Which subtask of a plan is which gold part: an optimal one-to-one assignment on what their goals are about.

Similarity is the weighted Jaccard index of stems (Jaccard 1912), each stem weighing log(1 + n / d) when d of the n
parts have it, so that "Paris" tells more than "population". Stems that no part has weigh nothing: a planner may word a
goal as it likes. Stems of a part's own ancestors and of their answers weigh nothing against it either, since a good
goal often names them.

What does not pay: goals that hold the words of all parts (they are close to none); one goal said several times, or with
other filler around the same telling words (only as many count as there are parts alike).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from ...memory.text.words import terms, words
from ..worlds.base import Part

LEAST_SIMILARITY = 0.5
"""A subtask that is less like a part is not about it."""

_REFERENCE = re.compile(r"#\d+|\{[\w.-]{1,80}\}")


class Gold:
    """Parts prepared for matching: their stems, what each stem weighs, and where it stands."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self.stems = [about(part.goal) for part in parts]
        having = Counter(stem for stems in self.stems for stem in stems)
        self.weight = {stem: math.log(1 + len(parts) / count) for stem, count in having.items()}
        self.total = [sum(self.weight[stem] for stem in stems) for stems in self.stems]
        self.alike = Counter(self.stems)
        self.having: dict[str, list[int]] = {}
        for number, stems in enumerate(self.stems):
            for stem in stems:
                self.having.setdefault(stem, []).append(number)
        self.allowed = self._allowed()

    def _allowed(self) -> list[frozenset[str]]:
        """For each part, stems that do not count against it: its own, its ancestors' and those of their answers."""
        number = {part.id: at for at, part in enumerate(self.parts)}
        found: list[frozenset[str]] = []
        for stems, part in zip(self.stems, self.parts, strict=True):
            parents = [number[parent] for parent in part.depends_on if parent in number]
            known = [found[at] | about(self.parts[at].answer or "") for at in parents if at < len(found)]
            found.append(stems.union(*known))
        return found

    def like(self, stems: frozenset[str]) -> dict[int, float]:
        """The parts that a goal with these stems is about, by number, with the similarity."""
        shared: dict[int, float] = {}
        known = [stem for stem in stems if stem in self.weight]
        for stem in known:
            for number in self.having[stem]:
                shared[number] = shared.get(number, 0.0) + self.weight[stem]
        found = {}
        for number, weight in shared.items():
            if weight >= LEAST_SIMILARITY * self.total[number]:
                strange = sum(self.weight[stem] for stem in known if stem not in self.allowed[number])
                similarity = weight / (self.total[number] + strange)
                if similarity >= LEAST_SIMILARITY:
                    found[number] = similarity
        return found


@lru_cache(maxsize=16_384)
def about(text: str) -> frozenset[str]:
    """The stems of what a goal asks, references to other parts left out; of all its words when it has no others."""
    bare = _REFERENCE.sub(" ", text)
    return frozenset(terms(bare) or words(bare))


@lru_cache(maxsize=256)
def prepared(parts: tuple[Part, ...]) -> Gold:
    """The parts as `Gold`, remembered: training matches many plans with the same parts."""
    return Gold(parts)


def assign(goals: Sequence[str], gold: Gold) -> dict[int, int]:
    """For the goals that are about a part, the part's number; each part at most once, the sum of similarities highest.

    Args:
        goals: the subtasks' goals, in plan order.
        gold: the parts.
    """
    of_part: dict[int, list[tuple[float, int]]] = {}
    seen: Counter[frozenset[str]] = Counter()
    for at, goal in enumerate(goals):
        stems = about(goal)
        like = gold.like(stems)
        if not like:
            continue
        telling = stems.intersection(gold.weight)
        seen[telling] += 1
        if seen[telling] <= gold.alike[gold.stems[max(like, key=like.__getitem__)]]:
            for number, similarity in like.items():
                of_part.setdefault(number, []).append((similarity, at))
    # With n parts, the n best of each are enough: one of them is always left over by the other parts.
    return _assignment({number: _best(found, len(gold.parts)) for number, found in of_part.items()})


def _best(found: Sequence[tuple[float, int]], most: int) -> dict[int, float]:
    """The goals most like a part, those that stand first among equals, with their similarities."""
    if len(found) > most:
        found = sorted(found, key=lambda pair: (-pair[0], pair[1]))[:most]
    return {at: similarity for similarity, at in found}


def _assignment(like: Mapping[int, Mapping[int, float]]) -> dict[int, int]:
    """Column → row with the greatest sum, for rows that give a gain to some columns.

    The Hungarian method with shortest augmenting paths (Kuhn 1955; Jonker and Volgenant 1987), rows one by one. Each
    row has a column of its own besides, which gains nothing: being left out.
    """
    rows = sorted(like)
    columns = sorted({column for gains in like.values() for column in gains})
    if all(len(gains) == 1 for gains in like.values()) and len(columns) == len(rows):
        return {column: row for row, gains in like.items() for column in gains}
    costs = [
        [-like[row].get(column, 0.0) for column in columns] + [0.0] * len(rows)
        for row in rows
    ]  # fmt: skip
    taken = _cheapest(costs)
    return {
        columns[column]: rows[row] for column, row in taken.items() if column < len(columns) and costs[row][column] < 0
    }


def _cheapest(costs: Sequence[Sequence[float]]) -> dict[int, int]:
    """Column → row of the cheapest way to give each row a column; there are at least as many columns as rows."""
    width = len(costs[0]) if costs else 0
    row_price, column_price = [0.0] * len(costs), [0.0] * width
    taken: dict[int, int] = {}
    for root in range(len(costs)):
        least, via = [math.inf] * width, [-1] * width
        done: list[int] = []
        free, row, column = set(range(width)), root, -1
        while True:
            step, following = math.inf, -1
            for each in free:
                cost = costs[row][each] - row_price[row] - column_price[each]
                if cost < least[each]:
                    least[each], via[each] = cost, column
                if least[each] < step or (least[each] == step and each < following):
                    step, following = least[each], each
            row_price[root] += step
            for each in done:
                row_price[taken[each]] += step
                column_price[each] -= step
            for each in free:
                least[each] -= step
            free.discard(following)
            column = following
            if column not in taken:
                break
            done.append(column)
            row = taken[column]
        _augment(taken, via, column, root)
    return taken


def _augment(taken: dict[int, int], via: Sequence[int], column: int, root: int) -> None:
    """Give the columns along the path back to `root` to the rows before them."""
    while via[column] >= 0:
        taken[column] = taken[via[column]]
        column = via[column]
    taken[column] = root
