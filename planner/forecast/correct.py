"""A plan and history in, the plan with corrected forecasts and budgets out; subtask by subtask while it is written.

Laws: without history nothing changes; ids, goals, dependencies and order never change; the budgets' sum fits `room`
when the planner's did. In a whole plan a subtask is worth its own value and what its dependants are expected to gain;
in a stream they are not known yet.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import TypeAlias

from ..plan import Forecast, Plan, Subtask
from ..validate import MIN_BUDGET_TOKENS
from .choose import Chosen, Worth, best_attempts, best_budget, best_effort, usual_worth
from .history import History

Correct: TypeAlias = Callable[[Subtask, int | None], Subtask]
"""Corrects one subtask of a stream; told the tokens left for it and those after it, None for no limit."""


def unchanged(subtask: Subtask, room: int | None) -> Subtask:
    """A `Correct` that changes nothing."""
    return subtask


def correcting(history: History | None, *, worth: Worth | None = None) -> Correct:
    """A `Correct` from history. A subtask gets more than its planner gave only up to half of what is left."""
    if history is None or not len(history):
        return unchanged
    value = worth or usual_worth(history)

    def correct_one(subtask: Subtask, room: int | None) -> Subtask:
        better, _ = corrected(subtask, history, value)
        if room is not None and better.budget > max(subtask.budget, room // 2):
            return better.model_copy(update={"budget": max(subtask.budget, room // 2)})
        return better

    return correct_one


def correct(
    plan: Plan,
    history: History,
    *,
    worth: Worth | None = None,
    room: int | None = None,
    only: Container[str] | None = None,
) -> Plan:
    """The plan with its forecasts corrected and its budgets set by marginal value.

    Args:
        plan: a plan that `check_plan` finds no fault with.
        history: past outcomes.
        worth: what a subtask's success is worth; None for `usual_worth`.
        room: tokens for all budgets together; None for no limit. When the corrected ones do not fit, none is larger
            than the planner's.
        only: ids of the subtasks to correct; None for all.
    """
    if not len(history):
        return plan
    worth = worth or usual_worth(history)
    gains = dict.fromkeys((each.id for each in plan.subtasks), 0.0)
    better: list[Subtask] = []
    for subtask in reversed(plan.subtasks):
        if only is not None and subtask.id not in only:
            better.append(subtask)
            continue
        value = worth and worth._replace(value=worth.value + gains[subtask.id])
        changed, chosen = corrected(subtask, history, value)
        better.append(changed)
        for parent in subtask.depends_on:
            # A dependant of several waits for all of them, so each takes the others for granted.
            gains[parent] = gains.get(parent, 0.0) + (chosen.utility if chosen else 0.0)
    better.reverse()
    return plan.model_copy(update={"subtasks": _fitting(plan.subtasks, tuple(better), room)})


def corrected(subtask: Subtask, history: History, worth: Worth | None) -> tuple[Subtask, Chosen | None]:
    """The subtask with history's numbers, and the budget of one attempt that pays best, if any pays."""
    if worth is not None:
        subtask = subtask.model_copy(update={"effort": best_effort(subtask, history, worth)})
    curve = history.curve(subtask)
    p50, p90 = curve.quantile(0.5), curve.quantile(0.9)
    forecast = Forecast(success=min(1.0, max(0.0, curve.success)), tokens_p50=p50, tokens_p90=max(p50, p90))
    changes: dict[str, object] = {"forecast": forecast}
    chosen = best_budget(curve, worth) if worth else None
    if chosen is not None and worth is not None:
        attempts = best_attempts(subtask, chosen, worth)
        changes |= {"attempts": attempts, "budget": attempts * chosen.budget}
    elif worth is not None and worth.abstains:
        changes["budget"] = MIN_BUDGET_TOKENS
    return subtask.model_copy(update=changes), chosen


def _fitting(before: tuple[Subtask, ...], after: tuple[Subtask, ...], room: int | None) -> tuple[Subtask, ...]:
    if room is None or sum(each.budget for each in after) <= room:
        return after
    return tuple(
        new.model_copy(update={"budget": min(old.budget, new.budget)}) for old, new in zip(before, after, strict=True)
    )
