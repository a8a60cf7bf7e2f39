"""`single`: one agent with tools. One subtask, the whole question, over all sources, with the whole budget."""

from __future__ import annotations

from ...agents.roles import Planning
from ...planner.plan import Plan
from .base import Arm, Given, Piece, equal_plan


class Single:
    """Plans one subtask."""

    name = "baseline:single"

    async def propose(self, planning: Planning) -> Plan:
        """The plan; nothing is spent on it."""
        return equal_plan([Piece("all", planning.brief.goal)], planning.rules)


def baseline(given: Given) -> Arm:
    """See the module."""
    return Arm(Single())
