"""The best plan of a market problem, exactly: which parts, which worker and budget for each, what to expect of it.

A part is begun when its parents are done, so with p(a) the chance of part a and c(a) its expected dollars

    U = sum over parts of [product of p over its ancestors] (V p - c)

which is linear in each part's own (p, c): only the upper hull of these points over all workers and budgets can be
best. In a tree the best choice follows backwards: part a with the best utilities J of its children is worth
w = V + sum J, and J(a) = max over the hull of w p - c. Where a part has a further parent that is a root of another
tree, all choices for that root are tried, which leaves trees. Since each line of a plan costs planner tokens whether
its part is begun or not, the sets of parts that are worth their lines are tried too, component by component.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise, product
from typing import NamedTuple

from ....planner.grid import TOKEN_GRID
from .pool import SimWorker
from .prices import CHARS_PER_TOKEN, HEAD_TOKENS, LINE_TOKENS, PLANNER_PRICE_COMPLETION, planner_dollars, work
from .problem import Setup, Spec

BUDGETS = tuple(tokens for tokens in TOKEN_GRID if 0 < tokens <= 40_000)
"""The budgets that are considered, all of them on the compact codec's grid."""

GOAL_CHARS = 4
LINE_DOLLARS = (LINE_TOKENS + GOAL_CHARS // CHARS_PER_TOKEN) * PLANNER_PRICE_COMPLETION / 1e6
"""What a line of the plan costs when its goal is the part's name and cue."""


class Choice(NamedTuple):
    """A worker (its place in the pool) and a budget, with what they give and cost."""

    worker: int
    budget: int
    chance: float
    dollars: float


class Best(NamedTuple):
    """Expected dollars, planning included, and the choice for each part worth working on, by its place."""

    utility: float
    choices: dict[int, Choice]


class _Hull(NamedTuple):
    """The choices that can be best, by rising chance.

    The first is to do nothing; `slopes[i]` is the worth that makes `choices[i + 1]` as good as `choices[i]`.
    """

    choices: tuple[Choice, ...]
    slopes: tuple[float, ...]

    def best(self, worth: float) -> Choice:
        return self.choices[bisect_left(self.slopes, worth)]


_ABSTAIN = Choice(-1, 0, 0.0, 0.0)


@lru_cache(maxsize=16_384)
def best(setup: Setup) -> Best:
    """The best of all plans for a problem with something to plan."""
    utility, choices = -planner_dollars(HEAD_TOKENS), dict[int, Choice]()
    for component in components(setup.specs):
        gain, chosen = max((_solve(setup, parts) for parts in closed_sets(setup, component)), key=lambda each: each[0])
        utility += gain
        choices |= chosen
    return Best(utility, dict(sorted(choices.items())))


def options(setup: Setup, at: int) -> tuple[Choice, ...]:
    """The choices for a part that can be best, by rising chance; the first is not to work on it."""
    return _hull_of(setup, at).choices


def _solve(setup: Setup, parts: Sequence[int]) -> tuple[float, dict[int, Choice]]:
    """The best choices when exactly these parts (with all their ancestors) are planned."""
    further = sorted({parent for at in parts for parent in setup.specs[at].parents[1:]})
    tries = product(*(_hull_of(setup, root).choices for root in further))
    solved = (_backwards(setup, parts, dict(zip(further, each, strict=True))) for each in tries)
    gain, chosen = max(solved, key=lambda each: each[0], default=(0.0, {}))
    return gain - LINE_DOLLARS * len(parts), chosen


def _backwards(setup: Setup, parts: Sequence[int], fixed: dict[int, Choice]) -> tuple[float, dict[int, Choice]]:
    """Backward induction over trees; the choices of further parents are given."""
    worth = dict.fromkeys(parts, setup.value)
    chosen: dict[int, Choice] = {}
    total = 0.0
    for at in reversed(parts):
        choice = fixed.get(at) or _hull_of(setup, at).best(worth[at])
        gain = worth[at] * choice.chance - choice.dollars
        chosen[at] = choice
        parents = setup.specs[at].parents
        if not parents:
            total += gain
            continue
        for root in parents[1:]:
            gain *= fixed[root].chance
        worth[parents[0]] += gain
    return total, chosen


def _hull_of(setup: Setup, at: int) -> _Hull:
    spec = setup.specs[at]
    return _hull(spec.family, spec.level, spec.kind, len(spec.parents), setup.pool, setup.reservation)


@lru_cache(maxsize=16_384)
def _hull(family: str, level: int, kind: str, parents: int, pool: tuple[SimWorker, ...], reservation: float) -> _Hull:
    points = [_ABSTAIN]
    for place, worker in enumerate(pool):
        for budget in BUDGETS:
            done = work(family, level, kind, parents, worker, budget, reservation)
            if done.chance > 0:
                points.append(Choice(place, budget, done.chance, done.dollars))
    points.sort(key=lambda each: (each.chance, -each.dollars))
    kept: list[Choice] = []
    for point in points:
        # Whoever costs more than a better one, or lies above the line between its neighbours, is never best.
        while kept and (point.dollars <= kept[-1].dollars or (len(kept) > 1 and not _turns(kept[-2], kept[-1], point))):
            if len(kept) == 1 and kept[0] is _ABSTAIN:
                break
            kept.pop()
        kept.append(point)
    slopes = tuple(_slope(low, high) for low, high in pairwise(kept))
    return _Hull(tuple(kept), slopes)


def _slope(low: Choice, high: Choice) -> float:
    return (high.dollars - low.dollars) / (high.chance - low.chance) if high.chance > low.chance else float("inf")


def _turns(low: Choice, middle: Choice, high: Choice) -> bool:
    return _slope(low, middle) < _slope(middle, high)


def components(specs: tuple[Spec, ...]) -> list[tuple[int, ...]]:
    """The needed parts in groups that no dependency joins, each in order."""
    group = list(range(len(specs)))
    for at, spec in enumerate(specs):
        for parent in spec.parents if spec.needed else ():
            old, new = group[at], group[parent]
            group = [new if each == old else each for each in group]
    needed = [at for at, spec in enumerate(specs) if spec.needed]
    return [tuple(at for at in needed if group[at] == root) for root in sorted({group[at] for at in needed})]


def closed_sets(setup: Setup, component: Sequence[int]) -> list[tuple[int, ...]]:
    """The sets of parts to try: each holds its parts' ancestors, and none that cannot be solved."""
    worthwhile = _worthwhile(setup, component)
    specs = setup.specs
    sets: list[tuple[int, ...]] = [()]
    for at in component:
        if at in worthwhile:
            sets += [(*each, at) for each in sets if all(parent in each for parent in specs[at].parents)]
    return sets


def _worthwhile(setup: Setup, component: Sequence[int]) -> set[int]:
    """Parts with some chance whose ancestors have some too."""
    kept: set[int] = set()
    for at in component:
        if len(options(setup, at)) > 1 and all(parent in kept for parent in setup.specs[at].parents):
            kept.add(at)
    return kept
