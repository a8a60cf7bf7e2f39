"""Node `write`: the digests become the report, and the run ends."""

from __future__ import annotations

import asyncio

from langgraph.runtime import Runtime

from ...core.events import Noted
from ...core.limits import TIME_IS_UP
from ...memory.digest import Digest
from ...planner.plan import Plan
from ..context import Context
from ..keys import plan_keys
from ..report import Report
from ..roles import Writing
from ..scope import Scope, scope_in
from ..state import EndState, RunState
from ..telling import tell_end
from ..writers.choose import writer_for
from ..writers.extractive import ExtractiveWriter


async def write(state: RunState, runtime: Runtime[Context]) -> RunState:
    """The report, and how the run ended."""
    scope = await scope_in(state, runtime)
    plan = Plan.model_validate(state["current_plan"])
    digests = await kept_digests(scope, plan)
    writing = Writing(
        brief=scope.brief,
        plan=plan,
        digests=digests,
        account=scope.writer_account,
        artifacts=scope.context.artifacts,
        emit=scope.emit,
        plan_cut_short=await scope.board.cut_short() if scope.revision == 0 else "",
    )
    report = await _written(scope, writing)
    ended = _end_state(plan, digests, report)
    return {"report": report.model_dump(mode="json"), "ended": ended, "end": tell_end(scope, state, ended)}


async def _written(scope: Scope, writing: Writing) -> Report:
    """The writer's report; quotes of the claims from a writer that has not ended soon after the run's time is up."""
    left_s = scope.ledger.seconds_left()
    try:
        async with asyncio.timeout(None if left_s is None else max(0.0, left_s) + scope.grace_s) as limit:
            return await writer_for(scope.context).write(writing)
    except TimeoutError:
        if not limit.expired():
            raise
    scope.emit(Noted(text=f"The report quotes its sources: {TIME_IS_UP}.", level="warning"))
    return await ExtractiveWriter().write(writing)


async def kept_digests(scope: Scope, plan: Plan) -> tuple[Digest, ...]:
    """The digests of a plan's subtasks, in plan order, as far as there are any."""
    keys = plan_keys(scope.brief, plan.subtasks)
    results = await scope.board.results(list(keys.values()))
    found = zip(keys, results, strict=True)
    return tuple(result.of(subtask).digest for subtask, result in found if result is not None)


def _end_state(plan: Plan, digests: tuple[Digest, ...], report: Report) -> EndState:
    """failed: nothing was found; partial: parts are missing; done: neither."""
    if plan.mode == "plan" and not any(digest.claims for digest in digests):
        return "failed"
    return "partial" if report.missing else "done"
