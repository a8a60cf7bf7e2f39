"""Node `execute`: runs the plan's subtasks, while the plan is still being written when it does not come whole."""

from __future__ import annotations

from langgraph.errors import GraphDrained
from langgraph.runtime import Runtime

from ...planner.plan import Plan
from ..context import Context
from ..executor import Executor
from ..learning import keep_lessons
from ..planning import written_plan
from ..scope import Scope, scope_in
from ..state import RunState
from ..telling import tell_plan


async def execute(state: RunState, runtime: Runtime[Context]) -> RunState:
    """The plan as it was executed, and whether it is worth changing: something failed, and it may still be changed.

    Raises:
        PlanError: the planner wrote nothing that could be executed.
        GraphDrained: the run is to stop; what was under way has ended and is kept.
    """
    scope = await scope_in(state, runtime)
    executor = Executor(scope)
    try:
        plan = await _started(state, scope, executor)
        results = await executor.finish()
    finally:
        await executor.cancel()
        await keep_lessons(scope.context, scope.store, scope.run, scope.lessons)
    return {
        "current_plan": plan.model_dump(mode="json"),
        "next": "write" if all(result.usable for result in results) or not _revisable(scope) else "revise",
    }


async def _started(state: RunState, scope: Scope, executor: Executor) -> Plan:
    """The whole plan, all its subtasks begun."""
    given = state.get("current_plan")
    if given is not None:
        plan = Plan.model_validate(given)
        tell_plan(scope, plan)
        executor.start(plan.subtasks)
        return plan
    try:
        return await written_plan(scope, executor.start)
    except GraphDrained:
        await executor.finish()
        raise


def _revisable(scope: Scope) -> bool:
    context, seconds = scope.context, scope.seconds_for_work
    in_time = seconds is None or seconds > 0
    by_model = not context.models.embedded and context.planner is None
    return by_model and in_time and scope.revision < context.limits.max_revisions
