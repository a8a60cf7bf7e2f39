"""Node `plan`: begins a run. Checks the brief and a plan that came with it; has a plan that comes whole made.

That is one to be approved, and one of the user's own planner.
"""

from __future__ import annotations

import uuid

from langgraph.runtime import Runtime
from pydantic import ValidationError

from ...core.errors import InputError
from ...planner.brief import Brief
from ...planner.forecast.correct import correct
from ...planner.plan import Plan
from ..context import Context
from ..listening import listening
from ..planners.choose import whole_plan
from ..roles import Planning
from ..scope import Scope, scope_in
from ..state import STATE_VERSION, Json, RunState
from ..telling import tell_start
from .given import given_plan


async def plan(state: RunState, runtime: Runtime[Context]) -> RunState:
    """The run's id and brief, and its plan where that is known before execution.

    Raises:
        InputError: the brief or the plan can't be used.
        PlanError: a plan that comes whole was asked for, and the planner gave no valid one.
    """
    begun: RunState = {
        "version": STATE_VERSION,
        "run": state.get("run_id") or uuid.uuid4().hex,
        "brief": read_brief(state.get("brief")).model_dump(mode="json"),
        "revision": 0,
        "changes": None,
        "current_plan": None,
        "decision": None,
        "reason": "",
        "clock": 0.0,
    }
    scope = await scope_in(begun, runtime)
    context = scope.context
    tell_start(scope)
    given = state.get("plan")
    if given is not None:
        begun["current_plan"] = given_plan(given, scope.rules).model_dump(mode="json")
    elif context.approve or context.planner is not None:
        begun["current_plan"] = (await _whole_plan(scope)).model_dump(mode="json")
    return begun


def read_brief(value: Json | str | None) -> Brief:
    """A brief from the state: its JSON form, or just the goal.

    Raises:
        InputError: it is neither, or breaks a bound; the message names the field.
    """
    try:
        return Brief.model_validate({"goal": value.strip()} if isinstance(value, str) else value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "brief"
        raise InputError(f"The brief cannot be used: {where}: {first['msg']}.", hint="Give a goal in words.") from None


async def _whole_plan(scope: Scope) -> Plan:
    async with listening(scope) as hear:
        proposed = await whole_plan(
            scope.context,
            Planning(
                brief=scope.brief,
                rules=scope.rules,
                account=scope.planner_account,
                workers=scope.offers,
                lessons=scope.lessons.texts(scope.brief.goal),
                emit=scope.emit,
                hear=hear,
            ),
        )
    history = scope.context.history
    return proposed if history is None else correct(proposed, history, room=scope.rules.subtask_tokens)
