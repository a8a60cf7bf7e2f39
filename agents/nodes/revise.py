"""Node `revise`: the planner sees what came of its plan, the lessons and what is left, and may change the plan."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from langgraph.runtime import Runtime

from ...core.errors import ForeplanError
from ...core.events import Noted, PlanRevised
from ...core.limits import TIME_IS_UP
from ...planner.forecast.correct import correct
from ...planner.outcomes import Outcome
from ...planner.plan import Plan, Subtask
from ...planner.revise import Revision
from ...planner.revise import revise as revised
from ..board import Result
from ..context import Context
from ..keys import plan_keys
from ..listening import listening
from ..scope import Scope, scope_in
from ..state import RunState
from ..telling import timeless


async def revise(state: RunState, runtime: Runtime[Context]) -> RunState:
    """The changed plan under the next revision's number, or on to the report when no useful change can be had."""
    scope = await scope_in(state, runtime)
    plan = Plan.model_validate(state["current_plan"])
    try:
        async with asyncio.timeout(scope.seconds_for_work):
            revision = await _ask(scope, plan)
    except (ForeplanError, TimeoutError) as error:
        why = error.message if isinstance(error, ForeplanError) else TIME_IS_UP
        scope.emit(Noted(text=f"The plan could not be revised: {why}", level="warning"))
        return {"next": "write"}
    if revision.plan.subtasks == plan.subtasks:
        return {"next": "write"}
    changes = PlanRevised(
        revision=scope.revision + 1,
        kept=revision.kept,
        edited=revision.edited,
        added=revision.added,
        dropped=revision.dropped,
        reason=revision.reason,
    )
    scope.emit(changes)
    return {
        "next": "execute",
        "current_plan": revision.plan.model_dump(mode="json"),
        "revision": scope.revision + 1,
        "changes": timeless(changes),
        "decision": None,
    }


async def _ask(scope: Scope, plan: Plan) -> Revision:
    results = await scope.board.results(list(plan_keys(scope.brief, plan.subtasks).values()))
    outcomes = [_outcome(*each) for each in zip(plan.subtasks, results, strict=True)]
    async with listening(scope) as hear:
        revision = await revised(
            scope.context.models.planner,
            scope.brief,
            plan,
            outcomes,
            scope.lessons.texts(scope.brief.goal),
            scope.ledger.tokens_left("plan"),
            account=scope.planner_account,
            rules=scope.rules,
            workers=scope.offers,
            emit=scope.emit,
            hear=hear,
        )
    return _corrected(scope, revision)


def _corrected(scope: Scope, revision: Revision) -> Revision:
    """The revision with history's numbers for what it changed, in the planner's sum; what is kept stays equal."""
    history, changed = scope.context.history, frozenset((*revision.edited, *revision.added))
    if history is None:
        return revision
    given_tokens = sum(each.budget for each in revision.plan.subtasks)
    plan = correct(revision.plan, history, room=given_tokens, only=changed)
    return replace(revision, plan=plan)


def _outcome(subtask: Subtask, result: Result | None) -> Outcome:
    if result is None:
        return Outcome(subtask.id, "skipped", "", "was not run")
    text = "\n".join(claim.text for claim in result.digest.claims)
    return Outcome(subtask.id, result.digest.state, text, result.reason)
