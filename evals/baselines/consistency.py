"""`self-consistency`: the whole question several times over, and the answer that most attempts agree on.

Wang et al. (2023, "Self-consistency improves chain of thought reasoning"); attempts share the whole budget.
"""

from __future__ import annotations

from ...agents.roles import Planning
from ...planner.plan import Plan
from .base import Arm, Given, Piece, equal_plan

ATTEMPTS = 5


class SelfConsistency:
    """Plans one subtask with several attempts and a vote."""

    name = "baseline:self-consistency"

    async def propose(self, planning: Planning) -> Plan:
        """The plan; nothing is spent on it."""
        return equal_plan([Piece("all", planning.brief.goal)], planning.rules, attempts=ATTEMPTS, select="vote")


def baseline(given: Given) -> Arm:
    """See the module."""
    return Arm(SelfConsistency())
