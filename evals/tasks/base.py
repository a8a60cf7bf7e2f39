"""What a task of a suite is: a brief, what the graders know of it, and how it is carried out.

A task is run through the real graph and its report graded; or, with `plan_only`, its planner is asked and the plan
graded, by a world where there is one. Law: a planner is shown `brief`, the pool and the rules, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from ...memory.documents.base import Document
from ...planner.brief import Brief
from ...planner.messages import WorkerOffer
from ...planner.plan import Plan
from ...planner.validate import PlanRules
from ..graders.base import Grader, Item
from ..worlds.base import Outcome

Needs = Literal["nothing", "planner", "model"]
"""What a task asks for: nothing, a planner better than the embedded one, or models that do the work."""


@dataclass(frozen=True)
class EvalTask:
    """One task.

    Attributes:
        id: its name, the same for every planner.
        brief: what the planner is shown.
        item: what the graders read; `epoch` is added to it.
        grader: scores the report or the plan.
        beside: graders of the plan whose rewards are noted and do not count.
        documents: what may be searched.
        plan_only: nothing is carried out.
        played: what comes of a plan in its world, by draw; None where no world judges.
        workers: the pool that a plan may choose from, for `plan_only`; others have the run's own.
        solved_by: which reward says that it is solved, when that is 1: `reward`, or one of the grade's sub-rewards.
        difficulty: from 0 up, where it is known.
        oracle_tokens: what the best plan spends, where it is known.
        gold: the gold plan under given rules, where one is known.
        needs: see `Needs`.
    """

    id: str
    brief: Brief
    item: Item
    grader: Grader
    beside: Mapping[str, Grader] = field(default_factory=dict)
    documents: Sequence[Document] = ()
    plan_only: bool = False
    played: Callable[[Plan, int], Outcome] | None = None
    workers: Sequence[WorkerOffer] = ()
    solved_by: str = "reward"
    difficulty: float | None = None
    oracle_tokens: int | None = None
    gold: Callable[[PlanRules], Plan] | None = None
    needs: Needs = "nothing"


class Suite(Protocol):
    """A module that makes tasks. Its docstring says what they are."""

    def tasks(self, data: Sequence[Path], limit: int | None) -> Sequence[EvalTask]:
        """The first `limit` tasks; of generated ones as many as are usual when that is None.

        Raises:
            SettingsError: when the suite needs data and none is named, or the other way round.
            DataError: when the data cannot be used.
        """
