"""`plan_valid`: 1 when the output is a plan without faults, else 0 with the first faults as the error.

Reads of the item: `rules`, fields of `planner.validate.PlanRules` (`budget_tokens`, `workers` …), if there are any.
Validity says nothing of what a plan is about: `plan_match` does.
"""

from __future__ import annotations

from dataclasses import fields

from pydantic import TypeAdapter, ValidationError

from ...planner.validate import PlanRules
from .base import CodeGrader, Grader, GradingFault, Item, Sample
from .plan_form import plan_of

_RULES = TypeAdapter(PlanRules)
_NAMES = frozenset(each.name for each in fields(PlanRules))


def score(item: Item, sample: Sample) -> float:
    """1.0 for a valid plan.

    Raises:
        GradingFault: when it is none, with what is wrong; or when the item's rules cannot be read.
    """
    plan_of(sample, rules_of(item))
    return 1.0


def rules_of(item: Item) -> PlanRules:
    """The rules that an item sets for its plans.

    Raises:
        GradingFault: when they are no fields of `PlanRules`.
    """
    given = item.get("rules") or {}
    try:
        if unknown := set(given) - _NAMES:
            raise GradingFault(f"the item's rules have unknown fields: {', '.join(sorted(map(str, unknown)))[:200]}")
        return _RULES.validate_python(given)
    except (ValidationError, TypeError) as error:
        raise GradingFault(f"the item's rules are malformed: {str(error)[:200]}") from error


def grader() -> Grader:
    """The grader; it has no options."""
    return CodeGrader("plan_valid", score)
