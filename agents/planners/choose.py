"""Which planner a run has, and a whole plan from it, checked whoever made it."""

from __future__ import annotations

from ...planner.errors import PlanError, list_faults
from ...planner.plan import Plan
from ...planner.validate import check_plan
from ...planner.wire import dump_plan
from ..context import Context
from ..roles import Planner, Planning
from .embedded import EmbeddedPlanner
from .model import ModelPlanner


def planner_for(context: Context) -> Planner:
    """The app's own planner, else the planner model's, else the embedded one."""
    if context.planner is not None:
        return context.planner
    return EmbeddedPlanner() if context.models.embedded else ModelPlanner(context.models.planner)


async def whole_plan(context: Context, planning: Planning) -> Plan:
    """A plan that keeps to the run's rules; ours see to that themselves, the app's own is checked here.

    Raises:
        PlanError: when it does not, or there is none.
    """
    plan = await planner_for(context).propose(planning)
    if context.planner is not None and (faults := check_plan(plan, planning.rules)):
        raise PlanError(
            f"The plan of planner {context.planner.name} cannot be used:\n{list_faults(faults)}",
            raw=dump_plan(plan),
            faults=faults,
        )
    return plan
