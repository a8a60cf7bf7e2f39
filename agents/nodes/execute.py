"""Node `execute`: runs the plan's subtasks, while the plan is still being written when it does not come whole."""

from __future__ import annotations

from langgraph.runtime import Runtime

from ...planner.plan import Plan
from ..context import Context
from ..executor import Executor
from ..planning import tell_plan, written_plan
from ..scope import open_scope
from ..state import RunState


async def execute(state: RunState, runtime: Runtime[Context]) -> RunState:
    """The plan as it was executed, and how many of its subtasks left nothing to build on.

    Raises:
        PlanError: the planner wrote nothing that could be executed.
    """
    scope = await open_scope(state, runtime)
    executor = Executor(scope)
    given = state.get("current_plan")
    try:
        if given is not None:
            plan = Plan.model_validate(given)
            tell_plan(scope, plan)
            executor.start(plan.subtasks)
        else:
            plan = await written_plan(scope, executor.start)
        results = await executor.finish()
    finally:
        await executor.cancel()
    return {
        "current_plan": plan.model_dump(mode="json"),
        "unfinished": sum(not result.usable for result in results),
    }
