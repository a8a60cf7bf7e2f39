"""`critical_path`: how close the plan's critical path comes to that of the item's own DAG.

Reads of the item: `parts` or `subtasks`, and how long each takes: `durations` by part id, or `duration_minutes`
[low, high] of each subtask; without either, each takes 1. A plan's subtasks take as long as the parts they are about,
others as long as the mean part, so filler in a chain costs.

With r = plan ÷ gold, the reward is coverage · min(r, 1 / r). A path that is too short lacks a dependency or a part, so
it earns no more than one that is too long.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...planner import dag
from ...planner.plan import Subtask
from ..worlds.base import Part
from .base import CodeGrader, Grader, GradingFault, Item, Sample
from .plan_form import ordered_graph, parts_of, plan_of
from .plan_match import Match, match


def path_ratio(
    plan_subtasks: Sequence[Subtask],
    gold_parts: Sequence[Part],
    durations: Mapping[str, float],
    *,
    matched: Match | None = None,
) -> float:
    """The plan's critical path ÷ that of the needed parts; 0 when either has no length.

    Args:
        plan_subtasks: the plan.
        gold_parts: the gold DAG, parents first.
        durations: how long each part takes, by id, in any unit.
        matched: what `match` found for the two, when it is known already.
    """
    part_of = dict((matched or match(plan_subtasks, gold_parts)).pairs)
    needed = [part.id for part in gold_parts if part.needed]
    mean = sum(durations[part] for part in needed) / len(needed) if needed else 0.0
    graph = ordered_graph(plan_subtasks)
    plan = dag.critical_path(graph, {own: durations[part_of[own]] if own in part_of else mean for own in graph}).length
    gold = gold_path(gold_parts, durations).length
    return plan / gold if plan > 0 and gold > 0 else 0.0


def gold_path(gold_parts: Sequence[Part], durations: Mapping[str, float]) -> dag.Path:
    """The critical path of the needed parts, by `planner.dag`."""
    graph: dict[str, tuple[str, ...]] = {}
    for part in gold_parts:
        if part.needed:
            graph[part.id] = tuple(parent for parent in part.depends_on if parent in graph)
    return dag.critical_path(graph, durations)


def durations_of(item: Item, parts: Sequence[Part]) -> dict[str, float]:
    """How long each part takes, by id.

    Raises:
        GradingFault: when a duration is no finite number of at least 0.
    """
    given = item.get("durations")
    if isinstance(given, Mapping):
        return {part.id: _length(given.get(part.id), part.id) for part in parts}
    listed = {str(row.get("id")): row.get("duration_minutes") for row in item.get("subtasks") or ()}
    if not any(value is not None for value in listed.values()):
        return dict.fromkeys((part.id for part in parts), 1.0)
    return {part.id: _length(listed.get(part.id), part.id) for part in parts}


def _length(value: Any, part: str) -> float:
    """A number, or the middle of [low, high]."""
    numbers = value if isinstance(value, list | tuple) and value else [value]
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers):
        raise GradingFault(f"the duration of part {part[:40]!r} is no number")
    length = sum(numbers) / len(numbers)
    if not 0 <= length < math.inf:
        raise GradingFault(f"the duration of part {part[:40]!r} is {length}")
    return float(length)


def score(item: Item, sample: Sample) -> dict[str, float]:
    """`reward`, and the `coverage` in it.

    Raises:
        GradingFault: when the output is no valid plan, or the item has no parts or odd durations.
    """
    subtasks, parts = plan_of(sample).subtasks, parts_of(item)
    found = match(subtasks, parts)
    ratio = path_ratio(subtasks, parts, durations_of(item, parts), matched=found)
    close = min(ratio, 1 / ratio) if ratio else 0.0
    return {"reward": found.coverage * close, "coverage": found.coverage}


def grader() -> Grader:
    """The grader; it has no options."""
    return CodeGrader("critical_path", score)
