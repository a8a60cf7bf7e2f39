"""`natural_plan`: 1 when an answer solves its trip, meeting or calendar problem, checked by constraint.

Reads of the item: `meta.parsed_constraints`, by whose fields the kind of problem is told, and `question` and `answer`
for what the constraints leave out (directions of flights, "earliest", how many friends can be met). Any answer that
keeps the constraints is right, not the gold one alone (Zheng et al. 2024, NATURAL PLAN, checks by rule in this way).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .base import CodeGrader, Grader, GradingFault, Item, Sample
from .fields import bounded_text, field
from .natural_calendar import calendar
from .natural_meeting import meeting
from .natural_trip import trip

MAX_ANSWER_CHARS = 100_000

Checker: TypeAlias = Callable[[Item, Mapping[str, Any], str], Mapping[str, float]]
"""The item, its constraints and an answer in; the reward and its parts out, or `GradingFault` with what is broken."""

CHECKERS: dict[str, Checker] = {"trip_length": trip, "people_to_meet": meeting, "meeting_duration": calendar}
"""Checkers by the field that only their kind of problem has."""


def score(item: Item, sample: Sample) -> Mapping[str, float]:
    """The reward, with `met` for meetings.

    Raises:
        GradingFault: when the answer breaks a constraint, or the item is of no known kind.
    """
    constraints = field(item, "meta", "parsed_constraints")
    text = bounded_text(sample.text, MAX_ANSWER_CHARS)
    for name, checker in CHECKERS.items():
        if isinstance(constraints, Mapping) and name in constraints:
            try:
                return checker(item, constraints, text)
            except (KeyError, TypeError, AttributeError) as error:
                raise GradingFault(f"the item's constraints are malformed: {error!r:.200}") from error
    raise GradingFault("the item's constraints are neither of a trip nor of meetings nor of a calendar")


def grader() -> Grader:
    """The grader; it has no options."""
    return CodeGrader("natural_plan", score)
