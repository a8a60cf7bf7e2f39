"""`gold`: no baseline but a ceiling. The task's gold plan, where its set or world knows one."""

from __future__ import annotations

from collections.abc import Callable

from ...agents.roles import Planning
from ...core.errors import SettingsError
from ...planner.plan import Plan
from ...planner.validate import PlanRules
from .base import Arm, Given


class Gold:
    """Knows the plan."""

    name = "baseline:gold"

    def __init__(self, gold: Callable[[PlanRules], Plan]) -> None:
        self._gold = gold

    async def propose(self, planning: Planning) -> Plan:
        """The gold plan; nothing is spent on it."""
        return self._gold(planning.rules)


def baseline(given: Given) -> Arm:
    """See the module.

    Raises:
        SettingsError: when no gold plan is known.
    """
    if given.gold is None:
        raise SettingsError("This task has no gold plan.", hint="Choose a suite or a data set with gold parts.")
    return Arm(Gold(given.gold))
