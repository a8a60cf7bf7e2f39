"""`waves`: the usual planner's plan, carried out level by level with a barrier after each, as many executors do."""

from __future__ import annotations

from ...agents.roles import Planner, Planning
from ...planner.plan import Plan
from .base import Arm, Given


class Whole:
    """The usual planner, its plan awaited whole: levels are known only then."""

    name = "baseline:waves"

    def __init__(self, usual: Planner) -> None:
        self._usual = usual

    async def propose(self, planning: Planning) -> Plan:
        """The usual plan."""
        return await self._usual.propose(planning)


def baseline(given: Given) -> Arm:
    """See the module."""
    return Arm(Whole(given.usual), waves=True)
