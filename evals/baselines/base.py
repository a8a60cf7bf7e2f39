"""What a baseline is: the planner that is usual, a seed and the gold plan go in, a planner comes out.

A plan of subtasks that are all alike shares the run's budget out equally and forecasts nothing: its planner has learned
nothing. Law: a baseline never spends more than the run's budget, like any planner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ...agents.context import Context
from ...agents.roles import Planner
from ...core.limits import Limits
from ...planner.plan import Forecast, Kind, Plan, Select, Subtask
from ...planner.validate import MIN_BUDGET_TOKENS, PlanRules

MAX_GOAL_CHARS = 1_000


@dataclass(frozen=True)
class Given:
    """What a baseline may use.

    Attributes:
        usual: the planner that would plan without it.
        seed: of what it draws.
        gold: the task's gold plan under given rules, where one is known.
    """

    usual: Planner
    seed: int = 0
    gold: Callable[[PlanRules], Plan] | None = None


@dataclass(frozen=True)
class Arm:
    """A planner, and whether its plans are carried out in waves."""

    planner: Planner
    waves: bool = False

    def of(self, context: Context) -> Context:
        """The context of a run by this baseline: as it is but for the planner. History is for planners that learn."""
        return replace(context, planner=self.planner, waves=self.waves, history=None)


class Piece(NamedTuple):
    """One subtask of a plan whose subtasks are all alike."""

    id: str
    goal: str
    depends_on: tuple[str, ...] = ()


def equal_plan(pieces: Sequence[Piece], rules: PlanRules, *, attempts: int = 1, select: Select = "first") -> Plan:
    """A plan of these pieces with equal budgets that use up the run's."""
    whole = rules.subtask_tokens if rules.subtask_tokens is not None else Limits().tokens or 0
    budget = max(MIN_BUDGET_TOKENS, whole // len(pieces))
    kind: Kind = "research" if rules.sources else "reason"
    subtasks = tuple(
        Subtask(
            id=piece.id,
            depends_on=piece.depends_on,
            kind=kind,
            goal=piece.goal[:MAX_GOAL_CHARS],
            done_when="What is asked is answered.",
            on_missing="partial",
            worker=None,
            effort="medium",
            attempts=attempts,
            select=select,
            forecast=Forecast(success=0.5, tokens_p50=budget // attempts // 2, tokens_p90=budget // attempts),
            budget=budget,
        )
        for piece in pieces
    )
    return Plan(mode="plan", answer=None, synthesis="Answer in the form asked for.", success=0.5, subtasks=subtasks)
