"""How good a planner is on the market: its plans for held-out problems go in, exact scores come out.

Utilities, successes and spends are expectations, so nothing of them is luck; forecasts are scored against draws, each
problem's the same for every planner. Nothing here is seen by a reward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from ...evals.metrics.calibration import auroc, brier, expected_calibration_error
from ...evals.metrics.quantiles import score_quantile
from ...evals.metrics.spend import spearman
from ...evals.worlds.base import Problem
from ...evals.worlds.market.expectation import Expectation
from ...evals.worlds.market.optimum import best
from ...evals.worlds.market.pool import HOPELESS, input_tokens
from ...evals.worlds.market.problem import Setup, setup_of
from ...evals.worlds.market.world import Market, regret
from ...planner.plan import Plan
from ..matching import matched
from ..reward.base import FULL_GRADE

DRAWS = 8
"""Executions that each forecast is held against."""

_QUANTILES = (("tokens_p50", 0.5), ("tokens_p90", 0.9))


@dataclass(frozen=True)
class Scores:
    """Means over problems; None where nothing can be said.

    Attributes:
        regret: shortfall against the best plans, as a share of the value of all needed parts.
        utility: dollars, expected.
        success: share of the needed parts that are done (of the answers, where there is nothing to plan), expected.
        spend: dollars, expected, planning included.
        rho_solvable: rank correlation of a part's budget with the best plan's, over parts that can be solved: neither
            they nor what they wait for is hopeless. What waits for a hopeless part is never begun, whatever its budget.
        rho_all: the same over all needed parts; a budget that holds no call counts 0, and so does a part left out.
        ece: of the plan's forecast of success, under its budgets.
        auroc: of the same.
        brier_skill: of the parts' forecasts of success without caps, against their base rate.
        pinball_skill: of the parts' forecasts of tokens, both quantiles together, against the best constants.
        coverage: share of needed parts that are planned.
        dep_f1: F1 of the dependencies.
        filler: subtasks of a plan that are about no needed part.
        unreadable: share of the texts that are no plan.
    """

    regret: float
    utility: float
    success: float
    spend: float
    rho_solvable: float | None
    rho_all: float | None
    ece: float | None
    auroc: float | None
    brier_skill: float | None
    pinball_skill: float | None
    coverage: float
    dep_f1: float
    filler: float
    unreadable: float


def scores(problems: Sequence[Problem], plans: Sequence[Plan | None]) -> Scores:
    """Score one plan for each problem; None is a text that is no plan, and does nothing."""
    tally = _Tally()
    for problem, plan in zip(problems, plans, strict=True):
        tally.add(problem, plan)
    return tally.result()


@dataclass
class _Tally:
    """Collects what is averaged, row by row."""

    regrets: list[float] = field(default_factory=list)
    utilities: list[float] = field(default_factory=list)
    done: list[float] = field(default_factory=list)
    dollars: list[float] = field(default_factory=list)
    budgets: list[tuple[int, int, bool]] = field(default_factory=list)
    plan_said: list[float] = field(default_factory=list)
    plan_came: list[bool] = field(default_factory=list)
    part_said: list[float] = field(default_factory=list)
    part_came: list[bool] = field(default_factory=list)
    needs: list[int] = field(default_factory=list)
    said: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name, _ in _QUANTILES})
    shapes: list[tuple[float, float, int]] = field(default_factory=list)
    unreadable: int = 0

    def add(self, problem: Problem, plan: Plan | None) -> None:
        """One problem and its plan."""
        setup = setup_of(problem)
        found = Market().expected(problem, plan) if plan else None
        self.regrets.append(regret(problem, found.utility if found else 0.0))
        self.utilities.append(found.utility if found else 0.0)
        self.dollars.append(found.dollars if found else 0.0)
        self.done.append(_share_done(setup, found) if found else 0.0)
        self.unreadable += plan is None
        if setup.specs:
            self._budgets(setup, plan, found)
        if plan is None or found is None:
            return
        self._forecast_of_plan(problem, plan)
        if setup.specs:
            match = matched(problem, plan)
            self.shapes.append((match.coverage, match.edge_f1, len(match.extra)))
            self._forecasts_of_parts(problem, setup, plan, found)

    def _budgets(self, setup: Setup, plan: Plan | None, found: Expectation | None) -> None:
        """Budget, oracle's budget and solvability of each needed part."""
        chosen = {at: own for own, at in found.parts.items()} if found else {}
        oracle, by_id = best(setup).choices, plan.by_id() if plan else {}
        can = _solvable(setup)
        for at, spec in enumerate(setup.specs):
            if spec.needed:
                own = by_id[chosen[at]].budget if at in chosen else 0
                held = own if own >= input_tokens(len(spec.parents)) else 0
                self.budgets.append((held, oracle[at].budget if at in oracle else 0, can[at]))

    def _forecast_of_plan(self, problem: Problem, plan: Plan) -> None:
        for draw in range(DRAWS):
            came = Market().outcome(problem, plan, draw=draw)
            self.plan_said.append(plan.success)
            self.plan_came.append(came.grade.reward >= FULL_GRADE)

    def _forecasts_of_parts(self, problem: Problem, setup: Setup, plan: Plan, found: Expectation) -> None:
        workers = {worker.name for worker in setup.pool}
        for own, at in found.parts.items():
            subtask, spec = plan.subtask(own), setup.specs[at]
            worker = subtask.worker if subtask.worker in workers else setup.pool[0].name
            for need in Market().needs(problem, spec.name, str(worker), DRAWS) if spec.needed else ():
                self.part_said.append(subtask.forecast.success)
                self.part_came.append(need is not None)
                if need is not None:
                    self.needs.append(need)
                    for name, _ in _QUANTILES:
                        self.said[name].append(getattr(subtask.forecast, name))

    def result(self) -> Scores:
        """The means."""
        solvable = [(own, oracle) for own, oracle, can in self.budgets if can]
        return Scores(
            regret=fmean(self.regrets),
            utility=fmean(self.utilities),
            success=fmean(self.done),
            spend=fmean(self.dollars),
            rho_solvable=_rho(solvable),
            rho_all=_rho([(own, oracle) for own, oracle, _ in self.budgets]),
            ece=expected_calibration_error(self.plan_said, self.plan_came) if self.plan_said else None,
            auroc=auroc(self.plan_said, self.plan_came) if self.plan_said else None,
            brier_skill=brier(self.part_said, self.part_came).skill if self.part_said else None,
            pinball_skill=self._pinball_skill(),
            coverage=_mean([coverage for coverage, _, _ in self.shapes]),
            dep_f1=_mean([f1 for _, f1, _ in self.shapes]),
            filler=_mean([extra for _, _, extra in self.shapes]),
            unreadable=self.unreadable / len(self.regrets),
        )

    def _pinball_skill(self) -> float | None:
        if not self.needs:
            return None
        capped = [False] * len(self.needs)
        found = [score_quantile(quantile, self.said[name], self.needs, capped) for name, quantile in _QUANTILES]
        loss = sum(each.loss for each in found if each)
        climatology = sum(each.climatology_loss for each in found if each)
        return 1 - loss / climatology if climatology > 0 else None


def _solvable(setup: Setup) -> list[bool]:
    """Whether some plan can do each part."""
    can: list[bool] = []
    for spec in setup.specs:
        can.append(spec.level < HOPELESS and all(can[parent] for parent in spec.parents))
    return can


def _share_done(setup: Setup, found: Expectation) -> float:
    if not setup.specs:
        return found.success
    return sum(found.solved[own] for own, at in found.parts.items() if setup.specs[at].needed) / max(1, setup.needed)


def _rho(pairs: Sequence[tuple[int, int]]) -> float | None:
    return spearman([own for own, _ in pairs], [oracle for _, oracle in pairs]) if pairs else None


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0
