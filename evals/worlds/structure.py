"""What comes of a plan without any model: a problem and a plan go in, an `Outcome` comes out.

The rules. A subtask asks for the last parts that its words name, and for every part before those which none of its
declared ancestors asks for. It settles what it asks for when its budget holds the need (`effort`), the difficulties sum
up to at most 1, and all parts before were settled by itself or its ancestors. A part that nobody can do is settled by a
look as thorough as at the hardest part: then it is known to be missing. The reward is the share of needed parts that
were settled; the utility is that share in dollars less the price of what was spent.

Law: `best_plan` has one subtask a needed part with a budget for the worst luck; no plan has more utility in any draw.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ...planner.brief import Brief
from ...planner.plan import Kind, Plan, Subtask
from ...planner.validate import PlanRules, check_plan
from ..graders.base import Grade
from .answers import equal
from .base import Outcome, Part, Problem
from .effort import MEDIAN_TOKENS, TOKENS_PER_SECOND, drawn_tokens, forecast, largest_tokens, together

VALUE_DOLLARS = 1.0
PRICE_DOLLARS = 1e-6
"""Of one token. The value of any part of a problem with up to 100 parts is above the price of its largest need."""
CALL_S = 1.0
TOTAL = "total"
"""The id of the part that aggregates, in the worlds that are simulated here."""

Names: TypeAlias = Callable[[Subtask, frozenset[str]], Iterable[str]]
"""The parts that a subtask's words name, given those that its ancestors ask for."""


def rules_of(brief: Brief) -> PlanRules:
    """What a run of this brief asks of its plans."""
    return PlanRules(sources=bool(brief.sources), cite=brief.cite)


class Doubt(NamedTuple):
    """Of a part that may be impossible: the chance that it is not, and its difficulty then."""

    success: float
    difficulty: float


def best_plan(problem: Problem, goals: Mapping[str, str], kind: Kind, doubts: Mapping[str, Doubt]) -> Plan:
    """The plan that no other one beats. It shows nothing of which parts turn out to be impossible.

    Args:
        problem: what it is for; without parts, its answer is the plan.
        goals: the words of each needed part's subtask.
        kind: of the subtasks, but for the one that aggregates.
        doubts: for parts that may be impossible.
    """
    if not problem.parts:
        return Plan(mode="direct", answer=problem.answer, synthesis="", success=1.0, subtasks=())
    needed = [part for part in problem.parts if part.needed]
    return Plan(
        mode="plan",
        answer=None,
        synthesis="Give what each subtask found, then the answer in the form asked for.",
        success=math.prod(doubt.success for doubt in doubts.values()),
        subtasks=tuple(
            _best(part, goals[part.id], "compute" if part.id == TOTAL else kind, doubts.get(part.id)) for part in needed
        ),
    )


def simulate(problem: Problem, plan: Plan, names: Names, *, draw: int = 0) -> Outcome:
    """What comes of a plan, beside what the best plan would have come to under the same luck."""
    best = VALUE_DOLLARS - PRICE_DOLLARS * sum(_need(problem, part, draw) for part in problem.parts if part.needed)
    faults = check_plan(plan, rules_of(problem.brief))
    if faults:
        return Outcome(Grade(reward=0.0, errors=tuple(str(fault) for fault in faults[:10])), best=best)
    walk = _Walk(problem, names, draw)
    for subtask in plan.subtasks:
        walk.add(subtask)
    rewards = _rewards(problem, plan, walk)
    spent = {name: done.spent for name, done in walk.done.items()}
    return Outcome(
        grade=Grade(reward=rewards["reward"], sub_rewards=rewards),
        utility=VALUE_DOLLARS * rewards["reward"] - PRICE_DOLLARS * sum(spent.values()),
        best=best,
        spent_tokens=spent,
        solved={name: done.solved for name, done in walk.done.items()},
        seconds=max((done.ends_s for done in walk.done.values()), default=0.0),
    )


@dataclass(frozen=True, slots=True)
class _Done:
    """One subtask: what it asked for, what it and its ancestors asked for and settled, and what that took."""

    asked: frozenset[str]
    reach: frozenset[str]
    settled: frozenset[str]
    spent: int
    ends_s: float
    solved: bool


def _best(part: Part, goal: str, kind: Kind, doubt: Doubt | None) -> Subtask:
    seen = doubt or Doubt(1.0, part.difficulty)
    return Subtask(
        id=part.id,
        depends_on=part.depends_on,
        kind=kind,
        goal=goal,
        done_when="The answer is known, or it is sure that it stands nowhere.",
        on_missing="partial",
        worker=None,
        effort="low" if seen.difficulty < 0.4 else "medium",
        attempts=1,
        select="first",
        forecast=forecast(seen.difficulty, seen.success),
        budget=largest_tokens(seen.difficulty if seen.success == 1 else 1.0),
    )


def _need(problem: Problem, part: Part, draw: int) -> int:
    """Tokens that an attempt at one part takes."""
    return drawn_tokens(part.difficulty, problem.world, problem.seed, draw, part.id)


def _rewards(problem: Problem, plan: Plan, walk: _Walk) -> dict[str, float]:
    """The reward, and what it is made of: parts settled, and subtasks that asked for something needed and new."""
    needed = [part.id for part in problem.parts if part.needed]
    if plan.mode == "direct":
        right = problem.answer is not None and equal(plan.answer or "", problem.answer)
        return {"reward": right / max(1, len(needed)), "coverage": 0.0, "economy": 1.0}
    if not needed:
        return {"reward": float(any(done.solved for done in walk.done.values())), "coverage": 1.0, "economy": 0.0}
    settled = {part for done in walk.done.values() for part in done.settled}
    coverage = sum(part in settled for part in needed) / len(needed)
    useful = len({part for done in walk.done.values() for part in done.asked}.intersection(needed))
    return {"reward": coverage, "coverage": coverage, "economy": min(1.0, useful / max(1, len(walk.done)))}


@dataclass
class _Walk:
    """Goes through a plan's subtasks in order."""

    problem: Problem
    names: Names
    draw: int
    done: dict[str, _Done] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._parts = {part.id: part for part in self.problem.parts}
        self._before: dict[str, frozenset[str]] = {}
        for part in self.problem.parts:
            self._before[part.id] = frozenset(part.depends_on).union(*(self._before[each] for each in part.depends_on))

    def add(self, subtask: Subtask) -> None:
        """Do one more subtask, after all that it depends on."""
        parents = [self.done[each] for each in subtask.depends_on]
        reach = frozenset[str]().union(*(each.reach for each in parents))
        settled = frozenset[str]().union(*(each.settled for each in parents))
        asked = self._asked(frozenset(self.names(subtask, reach)), reach)
        spent, able = self._spend(subtask, asked)
        if able:
            settled |= self._settle(asked, settled)
        begins_s = max((each.ends_s for each in parents), default=0.0)
        self.done[subtask.id] = _Done(
            asked=asked,
            reach=reach | asked,
            settled=settled,
            spent=spent,
            ends_s=begins_s + CALL_S + spent / TOKENS_PER_SECOND,
            solved=able and asked <= settled and all(self._parts[each].difficulty <= 1 for each in asked),
        )

    def _asked(self, named: frozenset[str], reach: frozenset[str]) -> frozenset[str]:
        """The last of the named parts, and what comes before them and is in no ancestor's reach."""
        last = named.difference(*(self._before[each] for each in named))
        return last | last.union(*(self._before[each] for each in last)) - reach

    def _spend(self, subtask: Subtask, asked: frozenset[str]) -> tuple[int, bool]:
        """What it spends, and whether that is enough; all attempts are made where one is chosen among them."""
        attempts = 1 if subtask.select == "first" else subtask.attempts
        parts = [self._parts[each] for each in sorted(asked)]
        needs = [_need(self.problem, each, self.draw) for each in parts]
        need = together(needs) if parts else MEDIAN_TOKENS
        able = len(parts) < 2 or sum(each.difficulty for each in parts) <= 1
        share = subtask.budget // attempts
        return (attempts * min(need, share), share >= need) if able else (attempts * share, False)

    def _settle(self, asked: frozenset[str], settled: frozenset[str]) -> frozenset[str]:
        """Those of the parts asked for whose parents are settled too, in the order of the problem."""
        known = set(settled)
        for part in self.problem.parts:
            if part.id in asked and known.issuperset(part.depends_on):
                known.add(part.id)
        return frozenset(known)
