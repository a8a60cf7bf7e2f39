"""From a seed and dials to a market problem: a hidden DAG of parts, and a text short enough for a tiny planner.

The goal of a brief lists the parts by name, parents, kind letter and cue, after what is wanted:

    all | p3 r 2 | p1<p3 t 7 | p7<p1,p3 c x            every part is wanted
    want p7 p2 | p3 r 2 | p7<p3 c 4 | p2 w 1 | p5 r 6  parts that no wanted one needs (p5) are distractors
    say 7                                              nothing to plan: the answer is 7

With the dial `prose` it tells of them in sentences instead (see `prose`), from which they have to be inferred.

Kind letters are the compact codec's (r t c w k). The cue is the level, 1 to 9 or `x` for hopeless; with the dial
`noise` it is sometimes wrong. So the vocabulary of such lists is: `all want say | < ,`, the names `p1` to `p9`, the
kind letters, the digits 0 to 9 and `x`. A plan adds what the compact codec writes: `plan direct end`, percents 0 to
100, grid numbers 00 to 79, `l1f m1f h1f` (and other attempts), `s p`, the workers' names `bee ant cat`, and `|`, line
breaks and blanks. A subtask's goal restates its part's name and cue (`p1 7`), so a line takes 13 to 20 such tokens.

Laws: parents stand before their parts; a part has parents in one tree, and at most one root beyond it (see `optimum`).
"""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Annotated, NamedTuple

from pydantic import Field

from ....planner.brief import Brief
from ..base import Part, Problem
from ..dials import Dials
from ..draw import draw_for
from .curves import FAMILIES
from .pool import HOPELESS, KIND_FACTORS, LEVELS, POOL, SimWorker, varied_pool
from .prose import prose

NAME = "market"
KIND_LETTERS = {"research": "r", "reason": "t", "compute": "c", "write": "w", "check": "k"}
MIXED = len(FAMILIES)
"""The `family` dial's value for: each part draws one of the families but the default."""

_KINDS = tuple(KIND_FACTORS)
_FAMILY_NAMES = tuple(FAMILIES)
_HOPELESS_DIFFICULTY = 1.2
_SHARE_OF_CHILDREN = 0.6
_SHARE_OF_JOINS = 0.3


class MarketDials(Dials):
    """What a problem of the market may look like; shares are chances from 0 to 1."""

    fewest_parts: Annotated[int, Field(ge=1, le=6, description="fewest parts that are wanted or needed")] = 1
    most_parts: Annotated[int, Field(ge=1, le=6, description="most of them")] = 4
    easiest: Annotated[int, Field(ge=1, le=LEVELS, description="lowest level of a part")] = 1
    hardest: Annotated[int, Field(ge=1, le=LEVELS, description="highest level of a solvable part")] = LEVELS
    unsolvable: Annotated[float, Field(ge=0, le=1, description="chance of a part to be hopeless")] = 0.12
    distractors: Annotated[float, Field(ge=0, le=1, description="chance of a problem to have one")] = 0.1
    trivial: Annotated[float, Field(ge=0, le=1, description="chance that there is nothing to plan")] = 0.05
    noise: Annotated[float, Field(ge=0, le=1, description="chance of a cue to be off by a level or two")] = 0.0
    family: Annotated[int, Field(ge=0, le=MIXED, description="place in FAMILIES, or the number after it: mixed")] = 0
    workers: Annotated[int, Field(ge=1, le=len(POOL), description="size of the pool")] = len(POOL)
    vary_pool: Annotated[int, Field(ge=0, le=1, description="1: skills, prices and speeds differ by problem")] = 0
    prose: Annotated[int, Field(ge=0, le=1, description="1: the brief tells of the parts in sentences")] = 0
    value: Annotated[float, Field(gt=0, le=1, description="dollars that a needed part is worth")] = 0.002
    reservation: Annotated[float, Field(ge=0, le=1, description="part of the unspent budget that is billed")] = 0.1


class Spec(NamedTuple):
    """A part as the simulation knows it; `parents` are places among the specs, `cue` is the level as it is shown."""

    name: str
    kind: str
    level: int
    cue: int
    needed: bool
    family: str
    parents: tuple[int, ...]


class Setup(NamedTuple):
    """All that outcomes depend on: hashable, so that what is computed from it can be kept."""

    specs: tuple[Spec, ...]
    pool: tuple[SimWorker, ...]
    value: float
    reservation: float

    @property
    def needed(self) -> int:
        """How many parts are worth something."""
        return sum(spec.needed for spec in self.specs)

    @property
    def scale(self) -> float:
        """What regret is divided by: the value of all needed parts, or of one answer when there is none to plan."""
        return self.value * max(1, self.needed)


def make(seed: int, dials: MarketDials) -> Problem:
    """The problem of this seed."""
    source = draw_for(NAME, seed)
    trivial = source.random() < dials.trivial
    pool = varied_pool(source, dials.workers) if dials.vary_pool else POOL[: dials.workers]
    specs = () if trivial else _specs(source, dials)
    setup = Setup(specs, pool, dials.value, dials.reservation)
    answer = str(source.randrange(10)) if trivial else None
    return Problem(
        world=NAME,
        seed=seed,
        brief=Brief(goal=_goal(seed, specs, answer, dials), length="short", cite=False),
        parts=tuple(map(_part, specs, [specs] * len(specs))),
        answer=answer,
        hidden=setup._asdict(),
    )


def _goal(seed: int, specs: tuple[Spec, ...], answer: str | None, dials: MarketDials) -> str:
    if answer is not None:
        return f"say {answer}"
    if dials.prose:
        return prose(specs, [cue_text(spec.cue) for spec in specs], draw_for(NAME, seed, "prose"))
    return goal_text(specs)


def setup_of(problem: Problem) -> Setup:
    """The simulation's view of a problem, also of one that was read back from JSON."""
    hidden = problem.hidden
    return _setup(
        tuple(tuple(tuple(each) if isinstance(each, list) else each for each in spec) for spec in hidden["specs"]),
        tuple(map(tuple, hidden["pool"])),
        hidden["value"],
        hidden["reservation"],
    )


def cue_text(cue: int) -> str:
    """A cue as it stands in texts."""
    return "x" if cue >= HOPELESS else str(cue)


def goal_text(specs: tuple[Spec, ...]) -> str:
    """The brief's goal as a list."""
    distracted = not all(spec.needed for spec in specs)
    parents = {parent for spec in specs for parent in spec.parents}
    wanted = [spec.name for at, spec in enumerate(specs) if spec.needed and at not in parents]
    head = f"want {' '.join(wanted)}" if distracted else "all"
    return " | ".join([head, *(_line(spec, specs) for spec in specs)])


def _line(spec: Spec, specs: tuple[Spec, ...]) -> str:
    after = "<" + ",".join(specs[at].name for at in spec.parents) if spec.parents else ""
    return f"{spec.name}{after} {KIND_LETTERS[spec.kind]} {cue_text(spec.cue)}"


def _part(spec: Spec, specs: tuple[Spec, ...]) -> Part:
    return Part(
        id=spec.name,
        goal=f"{spec.name} {cue_text(spec.cue)}",
        depends_on=tuple(specs[at].name for at in spec.parents),
        difficulty=_HOPELESS_DIFFICULTY if spec.level >= HOPELESS else spec.level / LEVELS,
        needed=spec.needed,
    )


def _specs(source: random.Random, dials: MarketDials) -> tuple[Spec, ...]:
    low, high = sorted((dials.fewest_parts, dials.most_parts))
    number = source.randint(low, high)
    distractor = source.random() < dials.distractors
    graph = _graph(source, number)
    names = source.sample(range(1, 10), number + distractor)
    specs = [_spec(source, dials, f"p{names[at]}", parents) for at, parents in enumerate(graph)]
    if distractor:
        # It comes last and nobody's parent is among its children, so leaving it out costs nothing.
        parents = (source.randrange(number),) if source.random() < _SHARE_OF_CHILDREN else ()
        specs.append(_spec(source, dials, f"p{names[-1]}", parents)._replace(needed=False))
    return tuple(specs)


def _graph(source: random.Random, number: int) -> list[tuple[int, ...]]:
    """Trees, in which one root at most is a further parent of parts in other trees."""
    trees: list[int] = []
    graph: list[tuple[int, ...]] = []
    joined: int | None = None
    for at in range(number):
        if at == 0 or source.random() >= _SHARE_OF_CHILDREN:
            trees.append(at)
            graph.append(())
            continue
        parent = source.randrange(at)
        trees.append(trees[parent])
        others = [root for root in set(trees) if not _reaches(graph, parent, root)]
        if joined is not None:
            others = [root for root in others if root == joined]
        if others and source.random() < _SHARE_OF_JOINS:
            joined = source.choice(sorted(others))
            graph.append((parent, joined))
        else:
            graph.append((parent,))
    return graph


def _reaches(graph: list[tuple[int, ...]], at: int, root: int) -> bool:
    return at == root or any(_reaches(graph, parent, root) for parent in graph[at])


def _spec(source: random.Random, dials: MarketDials, name: str, parents: tuple[int, ...]) -> Spec:
    easiest, hardest = sorted((dials.easiest, dials.hardest))
    level = HOPELESS if source.random() < dials.unsolvable else source.randint(easiest, hardest)
    off = source.choice((-2, -1, 1, 2)) if source.random() < dials.noise else 0
    family = source.choice(_FAMILY_NAMES[1:]) if dials.family == MIXED else _FAMILY_NAMES[dials.family]
    cue = min(max(level + off, 1), HOPELESS)
    return Spec(name, source.choice(_KINDS), level, cue, True, family, parents)


@lru_cache(maxsize=4_096)
def _setup(specs: tuple[tuple[object, ...], ...], pool: tuple[tuple[object, ...], ...], *rest: float) -> Setup:
    return Setup(tuple(Spec(*each) for each in specs), tuple(SimWorker(*each) for each in pool), *rest)  # type: ignore[arg-type]
