"""The market: seeds and dials go in, problems, their best plans and outcomes of plans come out, without any model.

A plan names a part in each subtask's goal, chooses worker and budget, and is judged by what it solves less what it
spends. The best plan is known exactly, so regret is: (best utility - utility) / scale, the scale being the value of all
needed parts (`Setup.scale`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ....planner.messages import WorkerOffer
from ....planner.plan import Effort, Forecast, Plan, Subtask
from ...graders.base import Grade
from ..base import Outcome, Problem
from ..dials import read_dials
from .expectation import Expectation, expect
from .optimum import BUDGETS, Choice, best
from .pool import curve_of, input_tokens
from .prices import HEAD_TOKENS, planner_dollars
from .problem import NAME, MarketDials, Setup, cue_text, make, setup_of
from .simulation import happen, needs

_EFFORTS: tuple[Effort, ...] = ("low", "medium", "high")


@dataclass(frozen=True)
class Market:
    """The world; `dials` are what a problem gets that does not say otherwise."""

    dials: MarketDials = field(default_factory=MarketDials)
    name: str = NAME

    def problem(self, seed: int, **dials: float) -> Problem:
        """The problem of this seed; see `MarketDials` for the dials.

        Raises:
            SettingsError: when a dial is unknown or out of its bounds.
        """
        return make(seed, read_dials(MarketDials, {**self.dials.model_dump(), **dials}) if dials else self.dials)

    def best_plan(self, problem: Problem, *, cover: bool = False) -> Plan:
        """The plan of highest expected utility. It leaves out parts that are not worth working on.

        Args:
            problem: what to plan.
            cover: name those parts nevertheless, with the smallest budget, which holds no call: this costs their
                lines in the plan and nothing else.
        """
        setup = setup_of(problem)
        if problem.answer is not None:
            return _direct(problem.answer)
        found = best(setup)
        parts = [at for at, spec in enumerate(setup.specs) if spec.needed and (cover or at in found.choices)]
        if not parts:
            return _direct("unknown", success=0.0)
        subtasks = tuple(subtask_of(setup, at, found.choices.get(at)) for at in parts)
        plan = Plan(mode="plan", answer=None, synthesis="", success=0.0, subtasks=subtasks)
        return plan.model_copy(update={"success": expect(problem, plan).success})

    def outcome(self, problem: Problem, plan: Plan, *, draw: int = 0) -> Outcome:
        """One simulated carrying-out of a plan that `check_plan` finds no fault with."""
        setup, came = setup_of(problem), happen(problem, plan, draw)
        grade = Grade(reward=came.parts_done / max(1, setup.needed))
        best = best_utility(problem)
        return Outcome(grade, came.utility, best, came.tokens, came.solved, came.seconds, came.dollars)

    def expected(self, problem: Problem, plan: Plan) -> Expectation:
        """Exact expectations of a plan: utility, and chances and tokens of each subtask."""
        return expect(problem, plan)

    def needs(self, problem: Problem, part: str, worker: str, number: int = 8) -> tuple[int | None, ...]:
        """The tokens that a part takes with a worker in draws 0 to `number` - 1, as `outcome` draws them.

        A budget is enough when it is no smaller. None where no budget is.
        """
        return needs(problem, part, worker, number)


def best_utility(problem: Problem) -> float:
    """Expected dollars of the best plan."""
    setup = setup_of(problem)
    if problem.answer is not None:
        return setup.value - planner_dollars(HEAD_TOKENS)
    return best(setup).utility


def regret(problem: Problem, utility: float) -> float:
    """How much worse than the best plan an (expected) utility is, as a share of the value of all needed parts."""
    return (best_utility(problem) - utility) / setup_of(problem).scale


def offers(problem: Problem) -> tuple[WorkerOffer, ...]:
    """The pool as a planner is told of it."""
    return tuple(worker.offer for worker in setup_of(problem).pool)


def subtask_of(setup: Setup, at: int, choice: Choice | None) -> Subtask:
    """A subtask for a part, with honest forecasts; without a choice, one with a budget that holds no call."""
    spec = setup.specs[at]
    worker = setup.pool[choice.worker if choice and choice.budget else 0]
    budget = choice.budget if choice and choice.budget else BUDGETS[0]
    curve, prompt = curve_of(spec.family, spec.level, spec.kind, worker), input_tokens(len(spec.parents))
    p50, p90 = (prompt + round(curve.quantile(share)) for share in (0.5, 0.9))
    return Subtask(
        id=spec.name,
        depends_on=tuple(setup.specs[parent].name for parent in spec.parents),
        kind=spec.kind,  # type: ignore[arg-type] # a key of KIND_FACTORS
        goal=f"{spec.name} {cue_text(spec.cue)}",
        done_when="",
        on_missing="skip",
        worker=worker.name,
        effort=effort_of(spec.cue),
        attempts=1,
        select="first",
        forecast=Forecast(success=round(curve.solvable, 6), tokens_p50=p50, tokens_p90=p90),
        budget=budget,
    )


def effort_of(cue: int) -> Effort:
    """The effort that a cue asks for: low to level 4, medium to level 8, high for what may be too hard."""
    return _EFFORTS[min(2, (cue - 1) // 4)]


def _direct(answer: str, success: float = 1.0) -> Plan:
    return Plan(mode="direct", answer=answer, synthesis="", success=success, subtasks=())
