"""Planning a task and no more: the planner is asked, and a world says what would come of its plan."""

from __future__ import annotations

import time

from ...agents.context import Context
from ...agents.planners.choose import whole_plan
from ...agents.roles import Planning
from ...core.errors import BudgetExhausted
from ...core.events import Event, Spent
from ...core.ledger import Ledger
from ...planner.errors import PlanError
from ...planner.validate import PlanRules
from .base import EvalTask
from .done import Done, Setting, record_without_run


async def plan_out(task: EvalTask, epoch: int, setting: Setting, context: Context) -> Done:
    """The plan, and the outcome where a world judges. No valid plan is an outcome too.

    Raises:
        ModelError: when the planner's endpoint fails.
        SettingsError: when this planner cannot plan in this setting.
    """
    spent: list[Spent] = []

    def emit(event: Event) -> None:
        if isinstance(event, Spent):
            spent.append(event)

    began = time.monotonic()
    limits = context.limits
    planning = Planning(
        brief=task.brief,
        rules=PlanRules(
            budget_tokens=limits.tokens,
            writer_tokens=limits.writer_tokens or 0,
            workers=tuple(each.name for each in task.workers),
            sources=bool(task.brief.sources),
            cite=task.brief.cite,
        ),
        account=Ledger(limits).account("planner"),
        workers=task.workers,
        emit=emit,
    )
    try:
        plan = await whole_plan(context, planning)
    except (PlanError, BudgetExhausted) as error:
        record = record_without_run(task, epoch, setting, spent, seconds=time.monotonic() - began)
        return Done("", None, record, fault=error.message)
    outcome = None if task.played is None else task.played(plan, epoch)
    seconds = time.monotonic() - began
    record = record_without_run(task, epoch, setting, spent, seconds=seconds, plan=plan, outcome=outcome)
    notes = {} if outcome is None else {"utility": outcome.utility, "best_utility": outcome.best}
    return Done("", plan, record, notes=notes)
