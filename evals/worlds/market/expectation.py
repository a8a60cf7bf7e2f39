"""What to expect of a plan on the market, exactly: a problem and a plan go in, utility, chances and tokens come out.

A subtask is begun when all it depends on is solved; with `on_missing = "partial"` it is begun in any case, and burns
its budget when an input is missing that its part needs. Each subtask has luck of its own, so what it takes to solve it
is a set of lucks, and every chance is a product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ....planner.plan import Plan
from ..base import Problem
from .matching import Step, answered, steps
from .prices import Work, planner_dollars, planner_tokens, work
from .problem import Setup, setup_of


@dataclass(frozen=True)
class Expectation:
    """What to expect of a plan.

    Attributes:
        utility: dollars: value of needed parts done, less all spend.
        success: chance that all needed parts are done (or the answer is right).
        begun: chance of each subtask to be begun, by subtask id.
        chance: chance of each to do its part within its budget, once begun with its inputs, by subtask id.
        solved: chance of each to do its part, by subtask id.
        tokens: expected tokens of each, by subtask id.
        dollars: all expected spend, planning included.
        bills: the same by subtask id, planning under the id `""`.
        parts: the place among the problem's parts that each subtask does, by subtask id; those of no worth are not in.
    """

    utility: float
    success: float
    begun: Mapping[str, float]
    chance: Mapping[str, float]
    solved: Mapping[str, float]
    tokens: Mapping[str, float]
    dollars: float
    bills: Mapping[str, float]
    parts: Mapping[str, int]


WorkOf: TypeAlias = Callable[[Setup, Step], Work]
"""What one subtask gives and costs, given that it is begun."""


def expect(problem: Problem, plan: Plan, *, work_of: WorkOf | None = None) -> Expectation:
    """Expectations of a plan, exact when `work_of` is: by default the world's own curves."""
    setup = setup_of(problem)
    spent = planner_dollars(planner_tokens(plan))
    if plan.mode == "direct" or not setup.specs:
        right = answered(problem, plan)
        return Expectation(right * setup.value - spent, right, {}, {}, {}, {}, spent, {"": spent}, {})
    found = steps(setup, plan)
    tally = _Tally(setup, found, work_of or _work)
    for at, step in enumerate(found):
        tally.add(at, step)
    return tally.result(spent)


class _Tally:
    """Adds up expectations subtask by subtask. A set of lucks is an integer with a bit for each."""

    def __init__(self, setup: Setup, found: list[Step], work_of: WorkOf) -> None:
        self._setup, self._found, self._work_of = setup, found, work_of
        self._luck: list[float] = []
        self._needs: list[int] = []
        self._begun: list[float] = []
        self._tokens: list[float] = []
        self._dollars: list[float] = []

    def add(self, at: int, step: Step) -> None:
        done = self._work_of(self._setup, step)
        declared = self._union(step.declared)
        inputs = self._union(step.inputs or ())
        begun = 1.0 if step.partial else self._chance(declared)
        ready = 0.0 if step.inputs is None else self._chance(inputs) if step.partial else begun
        self._luck.append(done.chance if step.inputs is not None else 0.0)
        self._needs.append((inputs if step.partial else declared) | 1 << at)
        self._begun.append(begun)
        self._tokens.append(ready * done.tokens + (begun - ready) * done.wasted_tokens)
        self._dollars.append(ready * done.dollars + (begun - ready) * done.wasted_dollars)

    def result(self, planning: float) -> Expectation:
        ids = [step.subtask.id for step in self._found]
        solved = [self._chance(needs) for needs in self._needs]
        worth = [at for at, step in enumerate(self._found) if step.part >= 0 and step.spec.needed]
        spent = planning + sum(self._dollars)
        return Expectation(
            utility=self._setup.value * sum(solved[at] for at in worth) - spent,
            success=self._chance(self._union(worth)) if len(worth) == self._setup.needed else 0.0,
            begun=dict(zip(ids, self._begun, strict=True)),
            chance=dict(zip(ids, self._luck, strict=True)),
            solved=dict(zip(ids, solved, strict=True)),
            tokens=dict(zip(ids, self._tokens, strict=True)),
            dollars=spent,
            bills={"": planning, **dict(zip(ids, self._dollars, strict=True))},
            parts={step.subtask.id: step.part for step in self._found if step.part >= 0},
        )

    def _union(self, places: Sequence[int]) -> int:
        union = 0
        for each in places:
            union |= self._needs[each]
        return union

    def _chance(self, lucks: int) -> float:
        chance = 1.0
        while lucks:
            lowest = lucks & -lucks
            chance *= self._luck[lowest.bit_length() - 1]
            lucks ^= lowest
        return chance


def _work(setup: Setup, step: Step) -> Work:
    spec = step.spec
    return work(
        spec.family, spec.level, spec.kind, len(spec.parents), step.worker, step.subtask.budget, setup.reservation
    )
