"""Node `approve`: when approval is on, stops with an `interrupt()` until somebody approves, edits or rejects the plan.

The interrupt's value is `{"plan": ..., "revision": n}`; the run is resumed with one of

    {"decision": "approve"}        {"decision": "edit", "plan": {...}}        {"decision": "reject", "reason": "..."}
"""

from __future__ import annotations

import time
from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from ...core.errors import ForeplanError
from ..context import Context
from ..scope import Scope, scope_in
from ..state import RunState
from ..telling import tell_end
from .given import given_plan


async def approve(state: RunState, runtime: Runtime[Context]) -> RunState:
    """What was decided, with the edited plan if there is one. An edit that is no valid plan is asked for again."""
    plan = state.get("current_plan")
    if not runtime.context.approve or plan is None:
        return {"clock": state.get("clock") or time.time()}
    scope = await scope_in(state, runtime)
    question: dict[str, Any] = {"plan": plan, "revision": scope.revision}
    while True:
        answer = interrupt(question)
        try:
            return {**_decide(scope, state, answer), "clock": state.get("clock") or time.time()}
        except ForeplanError as error:
            question = {**question, "error": str(error)}


def _decide(scope: Scope, state: RunState, answer: Any) -> RunState:
    """The state that an answer leads to.

    Raises:
        InputError: the edited plan is not valid.
    """
    decision = answer.get("decision") if isinstance(answer, dict) else answer
    if decision == "edit":
        edited = given_plan(answer.get("plan"), scope.rules)
        return {"decision": "approve", "current_plan": edited.model_dump(mode="json")}
    if decision == "approve":
        return {"decision": "approve"}
    if decision == "reject":
        reason = str(answer.get("reason", "")) if isinstance(answer, dict) else ""
        end = tell_end(scope, state, "rejected")
        return {"decision": "reject", "reason": reason[:1_000], "ended": "rejected", "end": end}
    raise ForeplanError(f"{decision!r} is no decision.", hint="Answer with approve, edit or reject.")
