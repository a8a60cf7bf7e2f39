"""How good a planner is: its plans for held-out problems of a world go in, a record of each comes out.

The records are those of `evals`, so its metrics, comparisons and pages read them. Law: problems are among those that
are never trained on, and two planners that are measured alike get the same problems and the same luck.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from ..evals.records import EvalRecord, SubtaskRecord
from ..evals.worlds.base import Outcome, Problem, World, held_out
from ..planner.plan import Plan
from .rollout import Rollout, Sampler
from .trainer.ports import PromptOf

_AT_ONCE = 64
_PARTS_WORTH = 0.999


@dataclass(frozen=True)
class Measured:
    """What a planner did on held-out problems.

    Attributes:
        records: one for each problem.
        regret: mean shortfall against the best plans, as a share of what the best is worth at most; None where the
            world does not say.
        unreadable: share of texts that were no plan.
    """

    records: tuple[EvalRecord, ...]
    regret: float | None
    unreadable: float

    @property
    def success(self) -> float:
        """The share of problems that were solved altogether."""
        return fmean(each.solved for each in self.records)

    @property
    def tokens(self) -> float:
        """Tokens of a task, workers' and planner's, on average."""
        return fmean(each.tokens for each in self.records)

    @property
    def dollars(self) -> float:
        """Dollars of a task, on average."""
        return fmean(each.dollars for each in self.records)


def measure(
    name: str, world: World, sampler: Sampler, prompt: PromptOf, *, problems: int, max_tokens: int, seed: int = 0
) -> Measured:
    """Let a planner plan for so many held-out problems, once each, and see what comes of it."""
    asked = [world.problem(held_out(number)) for number in range(problems)]
    rollouts: list[Rollout] = []
    for at in range(0, len(asked), _AT_ONCE):
        prompts = [prompt(each) for each in asked[at : at + _AT_ONCE]]
        rollouts += sampler.sample(prompts, group=1, max_tokens=max_tokens, seed=seed + at)
    records, regrets = [], list[float]()
    for problem, rollout in zip(asked, rollouts, strict=True):
        outcome = world.outcome(problem, rollout.plan) if rollout.plan is not None else None
        records.append(_record(name, problem, rollout, outcome))
        regrets += _regret(problem, outcome)
    unreadable = fmean(each.plan is None for each in rollouts)
    return Measured(tuple(records), fmean(regrets) if regrets else None, unreadable)


def scale_of(problem: Problem) -> float | None:
    """What regret is divided by; None where the world does not say what its parts are worth."""
    value = problem.hidden.get("value")
    return value * max(1, sum(part.needed for part in problem.parts)) if isinstance(value, int | float) else None


def _regret(problem: Problem, outcome: Outcome | None) -> Iterator[float]:
    scale = scale_of(problem)
    if scale and outcome is not None:
        yield (outcome.best - outcome.utility) / scale


def _record(name: str, problem: Problem, rollout: Rollout, outcome: Outcome | None) -> EvalRecord:
    planning = len(rollout.prompt_ids) + len(rollout.completion_ids)
    plan, spent = rollout.plan, (outcome.spent_tokens or {}) if outcome else {}
    needed = [part for part in problem.parts if part.needed]
    reward = outcome.grade.reward if outcome else 0.0
    return EvalRecord(
        task=str(problem.seed),
        suite=problem.world,
        planner=name,
        score=min(1.0, max(0.0, reward)),
        solved=reward >= _PARTS_WORTH,
        forecast_success=plan.success if plan else None,
        tokens=planning + sum(spent.values()),
        dollars=sum((outcome.spent_dollars or {}).values()) if outcome else 0.0,
        seconds=outcome.seconds if outcome else 0.0,
        difficulty=fmean(part.difficulty for part in needed) if needed else 0.0,
        calls=1,
        subtasks=tuple(_subtasks(plan, outcome)) if plan and outcome else (),
    )


def _subtasks(plan: Plan, outcome: Outcome) -> Sequence[SubtaskRecord]:
    spent, solved = outcome.spent_tokens or {}, outcome.solved or {}
    return [
        SubtaskRecord(
            id=each.id,
            forecast_success=each.forecast.success,
            tokens_p50=each.forecast.tokens_p50,
            tokens_p90=each.forecast.tokens_p90,
            spent_tokens=spent.get(each.id, 0),
            capped=not solved.get(each.id, False) and spent.get(each.id, 0) >= each.budget,
            solved=solved.get(each.id, False),
            depends_on=each.depends_on,
        )
        for each in plan.subtasks
        if spent.get(each.id, 0) > 0
    ]
