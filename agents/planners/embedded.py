"""The planner that needs no model."""

from __future__ import annotations

from ...planner.embedded import facets
from ...planner.plan import Plan
from ..roles import Planning


class EmbeddedPlanner:
    """Takes the facets of the question for subtasks."""

    name = "embedded"

    async def propose(self, planning: Planning) -> Plan:
        """The plan; nothing is spent on it."""
        return facets(planning.brief)
