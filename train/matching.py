"""Which subtask of a plan is about which part of its problem."""

from __future__ import annotations

from ..evals.graders.plan_match import Match, match
from ..evals.worlds.base import Problem
from ..planner.plan import Plan


def matched(problem: Problem, plan: Plan | None) -> Match:
    """How the plan's subtasks go with the problem's parts; no plan has none."""
    return match(plan.subtasks if plan else (), problem.parts)


def part_by_subtask(problem: Problem, found: Match) -> dict[str, str]:
    """The needed part that each subtask is about, by subtask id; those about none are not in."""
    wanted = {part.id for part in problem.parts if part.needed}
    return {subtask: part for subtask, part in found.pairs if part in wanted}
