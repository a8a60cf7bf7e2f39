"""A plan for people: a `Plan` goes in, lines of text come out."""

from __future__ import annotations

from foreplan.cli.text import counted, number, one_line
from foreplan.planner.plan import Plan, Subtask

GOAL_WIDTH = 300


def plan_lines(plan: Plan) -> list[str]:
    """The plan as a heading and two lines for each subtask."""
    if plan.mode == "direct":
        return ["plan: answered at once", one_line(plan.answer or "", 8_000)]
    forecast = sum(each.forecast.tokens_p50 for each in plan.subtasks)
    budget = sum(each.budget for each in plan.subtasks)
    heading = (
        f"plan: {counted(len(plan.subtasks), 'subtask')}, forecast {number(forecast)} tokens, budget {number(budget)}"
    )
    return [heading, *(line for each in plan.subtasks for line in _subtask_lines(each))]


def _subtask_lines(subtask: Subtask) -> list[str]:
    after = f", after {', '.join(subtask.depends_on)}" if subtask.depends_on else ""
    spend = f"forecast {number(subtask.forecast.tokens_p50)}, budget {number(subtask.budget)}"
    return [f"  {subtask.id} ({subtask.kind}, {spend}{after})", f"      {one_line(subtask.goal, GOAL_WIDTH)}"]
