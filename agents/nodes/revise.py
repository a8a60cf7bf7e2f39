"""Node `revise`: the planner sees what came of its plan, the lessons and what is left, and may change the plan."""

from __future__ import annotations

from langgraph.runtime import Runtime

from ...core.errors import ForeplanError
from ...core.events import Noted, PlanRevised
from ...planner.plan import Plan, Subtask
from ...planner.revise import Outcome, revise as ask_for_revision
from ..board import Result
from ..context import Context
from ..keys import plan_keys
from ..scope import Scope, open_scope
from ..state import RunState


async def revise(state: RunState, runtime: Runtime[Context]) -> RunState:
    """The changed plan under the next revision's number; the same plan, marked as final, when no change can be had."""
    scope = await open_scope(state, runtime)
    plan = Plan.model_validate(state["current_plan"])
    planner = scope.context.models.planner
    if planner is None or scope.revision >= scope.context.limits.max_revisions:
        return {"unfinished": 0}
    outcomes = [_outcome(subtask, result) for subtask, result in zip(plan.subtasks, await _results(scope, plan))]
    try:
        revision = await ask_for_revision(
            planner,
            scope.brief,
            plan,
            outcomes,
            scope.lessons.texts(),
            scope.planner_account.tokens_left,
            account=scope.planner_account,
            rules=scope.rules,
            workers=scope.offers,
            emit=scope.emit,
        )
    except ForeplanError as error:
        scope.emit(Noted(text=f"The plan could not be revised: {error.message}", level="warning"))
        return {"unfinished": 0}
    return {}
