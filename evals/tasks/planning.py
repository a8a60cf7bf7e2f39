"""`planning`: tasks that are plans. NATURAL PLAN and PlanBench are answered in words; AsyncHow's plan is the answer.

NATURAL PLAN's trips, meetings and calendars are graded by their constraints, PlanBench's by carrying the steps out, and
AsyncHow's subtasks by their critical path against the gold one. The first two need a model, AsyncHow any planner.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..data.base import Row
from ..graders.own import own_grader
from .base import EvalTask
from .items import brief_of, gold_of, rows_in, self_contained

NAME = "planning"

_STATEMENT = "[STATEMENT]"
_NATURAL = "Give the plan in the form that the task asks for, and nothing after it."
_STEPS = "One action a line, such as (stack a b), in the words of the task; nothing but the plan."


def tasks(data: Sequence[Path], limit: int | None) -> list[EvalTask]:
    """Rows with constraints, with a problem in PlanBench's words, or with steps that take time."""
    return [_task(row) for row in rows_in(data, NAME, lambda row: bool(_kind(row)), limit)]


def _kind(row: Row) -> str:
    """natural_plan, pddl, critical_path, or nothing."""
    meta = row.get("meta") or {}
    if isinstance(meta, dict) and "parsed_constraints" in meta:
        return "natural_plan"
    if _STATEMENT in row["question"] or "problem_pddl" in row:
        return "pddl"
    timed = [each for each in row.get("subtasks") or () if isinstance(each, dict) and "duration" in each]
    return "critical_path" if timed else ""


def _task(row: Row) -> EvalTask:
    kind = _kind(row)
    if kind == "critical_path":
        return _scheduled(row)
    brief, documents = self_contained(row, _NATURAL if kind == "natural_plan" else _STEPS)
    return EvalTask(row["id"], brief, row, own_grader(kind), documents=documents, needs="model")


def _scheduled(row: Row) -> EvalTask:
    """Steps with durations: which wait for which is what the planner has to say."""
    steps = "\n".join(f"- {each['question']} ({each['duration']})" for each in row["subtasks"])
    brief = brief_of(
        row,
        goal=f"{row['question']}: plan it so that it is done as soon as possible, with as many hands as needed.",
        constraints=("One subtask for each step, and no others.", "A step waits only for those that it needs."),
        context=f"The steps, with how long each takes:\n{steps}",
    )
    return EvalTask(
        id=row["id"],
        brief=brief,
        item=row,
        grader=own_grader("critical_path"),
        beside={"plan": own_grader("plan_match")},
        plan_only=True,
        difficulty=float(len(row["subtasks"])),
        gold=gold_of(row),
    )
