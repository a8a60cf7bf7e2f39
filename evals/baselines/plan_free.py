"""`plan-free`: fan-out without a plan. The question's facets by its words alone, side by side, with equal budgets."""

from __future__ import annotations

from ...agents.roles import Planning
from ...planner.embedded import facets
from ...planner.plan import Plan
from .base import Arm, Given, Piece, equal_plan


class PlanFree:
    """Plans the first look-ups of the embedded planner, without what builds on them, and the question as a whole."""

    name = "baseline:plan-free"

    async def propose(self, planning: Planning) -> Plan:
        """The plan; nothing is spent on it."""
        goal = planning.brief.goal
        found = dict.fromkeys(each.goal for each in facets(planning.brief).subtasks if not each.depends_on)
        others = [each for each in found if each != goal]
        pieces = [Piece("all", goal), *(Piece(f"facet-{at}", each) for at, each in enumerate(others, 1))]
        return equal_plan(pieces, planning.rules)


def baseline(given: Given) -> Arm:
    """See the module."""
    return Arm(PlanFree())
