"""What a world is: a seed goes in, a planning problem with a hidden DAG comes out, and outcomes of plans for it.

Law: equal seeds and dials give equal problems, on every machine. Seeds from `HELD_OUT` on are for evaluation and are
never trained on; `training_seed` refuses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from ...planner.brief import Brief
from ...planner.plan import Plan
from ..graders.base import Grade

HELD_OUT = 1_000_000_000
"""The first of the seeds that are kept for evaluation."""


class Part(BaseModel):
    """One piece of the hidden DAG.

    Attributes:
        id: its name, which a plan need not use.
        goal: what is asked, in words; `{id}` of a parent stands for the parent's answer.
        depends_on: the parts whose answers it needs.
        difficulty: from 0 (trivial) to 1 (the hardest a worker can do); above 1, nobody can.
        needed: False for a distractor, which a good plan leaves out.
        answer: the gold answer; None where the world has none in words.
        evidence: exact sentences of documents that hold the answer.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    goal: str
    depends_on: tuple[str, ...] = ()
    difficulty: float = 0.0
    needed: bool = True
    answer: str | None = None
    evidence: tuple[str, ...] = ()


class Problem(BaseModel):
    """One planning problem.

    Attributes:
        world: the world's name.
        seed: what it was made from.
        brief: what a planner is shown.
        parts: the hidden DAG, parents first; empty when there is nothing to plan and `answer` is given at once.
        answer: the gold answer to the brief as a whole; None when it cannot be solved.
        documents: text of the sources by file name, for worlds that have sources.
        hidden: whatever else the world needs to simulate and to grade, as JSON data.
    """

    model_config = ConfigDict(frozen=True)

    world: str
    seed: int
    brief: Brief
    parts: tuple[Part, ...]
    answer: str | None = None
    documents: Mapping[str, str] = {}
    hidden: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Outcome:
    """What came of one plan for one problem.

    Attributes:
        grade: how good the result is.
        utility: value of what was solved less the price of what was spent, in the world's dollars.
        best: utility of the best plan; regret is `best - utility`.
        spent_tokens: by subtask id.
        solved: whether each subtask of the plan did what it was for, by subtask id.
        seconds: simulated makespan.
        spent_dollars: by subtask id, what was billed; planning stands under the id `""`.
    """

    grade: Grade
    utility: float = 0.0
    best: float = 0.0
    spent_tokens: Mapping[str, int] | None = None
    solved: Mapping[str, bool] | None = None
    seconds: float = 0.0
    spent_dollars: Mapping[str, float] | None = None


class World(Protocol):
    """Makes problems, and judges plans for them without any model."""

    @property
    def name(self) -> str:
        """What its problems are called after."""

    def problem(self, seed: int, **dials: float) -> Problem:
        """The problem of this seed; `dials` set its difficulty (each world documents its own)."""

    def best_plan(self, problem: Problem) -> Plan:
        """A plan that no other one beats (in expectation, where chance plays a part)."""

    def outcome(self, problem: Problem, plan: Plan, *, draw: int = 0) -> Outcome:
        """What comes of a plan; `draw` chooses among the outcomes that chance allows."""


def training_seed(seed: int) -> int:
    """The seed itself, if it may be trained on.

    Raises:
        ValueError: when it is held out for evaluation.
    """
    if not 0 <= seed < HELD_OUT:
        raise ValueError(f"seed {seed} is held out for evaluation (those from {HELD_OUT} on are)")
    return seed


def held_out(number: int) -> int:
    """The `number`-th seed of those held out."""
    return HELD_OUT + number
