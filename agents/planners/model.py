"""The planner that asks a model for a whole plan."""

from __future__ import annotations

from ...core.models.model import Model
from ...planner.plan import Plan
from ...planner.propose import propose
from ..roles import Planning


class ModelPlanner:
    """Asks the planner model; its faults go back to it, a few times and no more."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.name = model.spec.model

    async def propose(self, planning: Planning) -> Plan:
        """The plan.

        Raises:
            PlanError: as `planner.propose` does, and the other errors it names.
        """
        return await propose(
            self._model,
            planning.brief,
            account=planning.account,
            rules=planning.rules,
            workers=planning.workers,
            lessons=planning.lessons,
            emit=planning.emit,
            hear=planning.hear,
        )
