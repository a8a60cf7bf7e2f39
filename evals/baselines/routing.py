"""Routing baselines: the usual planner's plan, its subtasks given to the workers of the pool by another rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ...agents.roles import Planner, Planning
from ...core.errors import SettingsError
from ...planner.plan import Plan

Route: TypeAlias = Callable[[int, str, Sequence[str]], str]
"""A subtask's place in the plan, its id and the pool in; the worker out."""


class Routed:
    """The usual planner, its choice of workers replaced."""

    def __init__(self, name: str, usual: Planner, route: Route) -> None:
        self.name = name
        self._usual = usual
        self._route = route

    async def propose(self, planning: Planning) -> Plan:
        """The usual plan with other workers.

        Raises:
            SettingsError: when there is no pool to choose from.
        """
        pool = planning.rules.workers or ()
        if len(pool) < 2:
            raise SettingsError(
                f"{self.name} needs a pool of at least two workers.", hint="Configure them as [workers.NAME] tables."
            )
        plan = await self._usual.propose(planning)
        routed = (
            each.model_copy(update={"worker": self._route(at, each.id, pool)}) for at, each in enumerate(plan.subtasks)
        )
        return plan.model_copy(update={"subtasks": tuple(routed)})
