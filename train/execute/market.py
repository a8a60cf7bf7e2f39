"""The market as an executor: a problem and sampled plans go in, episodes come out, without any model.

An audited problem has the token needs of its parts kept, a pool of draws for each part and worker, as uncapped
executions would show them. The pool scores *any* budget for the part, by averaging: so every plan of the group gets
expectations whose noise is that of the pool, shared by the group, instead of the luck of one draw, and is told what any
other budget would have come to (`instead`). The mean is the same
(`expect` takes products of chances of parts whose draws are independent), the variance smaller.

A problem that is not audited has each plan carried out `executions` times under its budgets, and no forecasts scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from statistics import fmean

from ...evals.graders.base import Grade
from ...evals.worlds.base import Outcome, Problem
from ...evals.worlds.draw import draw_for
from ...evals.worlds.market.expectation import Expectation, expect
from ...evals.worlds.market.matching import Step, steps
from ...evals.worlds.market.pool import SimWorker, input_tokens
from ...evals.worlds.market.prices import Work, dollars, work
from ...evals.worlds.market.problem import Setup, setup_of
from ...evals.worlds.market.world import Market, best_utility
from ...planner.plan import Plan
from ...planner.validate import PlanRules, check_plan
from ..rollout import Episode, Expected, Instead, Rollout
from .instead import Curves, curves, instead

POOL_DRAWS = 8
AUDIT_CAP_TOKENS = 1_000_000
"""Where an audit of a part that nobody solves is given up."""

_Needs = tuple[int | None, ...]


class MarketExecutor:
    """Carries plans out on the simulated market. Equal seeds give equal episodes; identical plans run once."""

    def __init__(self, world: Market | None = None, *, audit_share: float = 1.0, executions: int = 1) -> None:
        """Simulate.

        Args:
            world: the market; the default one when None.
            audit_share: the chance of a problem to be audited, above 0 and at most 1.
            executions: how often each plan is carried out under its budgets.
        """
        self._world = world or Market()
        self._audit_share, self._executions = audit_share, executions

    def execute(self, problem: Problem, rollouts: Sequence[Rollout], *, seed: int) -> list[Episode]:
        """An episode for each rollout. A plan with faults counts as no plan."""
        audited = draw_for("audit", seed, problem.seed).random() < self._audit_share
        done: dict[str, Episode] = {}
        episodes = []
        for rollout in rollouts:
            if rollout.text not in done:
                done[rollout.text] = self._episode(problem, rollout, seed, audited=audited)
            episodes.append(_with_rollout(done[rollout.text], rollout))
        return episodes

    def _episode(self, problem: Problem, rollout: Rollout, seed: int, *, audited: bool) -> Episode:
        plan = rollout.plan
        if plan is None or check_plan(plan, _rules(problem)):
            return Episode(problem, replace(rollout, plan=None), audit_share=self._audit_share)
        outcomes = tuple(
            self._world.outcome(problem, plan, draw=POOL_DRAWS + seed * self._executions + number)
            for number in range(self._executions)
        )
        if not audited:
            return Episode(problem, rollout, outcomes, audit_share=self._audit_share)
        kept = Kept(problem)
        return Episode(problem, rollout, outcomes, kept.audits(plan), self._audit_share, expected=kept.expected(plan))


class Kept:
    """The kept needs of one problem's parts, and what they say about any plan for it."""

    def __init__(self, problem: Problem, *, draws: int = POOL_DRAWS) -> None:
        """Keep `draws` uncapped executions of each part and worker; they are drawn when first asked for."""
        self._problem, self._setup, self._draws = problem, setup_of(problem), draws

    def expected(self, plan: Plan) -> Expected:
        """What to expect of the plan, by averaging over all combinations of the parts' draws."""
        found: Expectation = expect(self._problem, plan, work_of=self._work)
        if not self._setup.specs or plan.mode == "direct":
            return Expected(found.success, found.success, {}, found.bills, {})
        parts = [found.solved[own] for own, at in found.parts.items() if self._setup.specs[at].needed]
        reward = sum(parts) / max(1, self._setup.needed)
        return Expected(reward, found.success, found.solved, found.bills, found.tokens, self._instead(plan))

    def audits(self, plan: Plan) -> tuple[Outcome, ...]:
        """The draws as uncapped executions, each subtask as if its inputs were there."""
        asked = [(step.subtask.id, self._needs(step)) for step in steps(self._setup, plan) if step.part >= 0]
        found = []
        for draw in range(self._draws if asked else 0):
            needs = {own: each[draw] for own, each in asked}
            solved = {own: need is not None for own, need in needs.items()}
            spent = {own: AUDIT_CAP_TOKENS if need is None else need for own, need in needs.items()}
            grade = Grade(reward=fmean(solved.values()))
            found.append(Outcome(grade, best=best_utility(self._problem), spent_tokens=spent, solved=solved))
        return tuple(found)

    def _instead(self, plan: Plan) -> dict[str, Instead]:
        """What other budgets would have come to, for each subtask that is about a part."""
        return {
            step.subtask.id: instead(self._problem, plan, step, self._curves(step), work_of=self._work)
            for step in steps(self._setup, plan)
            if step.part >= 0
        }

    def _curves(self, step: Step) -> Curves:
        return _curves(self._problem.seed, self._setup, step.part, step.worker, self._draws)

    def _needs(self, step: Step) -> _Needs:
        return _needs(self._problem.seed, self._setup, step.spec.name, step.worker.name, self._draws)

    def _work(self, setup: Setup, step: Step) -> Work:
        spec, worker, budget = step.spec, step.worker, step.subtask.budget
        whole = work(spec.family, spec.level, spec.kind, len(spec.parents), worker, budget, setup.reservation)
        prompt = input_tokens(len(spec.parents))
        if not spec.name or budget < prompt:
            return whole
        needs = self._needs(step)
        used = fmean(budget if need is None else min(need, budget) for need in needs)
        return whole._replace(
            chance=fmean(need is not None and need <= budget for need in needs),
            tokens=used,
            dollars=dollars(worker, prompt, used - prompt, budget - prompt, setup.reservation),
        )


@lru_cache(maxsize=16_384)
def _needs(seed: int, setup: Setup, part: str, worker: str, draws: int) -> _Needs:
    hidden: Mapping[str, object] = setup._asdict()
    problem = Problem.model_construct(world="market", seed=seed, hidden=hidden)
    return Market().needs(problem, part, worker, draws)


@lru_cache(maxsize=4_096)
def _curves(seed: int, setup: Setup, part: int, worker: SimWorker, draws: int) -> Curves:
    spec = setup.specs[part]
    needs = _needs(seed, setup, spec.name, worker.name, draws)
    return curves(needs, worker, input_tokens(len(spec.parents)), setup.reservation)


def _rules(problem: Problem) -> PlanRules:
    return PlanRules(workers=tuple(worker.name for worker in setup_of(problem).pool))


def _with_rollout(episode: Episode, rollout: Rollout) -> Episode:
    return replace(episode, rollout=rollout if episode.rollout.plan is not None else replace(rollout, plan=None))
