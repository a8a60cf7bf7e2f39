"""The two sides that plan graders compare: a sample's plan, and the parts that an item knows to be needed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ...planner import dag
from ...planner.answer import read_answer
from ...planner.codec import decode
from ...planner.errors import CodecError, Fault, InvalidPlan
from ...planner.plan import Plan, Subtask
from ...planner.reading import read_plan
from ...planner.validate import PlanRules, check_plan
from ...planner.wire import load_plan
from ..worlds.base import Part
from .base import GradingFault, Item, Sample
from .fields import answer_text, bounded_text, field, rows

MAX_PLAN_CHARS = 2_000_000
"""A longer text is no plan; 40 subtasks take some 20,000 characters."""

_FAULTS_SHOWN = 5
_FILE = re.compile(r'\s*\{\s*"version"')


def plan_of(sample: Sample, rules: PlanRules | None = None) -> Plan:
    """The plan in `sample.data`, or else in the text: a plan file, JSON with prose around it, or the compact form.

    Args:
        sample: the output.
        rules: what the plan must keep to, beyond being one.

    Raises:
        GradingFault: when it is no plan or breaks the rules; the message lists the first faults.
    """
    rules = rules or PlanRules()
    if isinstance(sample.data, Plan):
        read: Plan | list[Fault] = check_plan(sample.data, rules) or sample.data
    elif isinstance(sample.data, Mapping):
        read = read_plan({key: value for key, value in sample.data.items() if key != "version"}, rules)
    else:
        read = _read_text(bounded_text(sample.text, MAX_PLAN_CHARS), rules)
    if isinstance(read, list):
        shown = "; ".join(str(fault)[:150] for fault in read[:_FAULTS_SHOWN])
        raise GradingFault(f"no valid plan ({len(read)} faults): {shown}")
    return read


def _read_text(text: str, rules: PlanRules) -> Plan | list[Fault]:
    if _FILE.match(text):
        try:
            return load_plan(text, rules)
        except InvalidPlan as error:
            return list(error.faults) or [Fault("", error.message)]
    if "{" in text:
        return read_answer(text, rules)
    try:
        plan = decode(text)
    except CodecError as error:
        return [Fault("", f"it is neither JSON nor the compact form: {error}")]
    return check_plan(plan, rules) or plan


def parts_of(item: Item) -> tuple[Part, ...]:
    """The item's gold parts, parents first: from `parts` (a world's), or from `subtasks` in the common shape.

    Raises:
        GradingFault: when the item has none, or they are malformed.
    """
    given = item.get("parts")
    try:
        found = [Part.model_validate(row) for row in given] if given else [_part(row) for row in rows(item, "subtasks")]
    except (ValidationError, TypeError) as error:
        raise GradingFault(f"the item's parts are malformed: {str(error)[:200]}") from error
    if not found:
        raise GradingFault("the item has no parts")
    by_id = {part.id: part for part in found}
    known = {part.id: [parent for parent in part.depends_on if parent in by_id] for part in found}
    return tuple(by_id[name] for name in dag.ordered(known))


def _part(row: Mapping[str, Any]) -> Part:
    answer = row.get("answer")
    return Part(
        id=str(field(row, "id")),
        goal=str(field(row, "question")),
        depends_on=tuple(str(parent) for parent in row.get("depends_on") or ()),
        answer=None if answer is None else answer_text(answer),
    )


def ordered_graph(subtasks: Sequence[Subtask]) -> dict[str, tuple[str, ...]]:
    """Each id with those it depends on, dependencies first. What cannot be kept (unknown ids, cycles) is left out."""
    given: dict[str, tuple[str, ...]] = {}
    for subtask in subtasks:
        given.setdefault(subtask.id, subtask.depends_on)
    graph: dict[str, tuple[str, ...]] = {}
    for name in dag.ordered(given):
        graph[name] = tuple(parent for parent in given[name] if parent in graph)
    return graph
