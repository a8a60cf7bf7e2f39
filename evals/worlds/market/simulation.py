"""One carrying-out of a plan on the market: problem, plan and the number of a draw go in; spend and successes come out.

Laws: means over draws are the expectations of `expectation`; a part's luck depends on the problem and the draw alone,
so that plans can be compared on equal luck, and `needs` can be kept and used for any budget.
"""

from __future__ import annotations

import math
import random
from typing import NamedTuple

from ....planner.plan import Plan
from ..base import Problem
from .matching import Step, answered, steps
from .pool import curve_of, input_tokens
from .prices import dollars, planner_dollars, planner_tokens
from .problem import Setup, setup_of

_DRAWS = 1_000_003
_PLANNER_SPEED = 100.0
"""Tokens a second that the planner writes."""


class Happened(NamedTuple):
    """One simulated carrying-out of a plan."""

    utility: float
    solved: dict[str, bool]
    tokens: dict[str, int]
    parts_done: int
    seconds: float
    dollars: dict[str, float]


def happen(problem: Problem, plan: Plan, draw: int) -> Happened:
    """Carry the plan out once. A part's luck depends on the problem and the draw only, not on the plan."""
    setup = setup_of(problem)
    wrote = planner_tokens(plan)
    planning, planned_s = planner_dollars(wrote), wrote / _PLANNER_SPEED
    if plan.mode == "direct" or not setup.specs:
        right = answered(problem, plan)
        return Happened(right * setup.value - planning, {}, {}, int(right), planned_s, {"": planning})
    source = _source(problem, draw)
    luck = [source.random() for _ in setup.specs]
    ok: list[bool] = []
    end: list[float] = []
    tokens: list[int] = []
    bills: list[float] = []
    done = 0
    for step in steps(setup, plan):
        number = luck[step.part] if step.part >= 0 else source.random()
        start = max((end[each] for each in step.declared), default=planned_s)
        begun = step.partial or all(ok[each] for each in step.declared)
        ready = begun and step.inputs is not None and all(ok[each] for each in step.inputs)
        success, used, cost, seconds = _attempt(setup, step, number, ready) if begun else (False, 0.0, 0.0, 0.0)
        ok.append(success)
        end.append(start + seconds)
        tokens.append(math.ceil(used))
        bills.append(cost)
        done += success and step.part >= 0 and step.spec.needed
    ids = [each.id for each in plan.subtasks]
    return Happened(
        utility=setup.value * done - planning - sum(bills),
        solved=dict(zip(ids, ok, strict=True)),
        tokens=dict(zip(ids, tokens, strict=True)),
        parts_done=done,
        seconds=max(end, default=planned_s),
        dollars={"": planning, **dict(zip(ids, bills, strict=True))},
    )


def needs(problem: Problem, part: str, worker: str, number: int) -> tuple[int | None, ...]:
    """The tokens, prompt included, that a part takes with a worker in draws 0 to `number` - 1; None: never enough."""
    setup = setup_of(problem)
    at = next(at for at, spec in enumerate(setup.specs) if spec.name == part)
    spec, by = setup.specs[at], next(each for each in setup.pool if each.name == worker)
    curve, prompt = curve_of(spec.family, spec.level, spec.kind, by), input_tokens(len(spec.parents))
    found: list[int | None] = []
    for draw in range(number):
        source = _source(problem, draw)
        need = curve.draw([source.random() for _ in range(at + 1)][-1])
        found.append(None if math.isinf(need) else prompt + math.ceil(need))
    return tuple(found)


def _attempt(setup: Setup, step: Step, number: float, ready: bool) -> tuple[bool, float, float, float]:
    """Success, tokens, dollars and seconds of a subtask that is begun."""
    prompt = input_tokens(len(step.spec.parents))
    room = step.subtask.budget - prompt
    if room < 0:
        return False, 0.0, 0.0, 0.0
    need = curve_of(step.spec.family, step.spec.level, step.spec.kind, step.worker).draw(number) if ready else math.inf
    wrote = min(need, room)
    cost = dollars(step.worker, prompt, wrote, room, setup.reservation)
    return need <= room, prompt + wrote, cost, wrote / step.worker.speed


def _source(problem: Problem, draw: int) -> random.Random:
    return random.Random(problem.seed * _DRAWS + draw)  # noqa: S311 - made-up worlds, not secrets
