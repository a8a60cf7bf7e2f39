"""`plan_match`: how well a plan's subtasks and dependencies are those that its item needs.

Reads of the item: `parts` (a world's) or `subtasks` in the common shape. In goes a plan, out come three numbers from 0
to 1: coverage (needed parts that a subtask is about), edge F1 (dependencies among them) and redundancy (subtasks that
are about no needed part, near-duplicates among them). The reward is coverage · edge F1 · (1 - redundancy).

Dependencies are compared by transitive reduction (Aho, Garey and Ullman 1972) of what is reachable: declaring what
follows anyway neither helps nor harms, declaring what is not needed harms, and a path through a subtask that is about
no part counts as the dependency it amounts to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ...planner.plan import Subtask
from ..worlds.base import Part
from .base import CodeGrader, Grader, Item, Sample
from .matching import assign, prepared
from .plan_form import ordered_graph, parts_of, plan_of

Figure = Literal["all", "coverage", "edge_f1", "lean"]


@dataclass(frozen=True, slots=True)
class Match:
    """How a plan compares with the parts that are needed.

    Attributes:
        coverage: share of needed parts that a subtask is about; 1 when none is needed.
        edge_f1: F1 of the dependencies among needed parts, those of parts that are not covered counted as missed;
            0 when nothing is covered, 1 when something is and neither side has a dependency.
        redundancy: share of subtasks that are about no needed part; 0 for a plan without subtasks.
        pairs: subtask id and part id, in plan order; distractors are matched too, and cover nothing.
        extra: ids of the redundant subtasks, in plan order.
    """

    coverage: float
    edge_f1: float
    redundancy: float
    pairs: tuple[tuple[str, str], ...]
    extra: tuple[str, ...]

    @property
    def lean(self) -> float:
        """1 - redundancy; 0 for a plan that covers nothing."""
        return 1.0 - self.redundancy if self.coverage else 0.0

    @property
    def quality(self) -> float:
        """Product of coverage, edge F1 and lean: all three must be good."""
        return self.coverage * self.edge_f1 * self.lean


def match(plan_subtasks: Sequence[Subtask], gold_parts: Sequence[Part]) -> Match:
    """Compare a plan's subtasks with gold parts (parents first). Pure, and quick: see `matching`."""
    gold = prepared(tuple(gold_parts))
    taken = assign([subtask.goal for subtask in plan_subtasks], gold)
    needed = {part.id for part in gold_parts if part.needed}
    pairs = tuple((plan_subtasks[at].id, gold.parts[number].id) for at, number in sorted(taken.items()))
    covering = {at for at, number in taken.items() if gold.parts[number].needed}
    extra = tuple(subtask.id for at, subtask in enumerate(plan_subtasks) if at not in covering)
    return Match(
        coverage=len(covering) / len(needed) if needed else 1.0,
        edge_f1=_edge_f1(plan_subtasks, gold_parts, {own: part for own, part in pairs if part in needed}),
        redundancy=len(extra) / len(plan_subtasks) if plan_subtasks else 0.0,
        pairs=pairs,
        extra=extra,
    )


def _edge_f1(subtasks: Sequence[Subtask], parts: Sequence[Part], part_of: Mapping[str, str]) -> float:
    if not part_of:
        return 0.0
    number = {part.id: at for at, part in enumerate(parts) if part.needed}
    planned = _reduced(ordered_graph(subtasks), {own: number[part] for own, part in part_of.items()})
    gold = _reduced({part.id: part.depends_on for part in parts}, number)
    both = len(planned) + len(gold)
    return 2 * len(planned & gold) / both if both else 1.0


def _reduced(graph: Mapping[str, Iterable[str]], number: Mapping[str, int]) -> set[tuple[int, int]]:
    """The transitive reduction among the nodes that have a number, paths through others contracted.

    Sets of ancestors are integers used as bit sets. A node with several dependencies on one path keeps the last.
    """
    above: dict[str, int] = {}
    of_number: dict[int, int] = {}
    edges: set[tuple[int, int]] = set()
    for node, parents in graph.items():
        reach = 0
        for parent in parents:
            reach |= above.get(parent, 0) | (1 << number[parent] if parent in number else 0)
        above[node] = reach
        if node in number:
            of_number[number[node]] = reach
            edges.update((parent, number[node]) for parent in _bits(_nearest(reach, of_number)))
    return edges


def _nearest(reach: int, above: Mapping[int, int]) -> int:
    """The bits of `reach` that no other bit of it has above itself."""
    covered = 0
    for bit in _bits(reach):
        covered |= above.get(bit, 0)
    return reach & ~covered


def _bits(row: int) -> Iterable[int]:
    while row:
        low = row & -row
        yield low.bit_length() - 1
        row ^= low


def score(item: Item, sample: Sample) -> dict[str, float]:
    """`reward` and the three numbers; `lean` is 1 - redundancy.

    Raises:
        GradingFault: when the output is no valid plan, or the item has no parts.
    """
    found = match(plan_of(sample).subtasks, parts_of(item))
    return {"reward": found.quality, "coverage": found.coverage, "edge_f1": found.edge_f1, "lean": found.lean}


def grader(*, figure: Figure = "all") -> Grader:
    """The grader.

    Args:
        figure: what the reward is: one of the three numbers, or their product.
    """
    if figure not in get_args(Figure):
        raise ValueError(f"figure is {figure!r}, and must be one of {', '.join(get_args(Figure))}")
    if figure == "all":
        return CodeGrader("plan_match", score)

    def one(item: Item, sample: Sample) -> dict[str, float]:
        found = score(item, sample)
        return {**found, "reward": found[figure]}

    return CodeGrader("plan_match", one)
