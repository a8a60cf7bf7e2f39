"""Counterfactuals: a plan and the kept needs of its parts go in, what any other budget would have come to comes out.

What a plan comes to is linear in the chance and in the bill of each subtask by itself. So two expectations, in one of
which the subtask is sure to succeed and in the other sure to fail, tell for all budgets at once what follows from the
rest of the plan; the needs tell chance and bill. Law: at the budget that the plan has, this is what it comes to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...evals.worlds.base import Problem
from ...evals.worlds.market.expectation import Expectation, WorkOf, expect
from ...evals.worlds.market.matching import Step
from ...evals.worlds.market.optimum import BUDGETS
from ...evals.worlds.market.pool import SimWorker
from ...evals.worlds.market.prices import Work
from ...evals.worlds.market.problem import Setup, setup_of
from ...planner.plan import Plan
from ..rollout import Instead

_SURE = Work(chance=1.0, tokens=0.0, dollars=1.0, wasted_tokens=0.0, wasted_dollars=0.0)
_NEVER = Work(chance=0.0, tokens=0.0, dollars=0.0, wasted_tokens=0.0, wasted_dollars=1.0)
"""Both bill a dollar in one of two cases, so their bills are the chances of these: inputs there, inputs missing."""

_Row: TypeAlias = Any
"""Float64, a number for each of `BUDGETS`."""


class Curves(NamedTuple):
    """By budget: the chance to be done, and the dollars billed, with inputs and without them."""

    chance: _Row
    dollars: _Row
    wasted_dollars: _Row


def curves(needs: Sequence[int | None], worker: SimWorker, prompt: int, reservation: float) -> Curves:
    """What the kept needs (tokens with the prompt; None is never) say about each budget; see `prices.work`."""
    budgets = np.asarray(BUDGETS, dtype=np.float64)
    need = np.array([math.inf if each is None else each for each in needs])[:, None]
    written = np.minimum(need, budgets).mean(axis=0) - prompt
    held, room = budgets >= prompt, budgets - prompt

    def billed(completion: _Row) -> _Row:
        output = (completion + reservation * (room - completion)) * worker.price_completion
        return np.where(held, (prompt * worker.price_prompt + output) / 1e6, 0.0)

    return Curves(np.where(held, (need <= budgets).mean(axis=0), 0.0), billed(written), billed(room))


def instead(problem: Problem, plan: Plan, step: Step, by_budget: Curves, *, work_of: WorkOf) -> Instead:
    """What the plan would come to for each budget of this step's subtask."""
    own, setup = step.subtask.id, setup_of(problem)

    def with_work(work: Work) -> Expectation:
        return expect(problem, plan, work_of=lambda of, each: work if each.subtask.id == own else work_of(of, each))

    sure, never = with_work(_SURE), with_work(_NEVER)
    chance = by_budget.chance
    done = [_done(setup, each) for each in (never, sure)]
    others = [each.dollars - each.bills[own] for each in (never, sure)]
    bill = sure.bills[own] * by_budget.dollars + never.bills[own] * by_budget.wasted_dollars
    dollars = others[0] + chance * (others[1] - others[0]) + bill
    return Instead(BUDGETS, tuple((done[0] + chance * (done[1] - done[0])).tolist()), tuple(dollars.tolist()))


def _done(setup: Setup, found: Expectation) -> float:
    return sum(found.solved[own] for own, at in found.parts.items() if setup.specs[at].needed)
