"""Telling what a run has behind it: its start, its plan, what changed it, how its subtasks ended, its end.

A scope and what it is about go in, events come out. A crash may fall between the moment a step's outcome is kept and
the moment its last events are read, so a run that goes on tells again what its remaining steps will not (`retell`).
Law: readers of events take what is told twice for one thing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Sequence

from ..core.events import Event, PlanItem, PlanReady, PlanRevised, RunEnded, RunStarted, SubtaskEnded, SubtaskStarted
from ..planner.plan import Plan, Subtask
from .board import Result
from .keys import plan_keys
from .scope import Scope
from .state import EndState, Json, RunState


def tell_start(scope: Scope, *, resumed: bool = False) -> None:
    """Emit that the run begins or goes on."""
    context = scope.context
    scope.emit(
        RunStarted(
            run=scope.run,
            goal=scope.brief.goal,
            embedded=context.models.embedded,
            resumed=resumed,
            project=context.project or "",
            budget_tokens=context.limits.tokens,
            budget_dollars=context.limits.dollars,
        )
    )


def tell_plan(scope: Scope, plan: Plan) -> None:
    """Emit the events of a plan that is known as a whole."""
    tell_items(scope, plan.subtasks)
    scope.emit(PlanReady(mode=plan.mode, subtasks=len(plan.subtasks), revision=scope.revision))


def tell_items(scope: Scope, subtasks: Sequence[Subtask]) -> None:
    """Emit that these subtasks are part of the plan."""
    for subtask in subtasks:
        scope.emit(
            PlanItem(
                subtask=subtask.id,
                goal=subtask.goal,
                depends_on=subtask.depends_on,
                forecast_tokens=subtask.forecast.tokens_p50,
                budget_tokens=subtask.budget,
            )
        )


def tell_result(scope: Scope, subtask: str, result: Result, *, cached: bool = False) -> None:
    """Emit how a subtask ended; `cached` when it had ended before, under this id or another."""
    if cached:
        scope.emit(SubtaskStarted(subtask=subtask, cached=True))
    scope.emit(
        SubtaskEnded(
            subtask=subtask,
            state=result.digest.state,
            claims=len(result.digest.claims),
            tokens=scope.tokens_of(subtask),
            seconds=result.seconds,
            reason=result.reason,
        )
    )


def tell_end(scope: Scope, state: RunState, ended: EndState) -> Json:
    """Emit that the run is over, with the ledger's sums; what was told, to be told again."""
    event = RunEnded(
        state=ended,
        tokens=scope.ledger.spent().total_tokens,
        dollars=scope.ledger.dollars(),
        seconds=max(0.0, time.time() - (state.get("clock") or math.inf)),
        calls=scope.ledger.calls(),
    )
    scope.emit(event)
    return timeless(event)


def timeless(event: Event) -> Json:
    """An event without its time: told again, it is told now."""
    return event.model_dump(mode="json", exclude={"at"})


async def retell(scope: Scope, state: RunState, upcoming: Collection[str]) -> None:
    """Emit that the run goes on, and what the nodes that are `upcoming` will not tell.

    Node `execute` tells the plan and its results itself.
    """
    tell_start(scope, resumed=True)
    if changes := state.get("changes"):
        scope.emit(PlanRevised.model_validate(changes))
    plan = state.get("current_plan")
    if plan is not None and not {"approve", "execute"} & set(upcoming):
        await _retell_work(scope, Plan.model_validate(plan))
    if end := state.get("end"):
        scope.emit(RunEnded.model_validate(end))


async def _retell_work(scope: Scope, plan: Plan) -> None:
    tell_plan(scope, plan)
    keys = plan_keys(scope.brief, plan.subtasks)
    for subtask, result in zip(keys, await scope.board.results(list(keys.values())), strict=True):
        if result is not None:
            tell_result(scope, subtask, result, cached=True)
